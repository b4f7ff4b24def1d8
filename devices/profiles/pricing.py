"""The cost of every operation of a space on one device, as a CostTable."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from devices.profiles import memory
from devices.profiles.calibration import Calibration
from devices.profiles.cost_table import UNCALIBRATED, CostTable, Integers
from devices.profiles.energy import EnergyModel
from devices.profiles.estimates import ANALYTIC, MISSING, Estimate
from devices.profiles.latency import LatencyChain
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile, Runtime

NO_ESTIMATE: Final = Estimate(math.nan, math.nan, MISSING)


def without_device(operations: Sequence[Operation], runtime: Runtime) -> CostTable:
    """Storage, peak memory, MACs and parameters; latency and energy are unknown."""
    unknown = np.full(len(operations), math.nan)
    missing = np.full(len(operations), MISSING, dtype=np.int8)
    return CostTable(
        latency_ms=unknown,
        latency_sigma=unknown,
        provenance=missing,
        sources=("",) * len(operations),
        energy_mj=unknown,
        energy_provenance=missing,
        network_ms=unknown,
        network_mj=unknown,
        **_counts(operations, runtime),
    )


def on_device(
    operations: Sequence[Operation],
    profile: Profile,
    chain: LatencyChain,
    line: Calibration = UNCALIBRATED,
) -> CostTable:
    """All costs, in the order of the operations."""
    known = [estimate or NO_ESTIMATE for estimate in chain.estimates(operations)]
    call_ms = chain.rows.overhead_ms
    table = CostTable(
        latency_ms=np.array([estimate.latency_ms for estimate in known]),
        latency_sigma=np.array([estimate.sigma for estimate in known]),
        provenance=np.array([estimate.provenance for estimate in known], dtype=np.int8),
        sources=tuple(estimate.source for estimate in known),
        weights_in_memory=profile.device.kind not in memory.IN_FLASH,
        network_ms=np.array([_without_call(estimate, call_ms) for estimate in known]),
        overhead_ms=chain.overhead_ms,
        **_energies(operations, known, profile, chain),
        **_counts(operations, profile.runtime),
    )
    return calibrated(table, line)


def calibrated(table: CostTable, line: Calibration) -> CostTable:
    """The table of sums of rows, such that sums lie on the line; energy follows latency.

    Energies that were measured are those of rows, and stay.
    """
    overhead_ms = line.scale * table.overhead_ms + line.offset_ms
    is_power = table.energy_provenance == ANALYTIC
    longer = overhead_ms / table.overhead_ms if table.overhead_ms > 0 else 1.0
    return replace(
        table,
        network_ms=line.scale * table.network_ms,
        overhead_ms=overhead_ms,
        network_mj=np.where(is_power, line.scale, 1.0) * table.network_mj,
        overhead_mj=max(longer, 0.0) * table.overhead_mj,
        calibration=line,
    )


def _counts(operations: Sequence[Operation], runtime: Runtime) -> dict[str, Any]:
    return {
        "weight_bytes": _integers(memory.weight_bytes(op, runtime) for op in operations),
        "storage_bytes": _integers(memory.file_bytes(op, runtime) for op in operations),
        "peak_bytes": _integers(memory.peak_bytes(op, runtime) for op in operations),
        "macs": _integers(op.macs() for op in operations),
        "parameters": _integers(op.parameters() for op in operations),
    }


def _energies(
    operations: Sequence[Operation],
    estimates: Sequence[Estimate],
    profile: Profile,
    chain: LatencyChain,
) -> dict[str, Any]:
    """Energy of operations alone and in a network, and what the network takes on top."""
    model, call_ms = EnergyModel(profile.device, chain.rows, chain.roofline), chain.overhead_ms
    pairs = zip(operations, estimates, strict=True)
    alone = chain.rows.overhead_ms
    energies = [model.energy(op, e, _without_call(e, alone)) for op, e in pairs]
    watts = model.power_w(None, call_ms)
    return {
        "energy_mj": np.array([energy.alone_mj for energy in energies]),
        "energy_provenance": np.array([e.provenance for e in energies], dtype=np.int8),
        "network_mj": np.array([energy.in_network_mj for energy in energies]),
        "overhead_mj": 0.0 if math.isnan(watts) else watts * call_ms,
    }


def _integers(values: Iterable[int]) -> Integers:
    return np.fromiter(values, dtype=np.int64)


def _without_call(estimate: Estimate, overhead_ms: float) -> float:
    """Latency inside a network; NaN stays NaN."""
    if not estimate.has_call or math.isnan(estimate.latency_ms):
        return estimate.latency_ms
    return max(estimate.latency_ms - overhead_ms, 0.0)
