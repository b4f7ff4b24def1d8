"""CostTable: what operations cost, and the sums over networks.

Every cost is worked out once per distinct operation of a space; a network is then a row of
indices into that table, and a whole matrix of networks is gathered and summed at once.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.profiles import latency
from devices.profiles.calibration import LEAST_SHARE, Calibration
from devices.profiles.estimates import ANALYTIC, MISSING, PROVENANCES, Floats, correlation

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]

ANALYTIC_LIMIT: Final = 0.5  # share of a latency from the data sheet that is too much for a limit
FIXED: Final = 8  # columns of every table of sums
UNCALIBRATED: Final = Calibration()
CHUNK: Final = 2048  # networks summed at once: the sums stay in the cache of a core


@dataclass(frozen=True)
class Costs:
    """Costs of m networks; latency and energy are those of the profile's whole batch.

    `latency_sigma` is the standard deviation of the logarithm, `provenance` the weakest one used
    (an index into PROVENANCES, -1 where an operation has no latency), `shares` [m, 5] how much of
    the latency each provenance has. `energy_provenance` is analytic unless the energy of every
    operation was measured, -1 where it is unknown. `is_too_analytic` marks networks whose latency
    comes mostly from a data sheet although that was not asked for: no hard limit should rest on
    it.
    """

    latency_ms: Floats
    latency_low_ms: Floats
    latency_high_ms: Floats
    latency_sigma: Floats
    provenance: Codes
    shares: Floats
    is_too_analytic: npt.NDArray[np.bool_]
    energy_mj: Floats
    energy_provenance: Codes
    storage_bytes: Integers
    peak_memory_bytes: Integers
    macs: Integers
    parameters: Integers

    def latency_quantile_ms(self, z: float) -> Floats:
        """Latency that is not exceeded with the probability of z: 0.8416 for 80 %."""
        return np.asarray(self.latency_ms * np.exp(z * self.latency_sigma))


@dataclass(frozen=True)
class CostTable:
    """Costs of n operations, one row each; NaN is unknown.

    `latency_ms` and `energy_mj` are those of the operation alone. In a network it adds
    `network_ms` and `network_mj`, and the network as a whole `overhead_ms` and `overhead_mj`:
    the call of the runtime, which every measured row paid for itself. What is added is scaled as
    measured networks demand, and the offset of their line is part of `overhead_ms`.
    """

    latency_ms: Floats
    latency_sigma: Floats
    provenance: Codes
    sources: tuple[str, ...]
    energy_mj: Floats
    energy_provenance: Codes
    weight_bytes: Integers
    storage_bytes: Integers
    peak_bytes: Integers
    macs: Integers
    parameters: Integers
    network_ms: Floats
    network_mj: Floats
    overhead_ms: float = 0.0
    overhead_mj: float = 0.0
    calibration: Calibration = UNCALIBRATED
    allow_analytic: bool = True
    weights_in_memory: bool = True

    @property
    def has_latency(self) -> bool:
        """Whether every operation has a latency."""
        return not bool(np.isnan(self.latency_ms).any())

    @property
    def has_energy(self) -> bool:
        """Whether every operation has an energy."""
        return not bool(np.isnan(self.energy_mj).any())

    def slot_costs(self, measure: str) -> tuple[Floats, float]:
        """Returns [n] costs that add up over the operations of a network, and a constant on top.

        For `SearchSpace.extreme`. Peak memory does not add up and has none.

        Raises:
            KeyError: not a cost that adds up.
        """
        found: dict[str, tuple[Floats, float]] = {
            "latency": (self.network_ms, self.overhead_ms),
            "energy": (self.network_mj, self.overhead_mj),
            "storage": (self.storage_bytes.astype(np.float64), 0.0),
            "macs": (self.macs.astype(np.float64), 0.0),
            "parameters": (self.parameters.astype(np.float64), 0.0),
        }
        return found[measure]

    def total(self, indices: npt.ArrayLike) -> Costs:
        """Returns the costs of networks.

        Args:
            indices: [m, S] rows of this table, -1 where a network has no operation.

        Raises:
            IndexError: an index is outside the table.
        """
        rows = np.atleast_2d(np.asarray(indices))
        n_operations = len(self.latency_ms)
        if rows.size and (rows.max() >= n_operations or rows.min() < -1):
            raise IndexError(f"Indices lie between -1 and {n_operations - 1}.")
        columns, peaks = self._columns, self._peaks
        sums = np.zeros((len(rows), columns.shape[1]))
        highest = np.zeros(len(rows))
        for start in range(0, len(rows), CHUNK):
            part = slice(start, start + CHUNK)
            _gather(rows[part], columns, peaks, sums[part], highest[part])
        return self._costs(sums, highest)

    @cached_property
    def _used(self) -> tuple[int, ...]:
        """Provenances of latencies that occur."""
        return _occurring(self.provenance)

    @cached_property
    def _used_for_energy(self) -> tuple[int, ...]:
        return _occurring(self.energy_provenance)

    @cached_property
    def _columns(self) -> Floats:
        """[n+1, FIXED+G+P+E] what is summed; the last row, all 0, stands for no operation.

        Columns: 1, latency, energy, weights, storage, MACs, parameters, the squared errors that
        are independent; per source of errors their sum; per provenance the latency; per
        provenance of energies their number.
        """
        errors = np.nan_to_num(self.latency_ms * self.latency_sigma)
        errors *= self.calibration.scale * math.sqrt(self.calibration.row_variance)
        rho = np.array([correlation(source) for source in self.sources])
        columns: list[npt.NDArray[Any]] = [np.ones(len(errors)), self.network_ms, self.network_mj]
        columns += [self.weight_bytes, self.storage_bytes, self.macs, self.parameters]
        columns.append(errors**2 * (1 - rho))
        for name in self._shared:
            belongs = np.array([source == name for source in self.sources])
            columns.append(belongs * errors * math.sqrt(correlation(name)))
        for code in self._used:
            columns.append(np.where(self.provenance == code, self.network_ms, 0.0))
        columns += [self.energy_provenance == code for code in self._used_for_energy]
        table = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
        return np.concatenate([table, np.zeros((1, table.shape[1]))])

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        return tuple(sorted({source for source in self.sources if source}))

    @cached_property
    def _peaks(self) -> Floats:
        return np.append(self.peak_bytes.astype(np.float64), 0.0)

    def _costs(self, sums: Floats, highest: Floats) -> Costs:
        shared = FIXED + len(self._shared)
        is_there = (sums[:, 0] > 0).astype(np.float64)  # a network of nothing costs nothing
        latency_ms = sums[:, 1] + self.overhead_ms * is_there
        if self.overhead_ms < 0:
            latency_ms = np.maximum(latency_ms, LEAST_SHARE * sums[:, 1])
        squares = sums[:, FIXED - 1] + (sums[:, FIXED:shared] ** 2).sum(axis=1)
        sigma = _sigma(latency_ms, squares, self.calibration.sigma)
        low_ms, high_ms = latency.interval(latency_ms, sigma)
        by_provenance, energies = np.split(sums[:, shared:], [len(self._used)], axis=1)
        shares = _shares(by_provenance, self._used)
        energy_mj = sums[:, 2] + self.overhead_mj * is_there
        weights = sums[:, 3]
        in_memory = highest + weights if self.weights_in_memory else highest
        return Costs(
            latency_ms=latency_ms,
            latency_low_ms=low_ms,
            latency_high_ms=high_ms,
            latency_sigma=sigma,
            provenance=_weakest(shares, latency_ms),
            shares=shares,
            is_too_analytic=(shares[:, ANALYTIC] > ANALYTIC_LIMIT) & (not self.allow_analytic),
            energy_mj=energy_mj,
            energy_provenance=_weakest(_shares(energies, self._used_for_energy), energy_mj),
            storage_bytes=np.rint(sums[:, 4]).astype(np.int64),
            peak_memory_bytes=np.rint(in_memory).astype(np.int64),
            macs=np.rint(sums[:, 5]).astype(np.int64),
            parameters=np.rint(sums[:, 6]).astype(np.int64),
        )


def _gather(
    rows: npt.NDArray[Any], columns: Floats, peaks: Floats, sums: Floats, highest: Floats
) -> None:
    """Adds the rows [c, S] slot by slot to `sums` [c, q] and takes the highest peak [c]."""
    picked, picked_peaks = np.empty_like(sums), np.empty_like(highest)
    for slot in np.ascontiguousarray(rows.T):
        np.take(columns, slot, axis=0, out=picked, mode="wrap")  # -1 is the row of zeros
        np.add(sums, picked, out=sums)
        np.take(peaks, slot, out=picked_peaks, mode="wrap")
        np.maximum(highest, picked_peaks, out=highest)


def _sigma(latency_ms: Floats, squared_errors: Floats, calibration: float) -> Floats:
    """Returns [m] standard deviations of the logarithm; that of the calibration is in."""
    relative = squared_errors / np.where(latency_ms > 0, latency_ms, 1.0) ** 2
    return np.asarray(np.sqrt(calibration**2 + relative))


def _occurring(provenance: Codes) -> tuple[int, ...]:
    return tuple(int(code) for code in np.unique(provenance) if code != MISSING)


def _shares(parts: Floats, codes: tuple[int, ...]) -> Floats:
    """Returns [m, 5] shares of the provenances `codes`, given their parts [m, c] as known."""
    total = parts.sum(axis=1)
    shares = np.zeros((len(total), len(PROVENANCES)))
    if codes:
        shares[:, list(codes)] = parts
    return np.asarray(shares / np.where(total > 0, total, 1.0)[:, None])


def _weakest(shares: Floats, values: Floats) -> Codes:
    """Returns the weakest provenance that has a share, -1 where the value is unknown."""
    last = shares.shape[1] - 1 - (shares[:, ::-1] > 0).argmax(axis=1)
    known = ~np.isnan(values) & (shares > 0).any(axis=1)
    return np.where(known, last, MISSING).astype(np.int8)
