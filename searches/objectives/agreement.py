"""How far two scores order the same things alike: Kendall's tau, Spearman's rho, their errors.

Sources: Kendall: The treatment of ties in ranking problems, Biometrika 33, 1945 (tau-b). Efron,
Tibshirani: An Introduction to the Bootstrap, 1993, chapter 6 (standard errors).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Samples drawn anew for a standard error: it is then good to 3 % of itself.
RESAMPLES = 500


@dataclass(frozen=True)
class Agreement:
    """How a score orders n things, compared with what they turned out to be.

    Attributes:
        tau: 1 in the same order, -1 in the opposite one, 0 by chance.
        error: standard error of tau: how much it would vary with other things of the same kind.
        n: number of things.
    """

    tau: float
    error: float
    n: int

    def to_json(self) -> dict[str, float | int]:
        return {"tau": round(self.tau, 4), "error": round(self.error, 4), "n": self.n}


def kendall(score: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Kendall's tau-b of two scores [n] of the same things; 0 where one of them is constant."""
    taus = _taus(_order(score), _order(truth), np.ones((1, len(np.asarray(truth)))))
    return float(taus[0])


def agreement(
    score: npt.ArrayLike,
    truth: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Kendall's tau-b of a score [n] and the truth [n], with its bootstrapped standard error.

    A generator in the same state draws the same samples, so that two scores of the same things
    can be compared sample by sample.
    """
    taus = resampled_taus(score, truth, rng, resamples=resamples)
    return Agreement(float(taus[0]), float(taus[1:].std(ddof=1)), len(np.asarray(truth)))


def resampled_taus(
    score: npt.ArrayLike,
    truth: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> Floats:
    """[1 + resamples] tau-b: of the things, then of samples drawn anew from them."""
    theirs = _order(truth)
    return _taus(_order(score), theirs, _weights(len(theirs), rng, resamples))


def resampled_rhos(
    score: npt.ArrayLike,
    truth: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> Floats:
    """[1 + resamples] Spearman's rho, the correlation of ranks; 0 where a score is constant."""
    theirs = _order(truth)
    weights = _weights(len(theirs), rng, resamples)
    # Twice the rank less the mean rank: how many are below, less how many are above.
    ranks = [weights @ order.T for order in (_order(score), theirs)]  # [1 + resamples, n]

    def product(a: Floats, b: Floats) -> Floats:
        return np.asarray((weights * a * b).sum(axis=1))

    untied = np.sqrt(product(ranks[0], ranks[0]) * product(ranks[1], ranks[1]))
    return np.asarray(product(*ranks) / np.where(untied > 0, untied, 1.0))


def chance_error(n: int) -> float:
    """Standard deviation of tau between two orders of n things that have nothing in common.

    (Kendall: Rank Correlation Methods, 1948, section 4.)
    """
    return math.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)))


def lead(
    score: npt.ArrayLike,
    other: npt.ArrayLike,
    truth: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> Agreement:
    """By how much the tau of a score [n] is above that of another one, of the same things."""
    theirs = _order(truth)
    n = len(theirs)
    weights = _weights(n, rng, resamples)
    ahead = _taus(_order(score), theirs, weights) - _taus(_order(other), theirs, weights)
    return Agreement(float(ahead[0]), float(ahead[1:].std(ddof=1)), n)


def _weights(n: int, rng: np.random.Generator, resamples: int) -> Floats:
    """[1 + resamples, n] how often each thing is there: once, then as often as it was drawn."""
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    return np.concatenate([np.ones((1, n)), drawn])


def _order(values: npt.ArrayLike) -> Floats:
    """[n, n] sign of the difference of each pair."""
    array = np.asarray(values, dtype=np.float64)
    return np.sign(array[:, None] - array[None, :])


def _taus(ours: Floats, theirs: Floats, weights: Floats) -> Floats:
    """Tau-b of samples in which thing j is weights[i, j] times: [n_samples]."""

    def total(pairs: Floats) -> Floats:
        return np.asarray(((weights @ pairs) * weights).sum(axis=1))

    untied = np.sqrt(total(np.abs(ours)) * total(np.abs(theirs)))
    return np.asarray(total(ours * theirs) / np.where(untied > 0, untied, 1.0))
