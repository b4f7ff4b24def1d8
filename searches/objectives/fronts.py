"""Pareto dominance, crowding and hypervolume over arrays of losses, all minimised.

Sources: Deb, Pratap, Agarwal, Meyarivan: A fast and elitist multiobjective genetic algorithm:
NSGA-II, IEEE TEC 6(2), 2002. Hypervolume and sorting: the moocore library.
"""

import moocore
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int64]


def _losses(losses: npt.ArrayLike) -> Floats:
    array = np.asarray(losses, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"Losses must be [n, m], not {array.ndim}-dimensional.")
    if np.isnan(array).any():
        raise ValueError("Losses must not be NaN: a failed evaluation has no losses.")
    return array


def non_dominated(losses: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which points no other point dominates; of equal points all are kept.

    Args:
        losses: [n, m], minimised.

    Returns:
        [n] booleans.
    """
    array = _losses(losses)
    if len(array) == 0:
        return np.zeros(0, dtype=bool)
    found: npt.NDArray[np.bool_] = moocore.is_nondominated(array, keep_weakly=True)
    return found


def ranks(losses: npt.ArrayLike) -> Ranks:
    """The front of each point: 0 when non-dominated, 1 when only points of 0 dominate it, …

    Args:
        losses: [n, m], minimised.

    Returns:
        [n] integers; equal points share a rank.
    """
    array = _losses(losses)
    if len(array) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(moocore.pareto_rank(array), dtype=np.int64)


def constrained_ranks(losses: npt.ArrayLike, violations: npt.ArrayLike) -> Ranks:
    """Ranks under constraint domination (Deb et al., 2002, definition 1).

    A feasible point beats every infeasible one; of two infeasible points the one that violates
    less is better, whatever its losses.

    Args:
        losses: [n, m], minimised; rows of infeasible points are ignored and may be NaN.
        violations: [n], 0 = feasible, may be infinite.
    """
    violated = np.asarray(violations, dtype=np.float64)
    array = np.asarray(losses, dtype=np.float64)
    feasible = violated <= 0
    found = np.zeros(len(violated), dtype=np.int64)
    found[feasible] = ranks(array[feasible])
    first = found[feasible].max() + 1 if feasible.any() else 0
    _, order = np.unique(violated[~feasible], return_inverse=True)
    found[~feasible] = first + order
    return found


def crowding(losses: npt.ArrayLike) -> Floats:
    """Crowding distance of the points of one front (Deb et al., 2002, section III-B).

    Each objective is divided by its range over these points. Points at an end of an objective
    are infinitely far; of several equal points only one counts as the end.

    Args:
        losses: [n, m], minimised.

    Returns:
        [n]; larger means lonelier.
    """
    array = _losses(losses)
    return crowding_by_front(array, np.zeros(len(array), dtype=np.int64))


def crowding_by_front(losses: npt.ArrayLike, fronts: Ranks) -> Floats:
    """Crowding distance of each point within its front, all fronts at once.

    Args:
        losses: [n, m], minimised.
        fronts: [n] number of the front of each point.

    Returns:
        [n]; larger means lonelier.
    """
    array = _losses(losses)
    if len(array) == 0:
        return np.zeros(0)
    by_front = np.argsort(fronts, kind="stable")
    starts = np.flatnonzero(np.diff(fronts[by_front], prepend=fronts[by_front[0]] - 1))
    sizes = np.diff(starts, append=len(array))
    distances = np.zeros(len(array))
    for column in array.T:
        order = np.lexsort((column, fronts))
        distances[order] += _gaps(column[order], starts, sizes)
    distances[by_front[np.repeat(sizes <= 2, sizes)]] = np.inf
    return distances


def _gaps(ascending: Floats, starts: Ranks, sizes: Ranks) -> Floats:
    """Gap between the neighbours of each value within its front, as a share of the range: [n].

    Args:
        ascending: [n] values, ascending within each front, front after front.
        starts: where each front starts.
        sizes: how long each front is.
    """
    ends = starts + sizes - 1
    spans = ascending[ends] - ascending[starts]
    gaps = np.zeros(len(ascending))
    gaps[1:-1] = ascending[2:] - ascending[:-2]
    gaps /= np.repeat(np.where(spans > 0, spans, 1.0), sizes)
    gaps[starts] = gaps[ends] = np.where(spans > 0, np.inf, 0.0)
    return gaps


def hypervolume(losses: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Volume that the points dominate, up to the reference point.

    Points that are not better than the reference in every objective contribute nothing.

    Args:
        losses: [n, m], minimised.
        reference: [m].
    """
    array, corner = _losses(losses), np.asarray(reference, dtype=np.float64)
    if len(array) == 0:
        return 0.0
    return float(moocore.hypervolume(array, ref=corner))


def normalise(losses: npt.ArrayLike, ideal: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """Losses scaled so that `ideal` becomes 0 and `reference` 1; points beyond stay beyond.

    An objective whose ideal is its reference is shifted to 0 and not scaled.

    Args:
        losses: [n, m], minimised.
        ideal: [m], nowhere larger than `reference`.
        reference: [m].
    """
    low, high = np.asarray(ideal, np.float64), np.asarray(reference, np.float64)
    if not (low <= high).all():
        raise ValueError("The ideal must not be larger than the reference in any objective.")
    span = np.where(high > low, high - low, 1.0)
    return np.asarray((_losses(losses) - low) / span, dtype=np.float64)
