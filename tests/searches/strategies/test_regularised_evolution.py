"""Regularised evolution does what algorithm 1 of Real et al. (2019) says."""

from random import Random

import pytest

from searches.strategies.base import Result
from searches.strategies.regularised_evolution import RegularisedEvolution
from searches.strategies.settings.evolution import RegularisedEvolutionSettings
from tests.searches.strategies.playing import FLAT, problem_for

CENTRES = [(0,) * 6, (2,) * 6, (4,) * 6]  # nothing is one gene away from two of them
MANY = 60  # entrants of a tournament that hardly misses anybody
SEEDS = range(40)


def started(*, population, sample=MANY, n_objectives=1, seed=0):
    chosen = RegularisedEvolutionSettings(population=population, sample=sample)
    problem = problem_for(FLAT, n_objectives=n_objectives)
    return RegularisedEvolution(problem, chosen, Random(seed))


def parents(losses, *, sample=MANY, violations=(0.0, 0.0, 0.0)):
    """Of three members, which have a child one gene away: over many seeds."""
    found = set()
    for seed in SEEDS:
        strategy = started(population=3, sample=sample, n_objectives=len(losses[0]), seed=seed)
        strategy.ask(3)
        known = zip(range(1, 4), CENTRES, losses, violations, strict=True)
        strategy.tell([Result(*one) for one in known])
        child = strategy.ask(1)[0].genes
        apart = [sum(a != b for a, b in zip(child, c, strict=True)) for c in CENTRES]
        assert min(apart) == 1
        found.add(apart.index(1))
    return found


def test_best_of_a_large_tournament_has_the_child():
    assert parents([(0.9,), (0.1,), (0.5,)]) == {1}


def test_tournament_of_one_gives_everybody_children():
    assert parents([(0.9,), (0.1,), (0.5,)], sample=1) == {0, 1, 2}


def test_all_that_nothing_beats_have_children():
    assert parents([(0.1, 0.9), (0.9, 0.1), (0.95, 0.95)]) == {0, 1}


def test_loneliest_of_a_front_have_children():
    """Five on a front, of which the two ends are infinitely far from their neighbours."""
    strategy = started(population=5, n_objectives=2)
    points = [(0.0, 1.0), (0.05, 0.9), (0.5, 0.5), (0.9, 0.05), (1.0, 0.0)]
    strategy.ask(5)
    strategy.tell([Result(i + 1, (i,) * 6, point) for i, point in enumerate(points)])
    children = [proposal.genes for proposal in strategy.ask(8)]
    assert {max(genes, key=genes.count) for genes in children} == {0, 4}


@pytest.mark.parametrize(("violations", "parent"), [((0.0, 0.5, 0.0), 2), ((3.0, 1.0, 2.0), 1)])
def test_limits_come_before_losses(violations, parent):
    assert parents([(0.9,), (0.1,), (0.5,)], violations=violations) == {parent}


def test_oldest_dies_however_good():
    strategy = started(population=3)
    for loss in (0.0, 0.5, 0.6, 0.7):
        proposal = strategy.ask(1)[0]
        strategy.tell([Result(proposal.ticket, proposal.genes, (loss,))])
    assert [result.ticket for result in strategy.population] == [2, 3, 4]


def test_age_counts_from_the_result_and_not_from_the_proposal():
    strategy = started(population=2)
    proposals = strategy.ask(2)
    for index in (1, 0):
        strategy.tell([Result(proposals[index].ticket, proposals[index].genes, (0.5,))])
    child = strategy.ask(1)[0]
    strategy.tell([Result(child.ticket, child.genes, (0.5,))])
    assert [result.ticket for result in strategy.population] == [1, 3]


def test_failed_evaluations_take_nobodys_place():
    strategy = started(population=3)
    proposals = strategy.ask(3)
    strategy.tell([Result(p.ticket, p.genes, (0.5,)) for p in proposals])
    child = strategy.ask(1)[0]
    strategy.tell([Result(child.ticket, child.genes, None)])
    assert [result.ticket for result in strategy.population] == [1, 2, 3]
