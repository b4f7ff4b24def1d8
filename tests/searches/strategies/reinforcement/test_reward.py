"""The reward is that of MnasNet (Tan et al. 2019), against worked numbers."""

import json
from random import Random

import numpy as np
import pytest

from searches.strategies.base import Aim, Result
from searches.strategies.reinforcement.reward import Reward
from tests.searches.strategies.reinforcement.toys import CHOICES, problem_of

ACCURACY = Aim("accuracy", True, -1.0, 0.0)
LATENCY = Aim("latency@1", False, 0.0, 200.0)
MACS = Aim("macs", False, 0.0, 1e9)


def rewarding(*aims, targets=None, kind="soft", costs=None):
    known = problem_of(
        CHOICES,
        n_objectives=len(aims),
        aims=aims,
        costs=costs or (lambda population: np.full((len(population), len(aims)), np.nan)),
    )
    reward = Reward(known, kind)
    reward.targets = None if targets is None else np.array(targets)
    return reward


def value(reward, *losses, violation=0.0):
    return reward.of([Result(1, (0,) * 6, losses, violation)])[0]


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_at_the_target_the_reward_is_the_quality(kind):
    reward = rewarding(ACCURACY, LATENCY, targets=[np.nan, 80.0], kind=kind)
    assert value(reward, -0.75, 80.0) == pytest.approx(0.75)


def test_twice_the_latency_is_worth_five_percent_of_the_accuracy():
    reward = rewarding(ACCURACY, LATENCY, targets=[np.nan, 80.0])
    assert value(reward, -0.75, 160.0) == pytest.approx(0.75 * 0.952638, rel=1e-6)
    for latency in (20.0, 80.0):  # the same trade below the target and beyond it
        slower = value(reward, -0.7 * 1.05, 2 * latency)
        assert slower == pytest.approx(value(reward, -0.7, latency), rel=5e-4)


def test_hard_reward_ignores_what_is_below_the_target_and_divides_beyond_it():
    reward = rewarding(ACCURACY, LATENCY, targets=[np.nan, 80.0], kind="hard")
    assert value(reward, -0.75, 10.0) == pytest.approx(0.75)
    assert value(reward, -0.75, 160.0) == pytest.approx(0.375)


def test_every_cost_takes_its_share():
    reward = rewarding(ACCURACY, LATENCY, MACS, targets=[np.nan, 80.0, 1e8])
    expected = 0.75 * 2**-0.07 * 0.5**-0.07
    assert value(reward, -0.75, 160.0, 0.5e8) == pytest.approx(expected)


def test_several_qualities_count_by_their_geometric_mean():
    error = Aim("error", True, 0.0, 0.9)
    assert value(rewarding(ACCURACY, error), -0.64, 0.54) == pytest.approx(np.sqrt(0.64 * 0.4))


def test_quality_counts_from_what_a_trivial_guesser_reaches():
    reward = rewarding(Aim("accuracy", True, -1.0, -0.1))
    assert value(reward, -0.1) == value(reward, -0.05) == 0
    assert value(reward, -0.55) == pytest.approx(0.5)


def test_costs_alone_have_a_reward():
    reward = rewarding(LATENCY, targets=[80.0])
    assert value(reward, 40.0) > value(reward, 80.0) == 1 > value(reward, 160.0)
    assert np.isfinite(value(reward, 0.0))


def test_cost_to_be_made_large_counts_as_a_quality():
    reward = rewarding(ACCURACY, Aim("parameters", False, -1e6, -2e5))
    assert value(reward, -0.64, -6e5) == pytest.approx(np.sqrt(0.64 * 0.5))


def test_failed_and_broken_results_have_the_least_reward():
    reward = rewarding(ACCURACY, LATENCY, targets=[np.nan, 80.0])
    assert reward.of([Result(1, (0,) * 6, None)]) == [0]
    assert value(reward, float("nan"), 80.0) == 0
    assert value(reward, -0.75, 80.0, violation=float("inf")) == 0


def test_violated_limits_lower_the_reward():
    reward = rewarding(ACCURACY, LATENCY, targets=[np.nan, 80.0])
    assert value(reward, -0.75, 80.0, violation=0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("quantile", [0.0, 0.5, 1.0])
def test_targets_are_a_quantile_of_the_costs_within_the_limits(quantile):
    def latency(population):
        return np.array([1.0 + sum(genes) for genes in population])

    problem = problem_of(
        CHOICES,
        n_objectives=2,
        aims=(ACCURACY, LATENCY),
        costs=lambda p: np.column_stack([np.full(len(p), np.nan), latency(p)]),
        violations=lambda p: np.maximum(0, latency(p) / 10 - 1),
    )
    reward = Reward(problem, "soft")
    reward.aim_at_costs(Random(0), quantile)
    everything = latency(list(problem.space.enumerate()))
    within = everything[everything <= 10]
    # 64 draws: their median has the rank of a binomial, their ends are among the outer 10 %.
    low, high = np.quantile(within, [max(0, quantile - 0.2), min(1, quantile + 0.2)])
    assert np.isnan(reward.targets[0])
    assert low <= reward.targets[1] <= high <= 10


def test_unknown_cost_is_aimed_at_the_middle():
    reward = rewarding(ACCURACY, LATENCY)
    reward.aim_at_costs(Random(0), 0.5)
    assert reward.targets[1] == 100


def test_without_aims_the_ranges_seen_are_the_scale():
    reward = Reward(problem_of(CHOICES, n_objectives=2), "soft")
    told = [Result(i, (0,) * 6, losses) for i, losses in enumerate([(0, 10), (4, 30), (1, 20)])]
    assert reward.of(told) == pytest.approx([1.0, 0.0, (0.75 + 0.5) / 2])
    assert value(reward, 8.0, 10.0) == pytest.approx(0.5)  # (0 + 1) / 2: the range has grown
    assert value(reward, 4.0, 20.0) == pytest.approx(0.5)  # (0.5 + 0.5) / 2


def test_ranges_and_targets_come_back():
    reward = Reward(problem_of(CHOICES, n_objectives=2), "soft")
    value(reward, 1.0, float("inf"))
    value(reward, 3.0, float("inf"))
    revived = Reward(problem_of(CHOICES, n_objectives=2), "soft")
    revived.restore(json.loads(json.dumps(reward.state(), allow_nan=False)))
    assert revived.state() == reward.state()
    for one in (reward, revived):
        assert value(one, 1.5, 7.0) == pytest.approx((0.75 + 1) / 2)
    aimed = rewarding(ACCURACY, LATENCY, targets=[np.nan, 80.0])
    other = rewarding(ACCURACY, LATENCY)
    other.restore(json.loads(json.dumps(aimed.state(), allow_nan=False)))
    assert value(other, -0.75, 160.0) == value(aimed, -0.75, 160.0)
