"""Fronts, crowding and hypervolume agree with plain slow versions and with worked numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searches.objectives.fronts import (
    constrained_ranks,
    crowding,
    crowding_by_front,
    hypervolume,
    non_dominated,
    normalise,
    ranks,
)


@st.composite
def losses(draw, *, most_objectives=5):
    m = draw(st.integers(1, most_objectives))
    point = st.tuples(*[st.integers(0, 5).map(float)] * m)  # few values: many ties
    return np.array(draw(st.lists(point, min_size=1, max_size=12)))


def dominates(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and tuple(a) != tuple(b)


def slow_ranks(points):
    found, left, rank = {}, set(range(len(points))), 0
    while left:
        front = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        found |= dict.fromkeys(front, rank)
        left, rank = left - front, rank + 1
    return [found[i] for i in range(len(points))]


def slow_constrained_ranks(points, violations):
    def beats(i, j):
        if violations[i] == violations[j] == 0:
            return dominates(points[i], points[j])
        return violations[i] < violations[j]

    found, left, rank = {}, set(range(len(points))), 0
    while left:
        front = {i for i in left if not any(beats(j, i) for j in left)}
        found |= dict.fromkeys(front, rank)
        left, rank = left - front, rank + 1
    return [found[i] for i in range(len(points))]


def slow_hypervolume(points, reference):
    """Unit cells of an integer grid that some point dominates."""
    grid = np.stack(np.meshgrid(*[np.arange(r) for r in reference], indexing="ij"), -1)
    return sum(any(all(p <= cell) for p in points) for cell in grid.reshape(-1, len(reference)))


@pytest.mark.slow
@given(losses())
def test_ranks_equal_repeated_removal_of_the_front(points):
    assert ranks(points).tolist() == slow_ranks(points)
    assert (non_dominated(points) == (ranks(points) == 0)).all()


@given(losses(), st.data())
def test_constrained_ranks_follow_constraint_domination(points, data):
    violation = st.sampled_from([0.0, 0.0, 0.5, 1.0, np.inf])
    violations = data.draw(st.lists(violation, min_size=len(points), max_size=len(points)))
    found = constrained_ranks(points, violations)
    assert found.tolist() == slow_constrained_ranks(points, violations)
    feasible = np.array(violations) == 0
    if feasible.any() and not feasible.all():
        assert found[feasible].max() < found[~feasible].min()


def test_losses_of_infeasible_points_do_not_matter():
    found = constrained_ranks([[1.0, 1.0], [np.nan, np.nan], [np.nan, 0.0]], [0.0, 2.0, 1.0])
    assert found.tolist() == [0, 2, 1]


def test_equal_points_stay_on_the_front_together():
    assert non_dominated([[1, 2], [1, 2], [2, 1], [2, 2]]).tolist() == [True, True, True, False]


def test_no_points_have_no_front():
    assert non_dominated(np.empty((0, 2))).tolist() == []
    assert ranks(np.empty((0, 3))).tolist() == []
    assert hypervolume(np.empty((0, 2)), [1, 1]) == 0
    assert crowding(np.empty((0, 2))).tolist() == []


@pytest.mark.parametrize("function", [non_dominated, ranks, crowding])
def test_losses_that_are_not_numbers_are_refused(function):
    with pytest.raises(ValueError, match="NaN"):
        function([[1.0, np.nan]])
    with pytest.raises(ValueError, match="dimensional"):
        function([1.0, 2.0])


def test_crowding_of_a_worked_front():
    # Ends are infinite; the others add their neighbours' gap over the range, per objective.
    front = [[0, 10], [2, 4], [5, 3], [10, 0]]
    assert crowding(front).tolist() == [np.inf, 0.5 + 0.7, 0.8 + 0.4, np.inf]


def slow_crowding(points):
    """Section III-B of the paper, with infinite distance only where there is a range."""
    if len(points) <= 2:
        return [np.inf] * len(points)
    found = [0.0] * len(points)
    for objective in range(points.shape[1]):
        order = sorted(range(len(points)), key=lambda i: points[i, objective])
        values = points[order, objective]
        span = values[-1] - values[0]
        for place, i in enumerate(order):
            if 0 < place < len(order) - 1:
                found[i] += (values[place + 1] - values[place - 1]) / (span or 1.0)
            elif span > 0:
                found[i] = np.inf
    return found


@given(losses())
def test_crowding_of_all_fronts_at_once_is_that_of_each(points):
    rank = ranks(points)
    together = crowding_by_front(points, rank)
    for front in range(rank.max() + 1):
        assert np.allclose(together[rank == front], slow_crowding(points[rank == front]))


def test_crowding_does_not_depend_on_units():
    rng = np.random.default_rng(0)
    front = rng.random((20, 3))
    assert np.allclose(crowding(front * [1, 1e6, 1e-6] + [5, 0, 1]), crowding(front))


def test_crowding_counts_one_of_equal_ends_and_ignores_a_constant_objective():
    assert crowding([[0, 7], [0, 7], [1, 7], [2, 7], [3, 7]]).tolist() == [
        np.inf,
        1 / 3,
        2 / 3,
        2 / 3,
        np.inf,
    ]
    assert crowding([[1, 1]] * 4).tolist() == [0, 0, 0, 0]


def test_crowding_of_few_points_is_infinite():
    assert crowding([[1, 2]]).tolist() == [np.inf]
    assert crowding([[1, 2], [2, 1]]).tolist() == [np.inf, np.inf]


def test_hypervolume_of_the_worked_set():
    points = np.array([[5, 5], [4, 6], [2, 7], [7, 4]])
    assert hypervolume(points, [10, 10]) == pytest.approx(38.0, abs=1e-9)
    assert hypervolume(-points, [0, 0]) == pytest.approx(39.0, abs=1e-9)  # the same set maximised


@pytest.mark.parametrize(
    ("corner", "p", "q"), [(1.0, 0, 0.28), (1.1, 0.21, 0.40), (1.5, 1.25, 1.08), (2, 3.0, 2.38)]
)
def test_order_of_two_fronts_depends_on_the_reference(corner, p, q):
    assert hypervolume([[0, 1], [1, 0]], [corner] * 2) == pytest.approx(p, abs=1e-9)
    assert hypervolume([[0.45, 0.6], [0.6, 0.45]], [corner] * 2) == pytest.approx(q, abs=1e-9)


@given(losses(most_objectives=4))
def test_hypervolume_counts_dominated_cells(points):
    reference = [6] * points.shape[1]
    assert hypervolume(points, reference) == pytest.approx(slow_hypervolume(points, reference))


@given(losses())
def test_hypervolume_grows_by_new_front_members_only(points):
    reference = [6.0] * points.shape[1]
    before = hypervolume(points[:-1], reference)
    after = hypervolume(points, reference)
    is_new = not any(
        dominates(p, points[-1]) or tuple(p) == tuple(points[-1]) for p in points[:-1]
    )
    assert after > before if is_new else after == pytest.approx(before)


def test_points_beyond_the_reference_add_nothing():
    assert hypervolume([[1, 5], [2, 2]], [3, 3]) == 1.0
    assert hypervolume([[3, 0]], [3, 3]) == 0.0


def test_normalisation_maps_ideal_and_reference():
    found = normalise([[1, 10], [3, 30], [5, 50]], [1, 10], [3, 30])
    assert found.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert normalise([[1.0], [3.0]], [1], [1]).tolist() == [[0], [2]]
    with pytest.raises(ValueError, match="larger than the reference"):
        normalise([[1.0]], [2], [1])
