"""What some of a profile's networks teach about the others: prices of work, and a calibration."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from devices.profiles import calibration, prices, pricing
from devices.profiles.calibration import Calibration
from devices.profiles.cost_table import Costs, CostTable
from devices.profiles.estimates import ANALYTIC, MISSING, PREDICTED, WHOLE_NETWORKS
from devices.profiles.latency import LatencyChain
from devices.profiles.networks import Network
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile

N_PARTS = 5
RAW = Calibration(sigma=0.0)  # what rows and prices alone say

Fits = dict[str, Any]
Flags = npt.NDArray[np.bool_]


class Study:
    """The networks of a profile, and what some of them teach about the others."""

    def __init__(self, profile: Profile, fits: Fits, timed: Sequence[Network]) -> None:
        self.timed = timed
        self.measured_ms = np.array([network.measured_ms for network in timed])
        self.macs = np.array([float(network.macs()) for network in timed])
        self.operations, self.rows = _numbered(timed)
        chain = LatencyChain(profile, fits)
        self._plain = pricing.on_device(self.operations, profile, chain, RAW)
        self._has_entries = chain.rows.has_entries
        # What no row says anything about: prices go before the data sheet.
        is_weak = np.isin(self._plain.provenance, (MISSING, ANALYTIC)).tolist()
        has_row = [chain.rows.row(op) is not None for op in self.operations]
        self._open = np.array(is_weak, dtype=bool) & ~np.array(has_row, dtype=bool)
        self._amounts = prices.amounts(self.operations)

    def learnt(self, chosen: Flags) -> Fits:
        """Prices and calibration from the chosen networks."""
        if not self._open.any():
            line = self._line(chosen, self._plain)
            return {"prices": None, "calibration": line.to_json()}
        found = self._prices(chosen)
        if found is None:
            line = self._line(chosen, self._plain)
        else:
            line = self._line_of_prices(chosen, found)
        return {"prices": found, "calibration": line.to_json()}

    def costs(self, learnt: Fits, unseen: npt.NDArray[np.int64]) -> Costs:
        """What networks cost by what was learnt."""
        line = Calibration.from_json(learnt["calibration"])
        return pricing.calibrated(self._table(learnt["prices"]), line).total(self.rows[unseen])

    def _prices(self, chosen: Flags) -> Fits | None:
        which = np.flatnonzero(chosen).tolist()
        return prices.fit([self.timed[i].operations for i in which], self.measured_ms[which])

    def _table(self, found: Fits | None) -> CostTable:
        """The table without calibration; with prices as the chain of estimates uses them."""
        if found is None:
            return self._plain
        plain, priced = self._plain, self._amounts @ np.array(found["prices"])
        places = zip(plain.sources, self._open, strict=True)
        return replace(
            plain,
            latency_ms=np.where(self._open, priced, plain.latency_ms),
            network_ms=np.where(self._open, priced, plain.network_ms),
            latency_sigma=np.where(self._open, prices.SIGMA, plain.latency_sigma),
            provenance=np.where(self._open, PREDICTED, plain.provenance).astype(np.int8),
            sources=tuple(WHOLE_NETWORKS if is_open else source for source, is_open in places),
            overhead_ms=plain.overhead_ms if self._has_entries else found["constant_ms"],
        )

    def _line(self, chosen: Flags, table: CostTable) -> Calibration:
        costs = table.total(self.rows)
        usable = chosen & (costs.latency_ms > 0)  # false for NaN
        squares = costs.latency_sigma[usable] ** 2
        return calibration.fit(costs.latency_ms[usable], squares, self.measured_ms[usable])

    def _line_of_prices(self, chosen: Flags, found: Fits) -> Calibration:
        """The line of networks that also made the prices; its spread is that of networks unseen.

        Without a single row the prices are fitted to the networks already.
        """
        errors, squares = np.full(len(chosen), np.nan), np.full(len(chosen), np.nan)
        for part in parts(np.flatnonzero(chosen)):
            others = chosen.copy()
            others[part] = False
            table = self._table(self._prices(others))
            line = self._line(others, table) if self._has_entries else RAW
            costs = pricing.calibrated(table, line).total(self.rows[part])
            errors[part] = np.log(self.measured_ms[part] / costs.latency_ms)
            squares[part] = table.total(self.rows[part]).latency_sigma ** 2
        known, n = np.isfinite(errors), int(chosen.sum())
        fitted = Calibration(n_networks=n)
        if self._has_entries:
            fitted = self._line(chosen, self._table(found))
        if not known.any():
            return replace(fitted, sigma=Calibration().sigma, n_networks=n)
        variance = calibration.widened(errors[known])
        return calibration.spread(fitted, variance, float(squares[known].mean()))


def _numbered(timed: Sequence[Network]) -> tuple[list[Operation], npt.NDArray[np.int64]]:
    """The distinct operations of all networks, and [n, longest] rows of them; -1: none."""
    numbers: dict[Operation, int] = {}
    lists = [
        [numbers.setdefault(op, len(numbers)) for op in network.operations] for network in timed
    ]
    rows = np.full((len(lists), max(map(len, lists), default=0)), -1)
    for row, found in zip(rows, lists, strict=True):
        row[: len(found)] = found
    return list(numbers), rows


def parts(members: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """The members in five parts, the same ones each time; fewer members, fewer parts."""
    order = np.random.default_rng(0).permutation(members)
    for start in range(min(N_PARTS, len(order))):
        yield order[start::N_PARTS]
