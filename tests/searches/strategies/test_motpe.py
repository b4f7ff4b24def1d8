"""The tree-structured Parzen estimator: who is good, what is drawn, and what it finds."""

from itertools import combinations
from random import Random

import numpy as np
import pytest

from searches.objectives.fronts import hypervolume, normalise
from searches.strategies.base import Result
from searches.strategies.motpe import REFERENCE, Density, good_weights
from tests.searches.strategies.playing import FLAT, SMALL, problem_for, strategy_of


def results_of(losses, violations=None):
    found = violations or [0.0] * len(losses)
    return [
        Result(i + 1, (i,), tuple(map(float, row)), violation=v)
        for i, (row, v) in enumerate(zip(losses, found, strict=True))
    ]


def test_the_good_are_the_best_share_by_rank():
    losses = [[value] for value in (5, 1, 4, 2, 3, 9, 8, 7, 6, 10)]
    assert np.flatnonzero(good_weights(results_of(losses), 0.3)).tolist() == [1, 3, 4]
    assert np.flatnonzero(good_weights(results_of(losses), 0.21)).tolist() == [1, 3, 4]  # ⌈2.1⌉


def test_those_within_the_limits_come_first():
    losses = [[1.0], [2.0], [3.0], [4.0]]
    weights = good_weights(results_of(losses, [0.5, 0.0, 0.0, 0.0]), 0.5)
    assert np.flatnonzero(weights).tolist() == [1, 2]


@pytest.mark.parametrize("seed", range(6))
def test_of_a_front_that_is_too_large_the_greedy_choice_is_nearly_the_best_subset(seed):
    x = np.sort(np.random.default_rng(seed).random(9))
    losses = np.stack([x, 1 - x**2], axis=1)  # one front
    chosen = np.flatnonzero(good_weights(results_of(losses), 1 / 3))
    scaled = normalise(losses, losses.min(axis=0), losses.max(axis=0))
    reference = np.full(2, REFERENCE)
    volumes = [hypervolume(scaled[list(c)], reference) for c in combinations(range(9), 3)]
    # A greedy subset has at least 1 - 1/e of the best one's hypervolume (Nemhauser et al., 1978).
    assert hypervolume(scaled[chosen], reference) >= 0.9 * max(volumes)


def test_a_good_one_weighs_as_much_as_it_adds():
    losses = [[0.0, 1.0], [0.5, 0.4], [0.55, 0.39], [1.0, 0.0]]
    weights = good_weights(results_of(losses), 1.0)
    assert weights.max() == 1.0
    assert weights[2] < weights[0]  # all but dominated by its neighbour


def test_the_density_is_that_of_smoothed_frequencies():
    problem = problem_for(FLAT)
    population = [(0, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0)]
    density = Density(problem, population, np.array([1.0, 0.5]))
    first = (1 + 0.5 + 0.2) / 2.5  # all have option 0; one virtual member has each of five evenly
    second = (1 + 0.2) / 2.5
    expected = 5 * np.log(first) + np.log(second)
    assert density.logs([(0, 0, 0, 0, 0, 0)])[0] == pytest.approx(expected)


def test_densities_of_all_architectures_add_up_to_one():
    space = problem_for(SMALL).space
    rng = Random(0)
    population = [space.sample(rng) for _ in range(30)]
    density = Density(problem_for(SMALL), population, np.ones(30))
    drawn = [density.draw(rng) for _ in range(4000)]
    # Mean of 1 / (p · size) over draws from p is 1 when p is a density over the whole space.
    ratios = np.exp(-density.logs(drawn)) / space.size()
    assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / np.sqrt(len(drawn)))


def best_of(name, seed, n=150):
    """The best of `n` architectures when the loss is the number of genes that are not 3."""
    strategy = strategy_of(name, problem_for(FLAT, n_objectives=1), seed=seed)
    best = np.inf
    for _ in range(n // 10):
        results = []
        for proposal in strategy.ask(10):
            loss = float(sum((i + 1) * (g != 3) for i, g in enumerate(proposal.genes)))
            best = min(best, loss)
            results.append(Result(proposal.ticket, proposal.genes, (loss,)))
        strategy.tell(results)
    return best


@pytest.mark.slow
def test_it_finds_better_ones_than_random_search():
    ours = [best_of("motpe", seed) for seed in range(12)]
    random = [best_of("random", seed) for seed in range(12)]
    assert sum(a < b for a, b in zip(ours, random, strict=True)) >= 10
