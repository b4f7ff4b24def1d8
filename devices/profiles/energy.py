"""Energy of one operation: its measured row, else power times time, else unknown.

Unknown is NaN and shown as "n/a". With constant power the energy is the latency rescaled, so it
says nothing that the latency does not.
"""

import math
from dataclasses import dataclass

from devices.profiles.estimates import ANALYTIC, MISSING, Estimate
from devices.profiles.operations import Operation
from devices.profiles.profile import Device
from devices.profiles.roofline import Roofline
from devices.profiles.table import RowTable

LEAST_UTILISATION = 0.3  # of a GPU: below it the idle parts still take power


@dataclass(frozen=True, slots=True)
class Energy:
    """Millijoules of one operation, alone and as a part of a network.

    `provenance` is that of its row where the energy was measured; power comes from the data
    sheet, so that power times time is analytic however well the time is known.
    """

    alone_mj: float
    in_network_mj: float
    provenance: int


UNKNOWN = Energy(math.nan, math.nan, MISSING)


class EnergyModel:
    """Energy of operations on one device."""

    def __init__(self, device: Device, rows: RowTable, roofline: Roofline) -> None:
        self._device, self._rows, self._roofline = device, rows, roofline

    def energy(self, op: Operation, estimate: Estimate, in_network_ms: float) -> Energy:
        """Energy for the whole batch, as the latency.

        Args:
            op: the operation.
            estimate: its latency alone.
            in_network_ms: its share of a network's latency, without the call.
        """
        row = self._rows.row(op)
        if row is not None and row.energy_mj is not None:
            return Energy(row.energy_mj, row.energy_mj, estimate.provenance)
        watts = self.power_w(op, estimate.latency_ms)
        alone_mj = watts * estimate.latency_ms  # W · ms = mJ
        if math.isnan(alone_mj):
            return UNKNOWN
        return Energy(alone_mj, watts * in_network_ms, ANALYTIC)

    def power_w(self, op: Operation | None, latency_ms: float) -> float:
        """Power while it runs, NaN if the device does not state it.

        A GPU that states no active power lies between idle and its limit, by how much of the
        binding roof it uses (DEVICES, section 8).
        """
        power = self._device.power_w
        if "active" in power:
            return power["active"]
        if self._device.kind != "gpu" or not {"idle", "tdp"} <= power.keys():
            return math.nan
        return power["idle"] + self._utilisation(op, latency_ms) * (power["tdp"] - power["idle"])

    def _utilisation(self, op: Operation | None, latency_ms: float) -> float:
        if op is None or not self._roofline.is_known or latency_ms <= 0:
            return LEAST_UTILISATION
        return min(max(self._roofline.bound_ms(op) / latency_ms, LEAST_UTILISATION), 1.0)
