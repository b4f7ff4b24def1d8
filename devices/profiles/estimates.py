"""Estimate: what one operation takes, how it came about and how far it may be off."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# From the strongest to the weakest; a code is an index. "measured" is for whole networks timed
# end to end, a sum of measured rows is "looked up".
PROVENANCES: Final = ("measured", "looked up", "interpolated", "predicted", "analytic")
MEASURED, LOOKED_UP, INTERPOLATED, PREDICTED, ANALYTIC = range(len(PROVENANCES))
MISSING: Final = -1

# Correlation of the errors of two rows with the same source. Rows of one regressor share half
# (DEVICES, section 7). So do interpolated rows: the bias of a network at a resolution between two
# measured ones was as large as the error of a single row (section 6.2). A roofline is off for all
# operations alike, its two constants being wrong.
WHOLE_NETWORKS: Final = "whole networks"  # prices of work that were fitted to them
CORRELATIONS: Final = {
    "interpolation": 0.5,
    "primitives": 0.5,
    "roofline": 1.0,
    WHOLE_NETWORKS: 1.0,
}
REGRESSOR_CORRELATION: Final = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """Latency of one operation alone.

    `sigma` is the standard deviation of its logarithm. `source` names what the error is shared
    with, an empty text if with nothing. `has_call` says that one call of the runtime is inside,
    which a network pays only once.
    """

    latency_ms: float
    sigma: float
    provenance: int
    source: str = ""
    has_call: bool = True


def correlation(source: str) -> float:
    """Correlation between the errors of two estimates with this source."""
    return CORRELATIONS.get(source, REGRESSOR_CORRELATION) if source else 0.0
