"""From the sum of a network's operations to its latency: a line through measured networks.

latency = scale · sum + offset, fitted in relative error. A few networks give the scale alone
(their median), five or more a line if it predicts left-out networks better. What such networks
are off by is the spread of the interval; with none it is a constant.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from devices.profiles.estimates import Floats

# Standard deviation of a network's sum of exact rows, as long as no network was timed end to end.
# The bias on one CPU was +8 and +14 % for the small OFA-MobileNetV3 space (quiet, busy), -8 and
# -13 % for the full one, -13 % for other networks (ALGORITHMS, section 10.2), within a set 4 %.
UNCALIBRATED_SIGMA = 0.12
FEW_SIGMA = 0.08  # of one or two networks: their bias is gone, their scatter unknown
FEW_ROWS_SIGMA = 0.15  # what one or two networks leave of the doubt about rows, at most
LEAST_SIGMA = 0.01
FEW = 3
LEAST_FOR_A_LINE = 5
WORTH = 0.95  # a line must lower the error of left-out networks by 5 %
T_WIDENING = 5.0
LEAST_SHARE = 0.1  # of the scaled sum that is left whatever is subtracted


@dataclass(frozen=True, slots=True)
class Calibration:
    """A line, and how far networks lie from it.

    `sigma` is the standard deviation of the logarithm that all networks share with no row,
    `row_variance` what is left of the variance of the rows: networks show that rows are better
    than each of them alone lets one hope.
    """

    scale: float = 1.0
    offset_ms: float = 0.0
    sigma: float = UNCALIBRATED_SIGMA
    row_variance: float = 1.0
    n_networks: int = 0

    def latency_ms(self, total_ms: Floats) -> Floats:
        """Latency of networks from the sums of their rows."""
        scaled = self.scale * total_ms
        return np.maximum(scaled + self.offset_ms, LEAST_SHARE * scaled)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Calibration":
        return cls(**data)


def fit(total_ms: Floats, row_variance: Floats, measured_ms: Floats) -> Calibration:
    """Returns the line through measured networks, and the spread around it.

    Args:
        total_ms: [n] sums of rows; NaN networks must be left out before.
        row_variance: [n] variance of the logarithm of each sum, without any calibration.
        measured_ms: [n] what the networks took.
    """
    n = len(measured_ms)
    if not n:
        return Calibration()
    scale, offset = line(total_ms, measured_ms)
    mean_rows = float(row_variance.mean())
    if n < FEW:
        left = min(1.0, FEW_ROWS_SIGMA**2 / mean_rows) if mean_rows else 1.0
        return Calibration(scale, offset, FEW_SIGMA, left, n)
    errors = left_out_errors(total_ms, measured_ms)
    return spread(Calibration(scale, offset, n_networks=n), widened(errors), mean_rows)


def widened(errors: Floats) -> float:
    """Variance of errors of networks that were left out, widened as the t distribution is.

    Few networks estimate their own spread badly.
    """
    return float((errors**2).mean()) * (1 + T_WIDENING / len(errors))


def spread(found: Calibration, variance: float, mean_rows: float) -> Calibration:
    """The calibration with a spread that explains so much variance, from rows as far as possible.

    Args:
        found: the line.
        variance: of the logarithms of measured to predicted, of networks that were left out.
        mean_rows: mean variance that the rows of these networks explain.
    """
    left = min(1.0, variance / mean_rows) if mean_rows else 1.0
    sigma = max(LEAST_SIGMA**2, variance - left * mean_rows) ** 0.5
    return Calibration(found.scale, found.offset_ms, sigma, left, found.n_networks)


def left_out_errors(total_ms: Floats, measured_ms: Floats) -> Floats:
    """Returns [n] logarithms of measured to predicted, each network left out of its own line."""
    errors = np.empty(len(measured_ms))
    for i in range(len(measured_ms)):
        others = np.arange(len(measured_ms)) != i
        found = Calibration(*line(total_ms[others], measured_ms[others]))
        errors[i] = np.log(measured_ms[i] / found.latency_ms(total_ms[i : i + 1])[0])
    return errors


def line(total_ms: Floats, measured_ms: Floats) -> tuple[float, float]:
    """Returns scale and offset; without networks 1 and 0."""
    if not len(measured_ms):
        return 1.0, 0.0
    scale = float(np.median(measured_ms / total_ms))
    if len(measured_ms) < LEAST_FOR_A_LINE:
        return scale, 0.0
    sloped = _sloped(total_ms, measured_ms)
    if sloped is None:
        return scale, 0.0
    plain = _error(scale * total_ms, measured_ms)
    return sloped if _left_out_error(total_ms, measured_ms) < WORTH * plain else (scale, 0.0)


def _left_out_error(total_ms: Floats, measured_ms: Floats) -> float:
    """Root mean square of the relative errors of lines through all networks but one."""
    n = len(measured_ms)
    columns = np.stack([total_ms, np.ones(n)], axis=1) / measured_ms[:, None]
    normal = np.linalg.pinv(columns.T @ columns)
    residuals = 1 - columns @ (normal @ columns.sum(axis=0))
    leverage = np.einsum("ij,jk,ik->i", columns, normal, columns)
    return float(np.sqrt(((residuals / np.maximum(1 - leverage, 1e-6)) ** 2).mean()))


def _sloped(total_ms: Floats, measured_ms: Floats) -> tuple[float, float] | None:
    """The line of least squares in relative error, None where it falls or leaves nothing."""
    columns = np.stack([total_ms, np.ones(len(total_ms))], axis=1) / measured_ms[:, None]
    found, *_ = np.linalg.lstsq(columns, np.ones(len(total_ms)), rcond=None)
    scale, offset = float(found[0]), float(found[1])
    smallest = scale * float(total_ms.min())
    return (scale, offset) if scale > 0 and offset > -0.5 * smallest else None


def _error(predicted_ms: Floats, measured_ms: Floats) -> float:
    return float(np.sqrt(((predicted_ms / measured_ms - 1) ** 2).mean()))
