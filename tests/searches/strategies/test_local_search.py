"""Local search climbs as a plain hill climber does, and ends at local optima."""

from random import Random

import pytest

from searches.objectives.fronts import non_dominated
from searches.strategies.base import Result
from searches.strategies.local_search import LocalSearch
from searches.strategies.settings.local import LocalSearchSettings
from tests.searches.strategies.playing import FLAT, FULL, FlatSpace, problem_for

STARTS = 4


def started(space=FLAT, *, n_objectives=1, seed=0, **chosen):
    problem = problem_for(space, n_objectives=n_objectives)
    chosen = LocalSearchSettings(**{"starts": STARTS, **chosen})
    return LocalSearch(problem, chosen, Random(seed))


def rugged(genes, objective=0):
    """A loss of its own for every architecture, without any order."""
    return Random(f"{objective} {genes}").random()


def one_by_one(strategy, n):
    """Genes in the order in which they were tried, each told before the next is asked for."""
    found = []
    for _ in range(n):
        proposal = strategy.ask(1)[0]
        losses = [rugged(proposal.genes, k) for k in range(strategy.problem.n_objectives)]
        strategy.tell([Result(proposal.ticket, proposal.genes, tuple(losses))])
        found.append(proposal.genes)
    return found


def neighbours(genes):
    return {
        (*genes[:i], option, *genes[i + 1 :])
        for i in range(6)
        for option in range(5)
        if option != genes[i]
    }


@pytest.mark.parametrize("seed", range(3))
def test_single_objective_is_a_hill_climb_with_restarts(seed):
    """Walks along what was tried: best start, all its new neighbours, the best of all, …"""
    found = one_by_one(started(seed=seed), 400)
    known, at, n_climbs = set(), 0, 0
    while at < len(found):
        climb, base = found[at : at + STARTS], None
        known |= set(climb)
        at += STARTS
        n_climbs += 1
        while at < len(found) and min(climb, key=rugged) != base:  # until none is better
            base = min(climb, key=rugged)
            new = neighbours(base) - known
            tried = found[at : at + len(new)]
            assert set(tried) <= new
            assert len(set(tried)) == len(tried) == min(len(new), len(found) - at)
            climb, known, at = climb + tried, known | new, at + len(new)
    assert n_climbs >= 3


def test_several_objectives_end_at_a_pareto_local_optimum():
    space = FlatSpace("abc", n_genes=4)  # 81 architectures
    strategy = started(space, n_objectives=2, starts=1)
    climb = []
    while strategy.n_before == 0:
        climb += one_by_one(strategy, 1)
    climb = climb[: strategy.n_before]  # the last one is the first of the next climb
    assert 1 < len(climb) < space.size()
    losses = [[rugged(genes, 0), rugged(genes, 1)] for genes in climb]
    for genes, is_best in zip(climb, non_dominated(losses), strict=True):
        if is_best:
            assert set(space.neighbours(genes)) <= set(climb)


def test_only_so_many_neighbours_of_one_are_tried():
    strategy = started(neighbours=5)
    starts = one_by_one(strategy, STARTS)
    tried = one_by_one(strategy, 6)
    around = neighbours(min(starts, key=rugged))
    assert [genes in around for genes in tried] == [True] * 5 + [False]


def test_neighbours_that_are_left_out_are_not_always_the_same():
    first = [one_by_one(started(FULL, starts=1, neighbours=3, seed=s), 4)[1:] for s in (1, 2)]
    changed = [
        {i for genes in some for i, gene in enumerate(genes) if gene != some[0][i]}
        for some in first
    ]
    assert changed[0] != changed[1]


def test_climb_goes_on_while_results_are_late():
    """With the neighbours all asked for, the best known so far is the next base."""
    strategy = started()
    starts = one_by_one(strategy, STARTS)
    waiting = strategy.ask(24)
    assert {p.genes for p in waiting} == neighbours(min(starts, key=rugged)) - set(starts)
    assert strategy.ask(8) == []  # nothing better is known yet
    best = min(waiting, key=lambda p: rugged(p.genes))
    strategy.tell([Result(best.ticket, best.genes, (rugged(best.genes),))])
    assert {p.genes for p in strategy.ask(3)} <= neighbours(best.genes)
