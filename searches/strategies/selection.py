"""Who survives and who may breed: what the evolutionary strategies share."""

from collections.abc import Sequence

import numpy as np

from searches.objectives.fronts import (
    Floats,
    constrained_ranks,
    crowding,
    crowding_by_front,
    non_dominated,
)
from searches.strategies.base import Result


def losses_of(results: Sequence[Result]) -> Floats:
    """[n, n_objectives] losses of results that have them."""
    return np.array([result.losses for result in results], dtype=np.float64)


def by_ticket(results: Sequence[Result], tickets: Sequence[int]) -> list[Result]:
    """The results of these tickets, in their order."""
    wanted = set(tickets)
    found = {result.ticket: result for result in results if result.ticket in wanted}
    return [found[ticket] for ticket in tickets]


def best_first(results: Sequence[Result]) -> list[Result]:
    """By rank under constraint domination, then by crowding; equals keep their order.

    Results without losses are left out.
    """
    return [result for _, _, result in _judged(results)]


def best_front(results: Sequence[Result]) -> list[Result]:
    """Those that no other beats under constraint domination, the loneliest first."""
    return [result for rank, _, result in _judged(results) if rank == 0]


def loneliest_of_best(results: Sequence[Result]) -> list[Result]:
    """Those that no other beats under constraint domination; of these the loneliest.

    They are all equally good. `best_front` finds more, but takes longer.
    """
    least = min(result.violation for result in results)
    best = [result for result in results if result.violation <= max(0.0, least)]
    if least > 0 or len(best) == 1:
        return best
    losses = losses_of(best)
    front = np.flatnonzero(non_dominated(losses))
    if len(front) <= 2:
        return [best[index] for index in front]  # both are ends
    distances = crowding(losses[front])
    return [best[index] for index in front[distances == distances.max()]]


def _judged(results: Sequence[Result]) -> list[tuple[int, float, Result]]:
    done = [result for result in results if result.losses is not None]
    if not done:
        return []
    losses = losses_of(done)
    ranks = constrained_ranks(losses, [result.violation for result in done])
    distances = crowding_by_front(losses, ranks)
    order = np.lexsort((-distances, ranks)).tolist()
    return [(int(ranks[index]), float(distances[index]), done[index]) for index in order]
