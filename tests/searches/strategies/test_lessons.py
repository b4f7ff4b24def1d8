"""What is learned from results, and what is not predicted at all."""

import numpy as np
import pytest

from searches.predictors.features import encoding_of
from searches.strategies.base import Aim, Problem, Result
from searches.strategies.lessons import LIMITS, Lessons, remembered
from tests.searches.strategies.playing import FLAT, unlimited


def results(n, *, violation=lambda i: 0.0):
    rng = np.random.default_rng(0)
    genes = {tuple(map(int, row)) for row in rng.integers(0, 5, (3 * n, 6))}
    rows = sorted(genes)[:n]
    return [
        Result(i + 1, row, (float(sum(row)) + 1, 30.0 - row[0]), violation=violation(i))
        for i, row in enumerate(rows)
    ]


def lessons(known, **facts):
    problem = Problem(FLAT, 2, unlimited, budget=100, **facts)
    return Lessons.of(problem, encoding_of(FLAT), known, memory=300)


def test_memory_keeps_the_best_and_some_of_all_times():
    known = results(100)
    kept = remembered(known, 20)
    tickets = [result.ticket for result in kept]
    assert len(kept) == 20
    assert tickets == sorted(set(tickets))
    best = min(known, key=lambda result: result.losses[0])
    assert best in kept
    assert min(tickets) < 20
    assert max(tickets) > 80


def test_small_history_is_remembered_whole():
    known = results(10)
    assert remembered(known, 20) == known


def outlook(taught, costs, genes):
    parameters = taught.fit(taught.columns(costs), {})
    rng = np.random.default_rng(0)
    return taught.outlook(genes, costs, parameters, n_pending=0, n_members=4, rng=rng)


def test_known_costs_are_taken_as_they_are():
    aims = (Aim("error", True, 0.0, 40.0), Aim("latency", False, 0.0, 50.0))
    taught = lessons(results(30), aims=aims)
    genes = [(0,) * 6, (4,) * 6]
    costs = np.array([[np.nan, 10.0], [np.nan, 45.0]])
    assert taught.columns(costs) == [0]
    found = outlook(taught, costs, genes)
    low = taught.losses[:, 1].min()
    expected = (np.array([10.0, 45.0]) - low) / (50.0 - low)
    assert found.losses[:, :, 1] == pytest.approx(np.tile(expected, (4, 1)))
    assert len(np.unique(found.losses[:, 0, 0])) == 4


def test_without_aims_the_reference_is_beyond_all_that_was_seen():
    taught = lessons(results(30))
    found = outlook(taught, np.full((1, 2), np.nan), [(0,) * 6])
    assert found.front.max() < 1
    assert found.front.min() >= 0


def test_earlier_runs_teach_but_are_not_on_the_front():
    known = results(20)
    earlier = [Result(-i, r.genes, r.losses) for i, r in enumerate(known[:15])]
    taught = lessons([*earlier, *known[15:]])
    assert len(taught.features) == 20
    own = {result.losses for result in known[15:]}
    assert {tuple(row) for row in taught.front} <= own


def test_limits_are_learned_only_when_one_was_broken():
    assert LIMITS not in lessons(results(20)).fit([0], {})
    broken = lessons(results(20, violation=lambda i: float(i % 3 == 0)))
    assert LIMITS in broken.fit([0], {})
