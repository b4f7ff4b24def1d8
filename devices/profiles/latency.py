"""The chain that gives every operation a latency, and the interval of a network's sum.

Each step is tried only where those before have nothing: the row itself, the same block at
another resolution, the rows of its primitives, a regression over the rows, prices of work from
whole networks, the data sheet.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from devices.profiles import composition, network_fit, prices, regression
from devices.profiles.estimates import Estimate, Floats
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile
from devices.profiles.regression import Regressor
from devices.profiles.roofline import Roofline
from devices.profiles.table import RowTable

FITS_SCHEMA = "webnas.fits/1"
Z_90 = 1.6449  # of the normal distribution, two-sided 90 %


def fit(profile: Profile) -> dict[str, Any]:
    """Returns everything that is learnt from the rows of a profile, as JSON."""
    table = RowTable(profile)
    rows = table.measured()
    networks = network_fit.fit(profile.models)
    regressors = regression.fit([row.op for row in rows], [row.mean_ms for row in rows])
    return {
        "schema": FITS_SCHEMA,
        "profile_sha256": profile.content_sha256(),
        "regressors": [regressor.to_json() for regressor in regressors],
        "primitives": composition.fit(table),
        "networks": networks.to_json() if networks else None,
    }


class LatencyChain:
    """Estimates of operations on one device."""

    def __init__(self, profile: Profile, fits: Mapping[str, Any]) -> None:
        self.rows = RowTable(profile)
        self.roofline = Roofline(profile)
        self._bias: Mapping[str, float] = fits["primitives"]
        self._prices: Mapping[str, Any] | None = fits.get("prices")
        self._regressors: dict[str, Regressor] = {}
        for data in fits["regressors"]:
            regressor = Regressor.from_json(data)
            self._regressors.update(dict.fromkeys(regressor.types, regressor))

    def estimates(self, operations: Sequence[Operation]) -> list[Estimate | None]:
        """Returns one estimate per operation, None where no step has an answer."""
        found = [self._from_rows(op) for op in operations]
        open_places = [i for i, estimate in enumerate(found) if estimate is None]
        for regressor, places in self._by_regressor(operations, open_places).items():
            predicted = regressor.estimates([operations[i] for i in places])
            for place, estimate in zip(places, predicted, strict=True):
                found[place] = estimate
        open_places = [place for place in open_places if found[place] is None]
        if self._prices is not None:
            priced = prices.estimates([operations[i] for i in open_places], self._prices)
            for place, estimate in zip(open_places, priced, strict=True):
                found[place] = estimate
        for place in open_places:
            found[place] = found[place] or self.roofline.estimate(operations[place])
        return found

    @property
    def overhead_ms(self) -> float:
        """What a network pays once: the call, or what its prices leave without one."""
        if self.rows.has_entries or self._prices is None:
            return self.rows.overhead_ms
        return float(self._prices["constant_ms"])

    def _from_rows(self, op: Operation) -> Estimate | None:
        return (
            self.rows.exact(op)
            or self.rows.other_resolution(op)
            or composition.of_primitives(self.rows, op, self._bias)
        )

    def _by_regressor(
        self, operations: Sequence[Operation], places: Sequence[int]
    ) -> dict[Regressor, list[int]]:
        groups: dict[Regressor, list[int]] = {}
        for place in places:
            regressor = self._regressors.get(operations[place].type)
            if regressor is not None:
                groups.setdefault(regressor, []).append(place)
        return groups


def interval(latency_ms: Floats, sigma: Floats) -> tuple[Floats, Floats]:
    """Returns the lower and the upper end of the log-normal 90 % interval."""
    factor = np.exp(Z_90 * sigma)
    return latency_ms / factor, latency_ms * factor
