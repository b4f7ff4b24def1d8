"""Predictor-guided search: what a point adds to a front, and what the search finds."""

import numpy as np
import pytest

from searches.objectives.fronts import hypervolume
from searches.strategies.base import Result
from searches.strategies.improvement import directions, improvements
from tests.searches.strategies.playing import FLAT, problem_for, strategy_of


def added(point, front, reference):
    before = hypervolume(front, reference) if len(front) else 0.0
    return hypervolume(np.vstack([front, point]), reference) - before


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_improvements_are_what_the_hypervolume_gains(n_objectives):
    rng = np.random.default_rng(n_objectives)
    points, fronts = rng.uniform(-0.2, 1.3, (4, 9, n_objectives)), rng.random((4, 6, n_objectives))
    found = improvements(points, fronts, directions(n_objectives, rng))
    reference = np.ones(n_objectives)
    for s in range(4):
        for i in range(9):
            expected = added(points[s, i], fronts[s], reference)
            assert found[s, i] == pytest.approx(expected, abs=1e-9)


def test_for_three_objectives_the_estimate_orders_points_as_the_hypervolume_does():
    rng = np.random.default_rng(0)
    points, fronts = rng.random((1, 40, 3)), rng.random((1, 5, 3))
    found = improvements(points, fronts, directions(3, rng))[0]
    exact = np.array([added(point, fronts[0], np.ones(3)) for point in points[0]])
    assert np.corrcoef(found, exact)[0, 1] > 0.95


def volume_of(name, seed):
    """Hypervolume after 80 architectures whose two losses conflict and interact."""
    strategy = strategy_of(name, problem_for(FLAT), seed=seed)
    losses = []
    for _ in range(8):
        results = []
        for proposal in strategy.ask(10):
            genes = np.array(proposal.genes)
            first = (genes != 3).mean() + 0.1 * abs(int(genes[0]) - int(genes[1])) / 4
            second = genes.mean() / 4
            losses.append((first, second))
            results.append(Result(proposal.ticket, proposal.genes, (first, second)))
        strategy.tell(results)
    return hypervolume(np.array(losses), np.array([1.2, 1.2]))


@pytest.mark.slow
def test_it_finds_more_of_the_front_than_evolution():
    ours = [volume_of("predictor", seed) for seed in range(8)]
    evolved = [volume_of("nsga2", seed) for seed in range(8)]
    assert np.mean(ours) > np.mean(evolved)
    assert sum(a > b for a, b in zip(ours, evolved, strict=True)) >= 6
