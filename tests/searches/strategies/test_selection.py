"""Survivors and parents are those that a brute-force comparison finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searches.objectives.fronts import crowding
from searches.strategies.base import Result
from searches.strategies.selection import best_first, best_front, by_ticket, loneliest_of_best


@st.composite
def populations(draw):
    m = draw(st.integers(1, 4))
    losses = st.tuples(*[st.integers(0, 4).map(float)] * m)  # few values: many ties
    one = st.tuples(losses, st.sampled_from([0.0, 0.0, 0.5, 2.0, np.inf]))
    members = draw(st.lists(one, min_size=1, max_size=12))
    return [Result(i, (i,), loss, violation=v) for i, (loss, v) in enumerate(members)]


def beats(a, b):
    """Definition 1 of Deb et al. (2002)."""
    if a.violation or b.violation:
        return a.violation < b.violation
    return all(x <= y for x, y in zip(a.losses, b.losses, strict=True)) and a.losses != b.losses


def unbeaten(results):
    return [a for a in results if not any(beats(b, a) for b in results)]


@given(populations())
def test_best_front_is_all_that_nothing_beats(results):
    assert {r.ticket for r in best_front(results)} == {r.ticket for r in unbeaten(results)}


@given(populations())
def test_best_first_never_puts_a_beaten_one_before_its_better(results):
    order = best_first(results)
    assert sorted(r.ticket for r in order) == list(range(len(results)))
    for place, result in enumerate(order):
        assert not any(beats(later, result) for later in order[place:])


@given(populations())
def test_loneliest_of_best_are_the_loneliest_of_all_that_nothing_beats(results):
    front = unbeaten(results)
    found = {r.ticket for r in loneliest_of_best(results)}
    if front[0].violation:
        assert found == {r.ticket for r in front}
    else:
        distance = crowding([r.losses for r in front])
        assert found == {
            r.ticket for r, d in zip(front, distance, strict=True) if d == max(distance)
        }


@pytest.mark.parametrize("select", [best_first, best_front])
def test_failed_evaluations_are_left_out(select):
    good = Result(1, (0,), (0.5,))
    assert select([Result(2, (1,), None), good]) == [good]
    assert select([Result(2, (1,), None)]) == []
    assert select([]) == []


def test_results_are_found_in_the_order_of_the_tickets_asked_for():
    history = [Result(i, (i,), (0.0,)) for i in range(1, 6)]
    assert [r.ticket for r in by_ticket(history, [4, 2, 5])] == [4, 2, 5]
