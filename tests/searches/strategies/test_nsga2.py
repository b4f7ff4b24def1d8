"""NSGA-II keeps whom Deb et al. (2002) keep."""

from random import Random

import numpy as np
import pytest

from searches.objectives.fronts import crowding, ranks
from searches.spaces.presets import OFA_MOBILENET_V3_SMALL
from searches.spaces.registry import load
from searches.strategies.base import Problem, Result
from searches.strategies.nsga2 import Nsga2
from searches.strategies.settings.evolution import Nsga2Settings
from tests.searches.strategies.playing import FLAT

SPACE = load(OFA_MOBILENET_V3_SMALL)


def survivors(losses, *, population, violations=None):
    """Indices of the points that are left after one tell."""
    problem = Problem(SPACE, len(losses[0]), lambda genes: np.zeros(len(genes)), budget=100)
    strategy = Nsga2(problem, Nsga2Settings(population=population), Random(0))
    told = violations or [0.0] * len(losses)
    strategy.pending = {i: SPACE.sample(Random(i)) for i in range(len(losses))}
    strategy.tell(
        [
            Result(i, genes, tuple(losses[i]), violation=told[i])
            for i, genes in strategy.pending.items()
        ]
    )
    return [result.ticket for result in strategy.population]


@pytest.mark.parametrize("seed", range(10))
def test_better_fronts_survive_whole_and_the_last_by_crowding(seed):
    losses = np.random.default_rng(seed).integers(0, 12, size=(40, 2)).astype(float)
    kept = survivors(losses.tolist(), population=16)
    rank = ranks(losses)
    last = max(rank[kept])
    assert set(np.flatnonzero(rank < last)) <= set(kept)
    front = np.flatnonzero(rank == last)
    distance = dict(zip(front, crowding(losses[front]), strict=True))
    out = [distance[i] for i in front if i not in kept]
    assert not out or max(out) <= min(distance[i] for i in front if i in kept)


def test_ends_of_the_front_survive():
    front = [[float(i), float(10 - i)] for i in range(11)]
    kept = survivors(front, population=4)
    assert {0, 10} <= set(kept)


def test_infeasible_never_beats_feasible():
    losses = [[0.0, 0.0], [9.0, 9.0], [8.0, 9.5], [0.1, 0.1], [9.5, 8.0]]
    kept = survivors(losses, population=4, violations=[0.5, 0, 0, 0.2, 0])
    assert set(kept) == {1, 2, 4, 3}  # of the infeasible the one that violates least
    assert kept[-1] == 3


def test_population_of_infeasible_is_ranked_by_violation():
    losses = [[float(i), 0.0] for i in range(6)]
    violations = [5.0, 4.0, 3.0, 2.0, 1.0, float("inf")]
    assert survivors(losses, population=4, violations=violations) == [4, 3, 2, 1]


def test_population_moves_towards_the_front():
    def losses_of(genes):
        return (float(sum(genes)), float(sum(1 for g in genes if g != 1)))

    problem = Problem(SPACE, 2, lambda genes: np.zeros(len(genes)), budget=600)
    strategy = Nsga2(problem, Nsga2Settings(), Random(0))
    founders = strategy.ask(20)
    strategy.tell([Result(p.ticket, p.genes, losses_of(p.genes)) for p in founders])
    for _ in range(25):
        children = strategy.ask(20)
        strategy.tell([Result(p.ticket, p.genes, losses_of(p.genes)) for p in children])
    best = min(sum(p.genes) for p in founders)
    assert min(result.losses[0] for result in strategy.population) < best / 2


def test_each_gene_of_a_child_is_drawn_anew_once_per_child_and_may_stay():
    problem = Problem(FLAT, 2, lambda genes: np.zeros(len(genes)), budget=100)
    strategy = Nsga2(problem, Nsga2Settings(crossover=0.0), Random(0))
    parent = (0,) * 6
    strategy.population, strategy.order = [Result(1, parent, (0.0, 0.0))] * 2, [0, 0]
    children = [strategy._child(0) for _ in range(4000)]
    drawn_anew_and_different = 1 / 6 * 4 / 5
    unchanged = np.mean([child == parent for child in children])
    assert unchanged == pytest.approx((1 - drawn_anew_and_different) ** 6, abs=0.03)
