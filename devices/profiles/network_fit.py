"""Latency of whole networks from numbers that describe them, where no layer can be priced.

A ridge regression of the time on the numbers and their products, in relative error, penalty and
degree by cross-validation. It serves tables such as those of HAT, whose features are averages over
layers. On its eight published tables 1600 rows predict 400 others to 0.6–5.9 % (mean absolute
error); plain numbers without products do 1.8–6.1 % (measured).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from devices.profiles.estimates import Floats
from devices.profiles.profile import ModelRow

FEWEST_ROWS = 20
MOST_FEATURES = 30
N_FOLDS = 5
PENALTIES = tuple(float(p) for p in np.logspace(-3, 3, 13))
LEAST_SHARE = 0.01  # of the smallest time seen: no prediction is below


@dataclass(frozen=True, slots=True)
class NetworkFit:
    """Coefficients, and the errors of rows that were left out of the fit.

    `mape` is the mean absolute error, `within` the share of rows predicted to 10 %, `spearman`
    the rank correlation, `sigma` the standard deviation of the logarithm.
    """

    names: tuple[str, ...]
    degree: int
    penalty: float
    mean: tuple[float, ...]  # of each number, then its scale
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]  # constant first, in ms
    least_ms: float
    n_rows: int
    mape: float
    within: float
    spearman: float
    sigma: float

    def to_json(self) -> dict[str, Any]:
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "NetworkFit":
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)

    def latency_ms(self, archs: Sequence[Mapping[str, Any]]) -> Floats:
        """Returns [n] times of the networks.

        Raises:
            KeyError: a network lacks one of the numbers.
        """
        numbers = np.array([[float(arch[name]) for name in self.names] for arch in archs])
        standard = (numbers.reshape(-1, len(self.names)) - self.mean) / np.array(self.scale)
        predicted = _columns(standard, self.degree) @ np.array(self.coefficients)
        return np.asarray(np.maximum(predicted, self.least_ms))


def fit(rows: Sequence[ModelRow]) -> NetworkFit | None:
    """The predictor of rows that have the same numbers; None without enough of them.

    Rows that are held out take no part.
    """
    used = [row for row in rows if row.split != "holdout"]
    names = _names(used)
    if len(used) < FEWEST_ROWS or not 0 < len(names) <= MOST_FEATURES:
        return None
    numbers = np.array([[float(row.arch[name]) for name in names] for row in used])
    latency_ms = np.array([row.mean_ms for row in used])
    mean, scale = numbers.mean(axis=0), numbers.std(axis=0)
    scale = np.where(scale < 1e-9, 1.0, scale)
    standard = (numbers - mean) / scale
    least_ms = LEAST_SHARE * float(latency_ms.min())
    degree, penalty, left_out = _best(standard, latency_ms, least_ms)
    ratio = left_out / latency_ms
    return NetworkFit(
        names=names,
        degree=degree,
        penalty=penalty,
        mean=tuple(map(float, mean)),
        scale=tuple(map(float, scale)),
        coefficients=tuple(map(float, _solved(_columns(standard, degree), latency_ms, penalty))),
        least_ms=least_ms,
        n_rows=len(used),
        mape=float(np.abs(ratio - 1).mean()),
        within=float((np.abs(ratio - 1) <= 0.1).mean()),
        spearman=_rank_correlation(left_out, latency_ms),
        sigma=float(np.sqrt((np.log(ratio) ** 2).mean())),
    )


def _names(rows: Sequence[ModelRow]) -> tuple[str, ...]:
    """Members of the architectures that are plain numbers in every row."""
    if not rows:
        return ()
    first = rows[0].arch
    return tuple(name for name in first if all(_is_number(row.arch.get(name)) for row in rows))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12


def _best(standard: Floats, latency_ms: Floats, least_ms: float) -> tuple[int, float, Floats]:
    """Degree and penalty of the smallest error, and [n] predictions of rows left out."""
    folds = np.random.default_rng(0).permutation(len(latency_ms)) % N_FOLDS
    best: tuple[float, int, float, Floats] = (np.inf, 1, PENALTIES[-1], latency_ms)
    for degree in (1, 2):
        columns = _columns(standard, degree)
        for penalty in PENALTIES:
            predicted = np.empty_like(latency_ms)
            for fold in range(N_FOLDS):
                inside, outside = folds != fold, folds == fold
                solved = _solved(columns[inside], latency_ms[inside], penalty)
                predicted[outside] = columns[outside] @ solved
            predicted = np.maximum(predicted, least_ms)
            error = float(np.abs(predicted / latency_ms - 1).mean())
            if error < best[0]:
                best = (error, degree, penalty, predicted)
    return best[1:]


def _columns(standard: Floats, degree: int) -> Floats:
    """Returns [n, 1 + f (+ products)] columns, the constant first."""
    parts = [np.ones((len(standard), 1)), standard]
    if degree == 2:
        pairs = combinations_with_replacement(range(standard.shape[1]), 2)
        parts += [(standard[:, i] * standard[:, j])[:, None] for i, j in pairs]
    return np.hstack(parts)


def _solved(columns: Floats, latency_ms: Floats, penalty: float) -> Floats:
    """Returns coefficients of the least relative error; the constant is not penalised."""
    weights = 1 / latency_ms
    weighted = columns * (weights / np.sqrt((weights**2).mean()))[:, None]
    target = latency_ms * weights / np.sqrt((weights**2).mean())
    normal = weighted.T @ weighted + penalty * np.diag([1e-9, *[1.0] * (columns.shape[1] - 1)])
    return np.asarray(np.linalg.solve(normal, weighted.T @ target))


def _rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's, 0 where one of both is constant; ties in order of appearance."""
    if not a.std() or not b.std():
        return 0.0
    first, second = (np.argsort(np.argsort(values, kind="stable")) for values in (a, b))
    return float(np.corrcoef(first, second)[0, 1])
