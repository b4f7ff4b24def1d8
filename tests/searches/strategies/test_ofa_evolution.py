"""Once-for-all's evolution: truncation, its two kinds of children, its rates."""

from math import sqrt
from random import Random

import pytest

from searches.strategies.base import Result
from searches.strategies.evolving import default_population
from searches.strategies.ofa_evolution import OfaEvolution, blocks
from searches.strategies.settings.evolution import OfaEvolutionSettings
from tests.searches.strategies.playing import FLAT, FULL, problem_for

FIRST = tuple(0 for _ in FULL.genes)
LAST = tuple(len(gene.options) - 1 for gene in FULL.genes)


def started(space, *, seed=0, n_objectives=1, **chosen):
    problem = problem_for(space, n_objectives=n_objectives)
    return OfaEvolution(problem, OfaEvolutionSettings(**chosen), Random(seed))


def breeding(parents, **chosen):
    """A strategy whose first generation was `parents` and worse ones."""
    strategy = started(FULL, population=8, parent_ratio=len(parents) / 8, **chosen)
    founders = strategy.ask(8)
    genes = parents + [founder.genes for founder in founders[len(parents) :]]
    losses = [0.1] * len(parents) + [0.9] * 8
    strategy.tell(
        [Result(f.ticket, g, (x,)) for f, g, x in zip(founders, genes, losses, strict=False)]
    )
    assert [result.genes for result in strategy.parents] == parents
    return strategy


def test_blocks_are_resolution_depths_and_pairs_of_kernel_and_width():
    names = [[FULL.genes[position].name for position in block] for block in blocks(FULL)]
    assert names[0] == ["resolution"]
    assert sum(name[0].endswith("depth") and len(name) == 1 for name in names) == 5
    pairs = [name for name in names if len(name) == 2]
    assert len(pairs) == 20
    assert all(a.removesuffix("kernel") == b.removesuffix("expand") for a, b in pairs)
    assert blocks(FLAT) == [[position] for position in range(6)]


def test_best_quarter_of_all_generations_are_the_parents():
    strategy, told = started(FLAT, population=20), []
    rng = Random(1)
    for _ in range(5):
        proposals = strategy.ask(20)
        results = [Result(p.ticket, p.genes, (rng.random(),)) for p in proposals]
        strategy.tell(results)
        told += results
        best = sorted(told, key=lambda result: result.losses)[:5]
        assert strategy.parents == best


def test_generation_ends_with_the_result_that_fills_it():
    strategy = started(FLAT, population=4, parent_ratio=0.5)
    founders = strategy.ask(4)
    for founder in founders[:3]:
        strategy.tell([Result(founder.ticket, founder.genes, (0.5,))])
        assert strategy.parents == []
    strategy.tell([Result(founders[3].ticket, founders[3].genes, (0.1,))])
    assert [result.ticket for result in strategy.parents] == [4, 1]


def test_failed_founders_leave_the_others_as_parents():
    strategy = started(FLAT, population=8)
    founders = strategy.ask(8)
    strategy.tell([Result(p.ticket, p.genes, None if p.ticket > 3 else (0.5,)) for p in founders])
    assert strategy.ask(4)
    assert {result.ticket for result in strategy.parents} <= {1, 2, 3}


@pytest.mark.parametrize(("chosen", "n"), [({}, 20), ({"mutation_ratio": 0.25}, 10)])
def test_half_of_the_children_are_mutants_and_the_others_mix_two_parents(chosen, n):
    """A mutant drawn anew at every gene has one that is neither the first nor the last option."""
    strategy = breeding([FIRST, LAST], mutation=1.0, **chosen)
    children = [proposal.genes for proposal in strategy.ask(40)]
    mixed = [all(g in (0, last) for g, last in zip(c, LAST, strict=True)) for c in children]
    assert mixed.count(False) == n


def test_blocks_mutate_at_their_rates():
    """Drawn anew at 0.1 and 0.5, of which the old option comes back in its turn."""
    strategy = breeding([LAST], mutation_ratio=1.0)
    n = 600
    children = [proposal.genes for proposal in strategy.ask(n)]
    assert len(children) == n
    for block, rate in ((0, 0.5), (1, 0.1), (2, 0.1), (9, 0.1)):
        genes = blocks(FULL)[block]
        options = 1
        for gene in genes:
            options *= len(FULL.genes[gene].options)
        changed = sum(any(c[g] != LAST[g] for g in genes) for c in children) / n
        expected = rate * (1 - 1 / options)
        assert abs(changed - expected) < 4 * sqrt(expected * (1 - expected) / n), block


def test_several_objectives_keep_the_front_and_its_loneliest():
    strategy = started(FLAT, population=8, n_objectives=2)
    points = [(0.0, 1.0), (0.1, 0.9), (0.5, 0.5), (1.0, 0.0), (1, 1), (1, 1), (1, 1), (1, 1)]
    founders = strategy.ask(8)
    strategy.tell([Result(f.ticket, f.genes, p) for f, p in zip(founders, points, strict=True)])
    assert {result.ticket for result in strategy.parents} == {1, 4}


def test_a_quarter_of_a_small_budget_founds_and_the_rest_are_children():
    assert started(FLAT, population=None).n_founders == 50  # of 200
    assert default_population(40) == 10
    assert (default_population(5), default_population(10_000)) == (4, 100)


def test_a_search_that_is_extended_keeps_its_generations():
    strategy = started(FLAT)
    revived = OfaEvolution(problem_for(FLAT, budget=2000), OfaEvolutionSettings(), Random(1))
    revived.restore(strategy.state(), [])
    assert revived.n_founders == strategy.n_founders
