"""Specialising: thousands are asked of, and the few that are judged are the expected best."""

from random import Random

import numpy as np
import pytest

from searches.objectives.fronts import constrained_ranks, non_dominated
from searches.strategies.base import Expectation, Problem
from searches.strategies.settings.evolution import SpecialiseSettings
from searches.strategies.specialise import Specialise, best_spread
from tests.searches.strategies.playing import FULL, SMALL, TINY, at_most, judge, losses_of, macs

# What ends a space of 40, and what a test can wait for.
CANDIDATES = 600


def expecting(space, *, excess=None):
    """An expectation that is right: the losses that the tests' judge will tell."""

    def expected(genes):
        broken = excess(genes) if excess else np.zeros(len(genes))
        return Expectation(losses_of(space, genes, 2), broken)

    return expected


def make(space, *, seed=0, candidates=CANDIDATES, violations=None, **known):
    problem = Problem(
        space,
        2,
        violations or (lambda genes: np.zeros(len(genes))),
        budget=24,
        limits=("macs at most 1",),
        **{"expected": expecting(space), **known},
    )
    return Specialise(problem, SpecialiseSettings(candidates, population=40), Random(seed))


def test_a_small_space_is_looked_at_completely_and_its_front_is_proposed_first():
    strategy = make(TINY)
    everything = list(TINY.enumerate())
    losses = losses_of(TINY, everything, 2)
    front = {g for g, kept in zip(everything, non_dominated(losses), strict=True) if kept}
    proposed = [proposal.genes for proposal in strategy.ask(len(front))]
    assert set(proposed) == front
    assert strategy.figures() == {"candidates": 40}


def test_proposals_of_a_large_space_dominate_those_of_chance():
    chosen = losses_of(SMALL, [p.genes for p in make(SMALL).ask(16)], 2)
    random = losses_of(SMALL, [SMALL.sample(Random(i)) for i in range(16)], 2)
    ranks = constrained_ranks(np.concatenate([chosen, random]), np.zeros(32))
    assert (ranks[:16] == 0).sum() >= 12
    assert (ranks[16:] == 0).sum() <= 2


def test_as_many_candidates_are_looked_at_as_were_asked_for_none_twice():
    asked = []

    def expected(genes):
        asked.extend(genes)
        return expecting(SMALL)(genes)

    strategy = make(SMALL, expected=expected)
    strategy.ask(12)
    assert len(asked) == len(set(asked)) == CANDIDATES == strategy.n_judged


def test_every_proposal_is_within_the_limits_on_costs():
    limit = np.quantile(macs(SMALL, [SMALL.sample(Random(i)) for i in range(300)]), 0.2)
    excess = at_most(SMALL, limit)
    found = [proposal.genes for proposal in make(SMALL, violations=excess).ask(20)]
    assert len(found) == 20
    assert (excess(found) == 0).all()


def test_networks_that_are_expected_to_miss_a_quality_come_last():
    excess = at_most(TINY, np.median(macs(TINY, list(TINY.enumerate()))))
    strategy = make(TINY, expected=expecting(TINY, excess=excess))
    found = [proposal.genes for proposal in strategy.ask(10)]
    assert (excess(found) == 0).all()


def test_the_next_batch_goes_on_with_the_next_best():
    strategy = make(SMALL)
    first = strategy.ask(10)
    strategy.tell([judge(strategy, proposal) for proposal in first])
    second = strategy.ask(10)
    assert len({p.genes for p in [*first, *second]}) == 20
    assert [p.ticket for p in second] == list(range(11, 21))


def test_the_same_seed_proposes_the_same_networks_in_a_huge_space():
    first, second, other = (
        [proposal.genes for proposal in make(FULL, seed=seed, candidates=200).ask(8)]
        for seed in (1, 1, 2)
    )
    assert first == second != other


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_the_spread_keeps_the_ends_and_takes_each_once(n):
    x = np.linspace(0, 1, 30)
    losses = np.column_stack([x, 1 - x])
    chosen = best_spread(losses, np.zeros(30, dtype=int), n)
    assert len(set(chosen)) == n
    assert {0, 29} <= set(chosen) or n == 1


def test_the_spread_leaves_no_large_gap():
    x = np.linspace(0, 1, 101)
    chosen = best_spread(np.column_stack([x, 1 - x]), np.zeros(101, dtype=int), 9)
    assert np.diff(sorted(chosen)).max() <= 15


def test_networks_are_spread_by_quality_rather_than_by_cost():
    """A front that climbs at once and then hardly: most are taken where it climbs."""
    cost = np.linspace(0, 1, 400)
    loss = np.exp(-20 * cost) - 0.01 * cost
    losses = np.column_stack([loss, cost])
    ranks = np.zeros(400, dtype=int)
    plain, weighted = (
        best_spread(losses, ranks, 20, weights=weights)
        for weights in (None, np.array([1.0, 0.25]))
    )
    assert (cost[weighted] < 0.2).sum() >= 13 > (cost[plain] < 0.2).sum()
    assert {0, 399} <= set(weighted)
