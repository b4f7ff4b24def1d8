"""Choosing a batch by what predictors expect of candidates.

Source: Daulton, Balandat, Bakshy: Differentiable Expected Hypervolume Improvement for Parallel
Multi-Objective Bayesian Optimization, NeurIPS 2020, section 3: one by one, each time what adds
most to the hypervolume of the front together with what was chosen before, on average over draws.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searches.objectives.fronts import Floats
from searches.strategies.improvement import improvements

Indices = npt.NDArray[np.int64]
# Candidates that still count after the first of a batch is chosen, or 4 times the batch.
SHORTLIST = 128


@dataclass(frozen=True)
class Outlook:
    """What each member of an ensemble expects of candidates and of what is being evaluated.

    Attributes:
        losses: [n_members, n + n_pending, m]; the ideal is 0 and the reference 1.
        excess: [n_members, n + n_pending]; above 0 where limits are expected not to be met.
        front: [k, m] known losses.
        n_pending: how many at the end are being evaluated.
    """

    losses: Floats
    excess: Floats
    front: Floats
    n_pending: int

    def batch(self, n: int, rays: Floats) -> list[int]:
        """At most `n` candidates, the best first.

        Where nothing is expected to enlarge the front, those come first that are expected to
        violate limits least, and then those with the least losses.

        Args:
            n: how many.
            rays: of `improvement.directions`.
        """
        fronts = self._fronts()
        left = np.arange(self.losses.shape[1] - self.n_pending)
        gains = self._gains(left, fronts, rays)
        chosen: list[int] = []
        while len(left) and len(chosen) < n:
            best = self._first(left, gains)
            chosen.append(int(left[best]))
            added = self._expected([chosen[-1]])
            fronts = np.concatenate([fronts, added], axis=1)
            others = np.delete(np.arange(len(left)), best)
            others = others[np.argsort(-gains[others], kind="stable")][: max(SHORTLIST, 4 * n)]
            left = left[others]
            if len(chosen) < n:
                gains = self._gains(left, fronts, rays)
        return chosen

    def _gains(self, candidates: Indices, fronts: Floats, rays: Floats) -> Floats:
        """Expected improvement by each candidate: [n]."""
        found = improvements(self.losses[:, candidates], fronts, rays)
        found[self.excess[:, candidates] > 0] = 0
        return np.asarray(found.mean(axis=0))

    def _first(self, candidates: Indices, gains: Floats) -> int:
        if gains.max() > 0:
            return int(gains.argmax())
        excess = np.maximum(self.excess[:, candidates], 0).mean(axis=0)
        losses = self.losses[:, candidates].mean(axis=(0, 2))
        return int(np.lexsort((losses, excess))[0])

    def _fronts(self) -> Floats:
        """The front as each member expects it after what is pending: [n_members, k, m]."""
        n_members, n, _ = self.losses.shape
        known = np.repeat(self.front[None], n_members, axis=0)
        pending = self._expected(list(range(n - self.n_pending, n)))
        return np.concatenate([known, pending], axis=1)

    def _expected(self, indices: list[int]) -> Floats:
        """Expected losses; the reference where limits are expected not to be met."""
        is_met = self.excess[:, indices] <= 0
        return np.where(is_met[:, :, None], self.losses[:, indices], 1.0)
