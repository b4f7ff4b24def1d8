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
    """Sums over the steps of each front: how far a point reaches into the step, times its depth.

    A step goes from one member to the next by the first loss; its ceiling is the least second
    loss up to there.
    """
    s = len(fronts)
    clipped = np.minimum(fronts, 1)
    order = np.argsort(clipped[:, :, 0], axis=1)
    x, y = (np.take_along_axis(clipped[:, :, i], order, axis=1) for i in (0, 1))
    starts = np.concatenate([np.full((s, 1), -np.inf), x], axis=1)[:, None]  # [s, 1, k + 1]
    ends = np.concatenate([x, np.ones((s, 1))], axis=1)[:, None]
    lowest = np.minimum.accumulate(y, axis=1)
    ceilings = np.concatenate([np.ones((s, 1)), lowest], axis=1)[:, None]
    widths = np.maximum(ends - np.maximum(points[:, :, :1], starts), 0)  # [s, n, k + 1]
    depths = np.maximum(ceilings - points[:, :, 1:], 0)
    return np.asarray(np.einsum("snk,snk->sn", widths, depths))
