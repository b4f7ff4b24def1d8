"""How good predicted latencies of networks are, beside what their multiply-accumulates tell."""

from typing import Any

import numpy as np
import numpy.typing as npt

from devices.profiles.estimates import Floats

DIGITS = 6


def report(
    measured_ms: Floats, predicted_ms: Floats, ends_ms: tuple[Floats, Floats]
) -> dict[str, Any]:
    """Returns the figures of n networks that were not learnt from, as JSON; shares from 0 to 1.

    `mape` is the mean of the absolute relative errors, `bias` that of the signed ones (above 0:
    predicted too high), `within_5` and `within_10` the share of networks within 5 and 10 %,
    `spearman` the rank correlation (None where it is not defined), `coverage` the share of
    networks inside of their 90 % interval.

    Args:
        measured_ms: [n], n at least 1.
        predicted_ms: [n].
        ends_ms: [n] lower and [n] upper ends of the intervals.
    """
    errors = predicted_ms / measured_ms - 1
    inside = (ends_ms[0] <= measured_ms) & (measured_ms <= ends_ms[1])
    return {
        "n": len(measured_ms),
        "mape": _figure(np.abs(errors).mean()),
        "within_5": _figure((np.abs(errors) <= 0.05).mean()),
        "within_10": _figure((np.abs(errors) <= 0.10).mean()),
        "bias": _figure(errors.mean()),
        "spearman": spearman(measured_ms, predicted_ms),
        "coverage": _figure(inside.mean()),
    }


def spearman(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Rank correlation with mean ranks for ties; None when one side has no order at all."""
    a, b = (_ranks(np.asarray(values, dtype=np.float64)) for values in (first, second))
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return _figure((a @ b) / norm) if norm else None


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def _figure(value: Any) -> float:
    return round(float(value), DIGITS)
