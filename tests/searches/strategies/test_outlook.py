"""A batch is what together adds most to the hypervolume, as members expect it."""

import numpy as np
import pytest

from searches.objectives.fronts import hypervolume
from searches.strategies.improvement import directions
from searches.strategies.outlook import Outlook

RNG = np.random.default_rng(0)
RAYS = directions(2, RNG)


def outlook(losses, *, front=(), excess=None, n_pending=0):
    losses = np.array(losses, float)
    if excess is None:
        excess = np.zeros(losses.shape[:2])
    return Outlook(losses, np.array(excess, float), np.array(front).reshape(-1, 2), n_pending)


def volume(points):
    return hypervolume(np.array(points).reshape(-1, 2), [1.0, 1.0])


@pytest.mark.parametrize("seed", range(5))
def test_each_member_of_a_batch_adds_most_to_those_before_it(seed):
    rng = np.random.default_rng(seed)
    losses, front = rng.random((6, 30, 2)), rng.random((4, 2))
    chosen = outlook(losses, front=front).batch(5, RAYS)
    assert len(set(chosen)) == 5
    for n, index in enumerate(chosen):
        gains = [
            np.mean([volume([*front, *losses[m, chosen[:n]], losses[m, i]]) for m in range(6)])
            for i in range(30)
        ]
        assert gains[index] == pytest.approx(max(gains))


def test_twins_are_not_chosen_together():
    twins = [[[0.2, 0.2], [0.2, 0.2], [0.1, 0.9]]]
    first, second = outlook(twins).batch(2, RAYS)
    assert first in {0, 1}
    assert second == 2


def test_what_is_pending_counts_as_expected_and_is_not_chosen():
    losses = [[[0.2, 0.2], [0.1, 0.9], [0.2, 0.2]]]
    assert outlook(losses, n_pending=1).batch(1, RAYS) == [1]
    assert sorted(outlook(losses, n_pending=1).batch(9, RAYS)) == [0, 1]


def test_what_is_expected_to_break_a_limit_comes_last():
    losses = [[[0.1, 0.1], [0.8, 0.8], [0.2, 0.2]]]
    assert outlook(losses, excess=[[0.5, -1, 0.2]]).batch(3, RAYS) == [1, 2, 0]


def test_where_nothing_is_gained_the_least_losses_come_first():
    losses = [[[1.4, 1.2], [1.1, 1.2], [1.9, 1.0]]]
    assert outlook(losses).batch(3, RAYS) == [1, 0, 2]
