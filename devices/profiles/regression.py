"""Latency of operations that were not measured, from those that were; JSON, never a pickle.

Two parts. The first is a sum of amounts of work (multiply-accumulates dense and depthwise,
activations, weights, primitives …) with non-negative prices, fitted in relative error: it cannot
leave the range of what is physical. The second is a ridge regression of the logarithm of what
the first leaves over, on shape features; its correction never exceeds the largest one seen, and
features are cut at the edges of the data. A ridge on the features alone, as in nn-Meter's and our
own earlier tables, was as good on the average row, but off by a factor of 12 on the worst ones of
a table of 461 blocks, where a row with a rare feature decides a slope; with the prices below it
the worst row was off by 40 % (measured with 40 rows of that table).

Least squares with bounds after Franc, Hlavac, Navara: Sequential coordinate-wise algorithm for
the non-negative least squares problem, CAIP 2005.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from devices.profiles import features
from devices.profiles.estimates import PREDICTED, Estimate, Floats
from devices.profiles.operations import Operation

OWN_ROWS = 10  # a type of operation with so many rows gets a regressor of its own
LEAST_ROWS = 8  # below there is none at all
MOST_ROWS = 4000  # of a larger table so many at random: more change nothing but the waiting
N_FOLDS = 5
PENALTIES = tuple(float(p) for p in np.logspace(5, -1, 13))  # from no correction to a free one
WORTH = 0.98  # a weaker penalty must lower the error by 2 %
LEAST_SIGMA = 0.05  # the rows left out of a plan are not quite like those in it
SWEEPS = 200
SHARED = "all types"


@dataclass(frozen=True, slots=True)
class Regressor:
    """Coefficients of one fit. `sigma` is the cross-validated error of the logarithm."""

    name: str
    types: tuple[str, ...]
    n_rows: int
    sigma: float
    penalty: float
    prices: tuple[float, ...]  # ms per unit of features.WORK
    low: tuple[float, ...]  # per feature of features.SHAPE: range, mean, scale, slope
    high: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    slopes: tuple[float, ...]
    intercept: float
    least: float  # smallest and largest correction
    most: float

    def to_json(self) -> dict[str, Any]:
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Regressor":
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)

    def log_latency(self, work: Floats, shape: Floats) -> Floats:
        """Returns [n] logarithms of ms from [n, WORK] and [n, SHAPE]."""
        return np.asarray(_log_sum(work, np.array(self.prices)) + self._correction(shape))

    def estimates(self, operations: Sequence[Operation]) -> list[Estimate]:
        """Returns one estimate per operation.

        Outside the range of the rows the interval widens with the logarithm of how far.
        """
        shape = features.shape(operations)
        latency_ms = np.exp(self.log_latency(features.work(operations), shape))
        beyond = np.maximum(np.array(self.low) - shape, shape - np.array(self.high))
        sigma = self.sigma * (1 + np.maximum(beyond.max(axis=1, initial=0.0), 0.0))
        pairs = zip(latency_ms.tolist(), sigma.tolist(), strict=True)
        return [Estimate(ms, spread, PREDICTED, self.name) for ms, spread in pairs]

    def _correction(self, shape: Floats) -> Floats:
        inside = np.clip(shape, self.low, self.high)
        standard = (inside - np.array(self.mean)) / np.array(self.scale)
        correction = self.intercept + standard @ np.array(self.slopes)
        return np.asarray(np.clip(correction, self.least, self.most))


def fit(operations: Sequence[Operation], latency_ms: Sequence[float]) -> list[Regressor]:
    """Returns a regressor per type with at least ten rows, and one over all rows for the others.

    Args:
        operations: measured operations, each once.
        latency_ms: their times, above 0.
    """
    if len(operations) < LEAST_ROWS:
        return []
    if len(operations) > MOST_ROWS:
        chosen = np.random.default_rng(0).choice(len(operations), MOST_ROWS, replace=False)
        operations = [operations[i] for i in chosen]
        latency_ms = [latency_ms[i] for i in chosen]
    work, shape = features.work(operations), features.shape(operations)
    target = np.log(np.asarray(latency_ms, dtype=np.float64))
    types = np.array([op.type for op in operations])
    names, counts = np.unique(types, return_counts=True)
    own = [str(name) for name in names[counts >= OWN_ROWS]]
    found = []
    for name in own:
        rows = types == name
        found.append(_fit(name, (name,), work[rows], shape[rows], target[rows]))
    rest = tuple(str(name) for name in names if name not in own)
    if rest:
        found.append(_fit(SHARED, rest, work, shape, target))
    return found


def _fit(
    name: str, types: tuple[str, ...], work: Floats, shape: Floats, target: Floats
) -> Regressor:
    """Returns the regressor whose penalty has the smallest cross-validated error."""
    n_rows = len(target)
    errors = _cross_validated(work, shape, target)  # [n_penalties, n]
    rms = np.sqrt((errors**2).mean(axis=1))
    best = 0
    for index in range(1, len(PENALTIES)):
        if rms[index] < WORTH * rms[best]:
            best = index
    prices = prices_of(work, np.exp(target))
    values = _corrected(prices, shape, target - _log_sum(work, prices), PENALTIES[best])
    # Few rows estimate their own error badly: widen as the t distribution does.
    sigma = float(rms[best]) * math.sqrt(1 + 8 / n_rows)
    return Regressor(name, types, n_rows, max(sigma, LEAST_SIGMA), PENALTIES[best], **values)


def _cross_validated(work: Floats, shape: Floats, target: Floats) -> Floats:
    """Returns [n_penalties, n] errors of rows that were left out, prices fitted anew each time."""
    n_rows = len(target)
    folds = np.random.default_rng(0).permutation(n_rows) % N_FOLDS
    errors = np.empty((len(PENALTIES), n_rows))
    for fold in range(N_FOLDS):
        rows, left_out = folds != fold, folds == fold
        prices = prices_of(work[rows], np.exp(target[rows]))
        rest = target[rows] - _log_sum(work[rows], prices)
        for index, penalty in enumerate(PENALTIES):
            values = _corrected(prices, shape[rows], rest, penalty)
            regressor = Regressor("", (), 0, 0.0, penalty, **values)
            predicted = regressor.log_latency(work[left_out], shape[left_out])
            errors[index, left_out] = predicted - target[left_out]
    return errors


def _corrected(prices: Floats, shape: Floats, rest: Floats, penalty: float) -> dict[str, Any]:
    """Returns the fields of a regressor: prices, and a ridge of what they leave over."""
    mean, scale = shape.mean(axis=0), shape.std(axis=0)
    scale = np.where(scale < 1e-9, 1.0, scale)
    standard = (shape - mean) / scale
    normal = standard.T @ standard + penalty * np.eye(shape.shape[1])
    slopes = np.linalg.solve(normal, standard.T @ (rest - rest.mean()))
    vectors = {"prices": prices, "mean": mean, "scale": scale, "slopes": slopes}
    vectors |= {"low": shape.min(axis=0), "high": shape.max(axis=0)}
    numbers = {"intercept": rest.mean(), "least": rest.min(), "most": rest.max()}
    return {
        **{key: tuple(map(float, vector)) for key, vector in vectors.items()},
        **{key: float(number) for key, number in numbers.items()},
    }


def _log_sum(work: Floats, prices: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(work @ prices, 1e-9)))


def prices_of(work: Floats, latency_ms: Floats) -> Floats:
    """Returns non-negative prices per unit of work, least squares of the relative error."""
    relative = work / latency_ms[:, None]
    scale = relative.mean(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    columns = relative / scale
    return _non_negative(columns.T @ columns, columns.sum(axis=0)) / scale


def _non_negative(normal: Floats, right: Floats) -> Floats:
    """Returns the non-negative x that minimises x·normal·x/2 - right·x, one after the other."""
    x: npt.NDArray[np.float64] = np.zeros(len(right))
    used = np.flatnonzero(np.diag(normal) > 0)
    for _ in range(SWEEPS):
        for j in used:
            x[j] = max(0.0, x[j] - (normal[j] @ x - right[j]) / normal[j, j])
    return x


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
