"""By how much points would enlarge the hypervolume of a front, for many fronts at once.

Source: Zhang, Golovin: Random Hypervolume Scalarizations for Provable Multi-Objective Black Box
Optimization, ICML 2020, lemma 5: the hypervolume is a mean over directions. For one and two
objectives it is computed exactly.
"""

import numpy as np

from searches.objectives.fronts import Floats

N_DIRECTIONS = 64


def directions(n_objectives: int, rng: np.random.Generator) -> Floats:
    """Unit vectors with positive parts, even over the sphere: [N_DIRECTIONS, n_objectives]."""
    found = np.abs(rng.standard_normal((N_DIRECTIONS, n_objectives))) + 1e-9
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def improvements(points: Floats, fronts: Floats, rays: Floats) -> Floats:
    """What each point, alone, would add to the hypervolume of its front up to (1, 1, …).

    Args:
        points: [s, n, m] losses; 1 in each objective is the reference.
        fronts: [s, k, m]; some members may be dominated, or beyond the reference.
        rays: [n_directions, m] of `directions`, used for three objectives and more.

    Returns:
        [s, n]; exact for m < 3, else proportional to an estimate.
    """
    n_objectives = points.shape[2]
    if n_objectives == 1:
        best = fronts[:, :, 0].min(axis=1, initial=1.0)
        return np.asarray(np.maximum(best[:, None] - points[:, :, 0], 0))
    if n_objectives == 2:
        return _of_two(points, fronts)
    best_on_ray = _lengths(fronts, rays).max(axis=1, initial=0.0)[:, None]  # [s, 1, r]
    reached = np.maximum(_lengths(points, rays), best_on_ray)
    gained = reached**n_objectives - best_on_ray**n_objectives
    return np.asarray(gained.mean(axis=2))


def _lengths(points: Floats, rays: Floats) -> Floats:
    """How far from the reference each point dominates each ray: [s, n, n_directions]."""
    found = np.full((*points.shape[:2], len(rays)), np.inf)
    for objective in range(points.shape[2]):
        reach = np.maximum(1 - points[:, :, objective], 0)
        np.minimum(found, np.multiply.outer(reach, 1 / rays[:, objective]), out=found)
    return found


def _of_two(points: Floats, fronts: Floats) -> Floats:
    """The area between the front and a point (a, b): from a to where the front is below b.

    All fronts lie behind each other on one long axis, so that each step is one call for all.
    """
    points, fronts = np.minimum(points, 1), np.minimum(fronts, 1)
    a, b = points[:, :, 0], points[:, :, 1]
    order = np.argsort(fronts[:, :, 0], axis=1)
    x, y = (np.take_along_axis(fronts[:, :, i], order, axis=1) for i in (0, 1))
    lowest = np.minimum.accumulate(y, axis=1)  # of all members up to there
    s, k = x.shape
    least = min(points.min(initial=0.0), fronts.min(initial=0.0))
    offsets = np.arange(s)[:, None] * (2.0 - least)  # further than the front is long
    first, last = np.full((s, 1), least), np.ones((s, 1))
    edges = np.concatenate([first, x, last], axis=1)
    steps = np.diff(edges, axis=1) * np.concatenate([last, lowest], axis=1)
    area = np.concatenate([np.zeros((s, 1)), np.cumsum(steps, axis=1)], axis=1)
    below = np.searchsorted((offsets - lowest).ravel(), offsets - b) - np.arange(s)[:, None] * k
    end = np.take_along_axis(edges[:, 1:], below, axis=1)
    knots, heights = (edges + offsets).ravel(), area.ravel()
    under = np.interp(end + offsets, knots, heights) - np.interp(a + offsets, knots, heights)
    return np.asarray(np.where(end > a, np.maximum(under - b * (end - a), 0), 0))
