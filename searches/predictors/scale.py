"""Losses on a scale on which errors are about equally likely everywhere.

Up to the worst loss of the present front the scale is logarithmic, since errors and latencies
vary in proportion to their size; beyond it, a second logarithm keeps failures and outliers from
deciding how the good ones are told apart. That idea, a scale that bends where results stop to
matter, is from Song et al.: The Vizier Gaussian Process Bandit Algorithm, 2024 (arXiv
2408.11527), section 3.2; the curve is another, because a front is good over a range of losses.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Distance from the ideal, in shares of the span, below which differences count less.
FLOOR = 0.003
# How much the scale bends beyond the worst loss of the front.
BEND = 0.5
# Predictions beyond this many lengths of the front's range are no better known.
FARTHEST = 50.0


class Scale:
    """A rising curve with mean 0 and standard deviation 1 over known losses.

    Args:
        losses: [n] known ones.
        front: [k] those of the front, k > 0.
        ideal: a loss below which there is none.
        span: distance of a bad loss from the ideal, positive.
    """

    def __init__(self, losses: Floats, front: Floats, *, ideal: float, span: float):
        self._ideal, self._span = ideal, span
        logs = self._log(losses)
        self._low = float(logs.min())
        knee = max(float(self._log(front).max()), float(np.median(logs)))
        self._range = knee - self._low or 1.0
        bent = self._bend(logs)
        self._mean, self._sd = float(bent.mean()), float(bent.std()) or 1.0

    def to_score(self, losses: Floats) -> Floats:
        """[n] scores of losses: mean 0 and standard deviation 1 over those known."""
        return np.asarray((self._bend(self._log(losses)) - self._mean) / self._sd)

    def to_loss(self, scores: Floats) -> Floats:
        """The inverse, of any shape; never below the ideal."""
        bent = scores * self._sd + self._mean
        share = np.where(bent > 1, np.exp(np.maximum(bent - 1, 0) / BEND), bent)
        share = np.clip(share, -FARTHEST, FARTHEST)
        distance = np.exp(np.minimum(self._low + share * self._range, 20.0)) - FLOOR
        return np.asarray(self._ideal + self._span * np.maximum(distance, 0))

    def _log(self, losses: Floats) -> Floats:
        distance = np.maximum(losses - self._ideal, 0) / self._span
        return np.asarray(np.log(distance + FLOOR))

    def _bend(self, logs: Floats) -> Floats:
        share = (logs - self._low) / self._range
        return np.where(share > 1, 1 + BEND * np.log(np.maximum(share, 1)), share)
