"""Latency from the data sheet: arithmetic or memory, whichever is slower (Williams et al., 2009).

t = max(2·MACs / (peak·efficiency), bytes / bandwidth) + launch.
"""

from collections.abc import Mapping, Sequence

from devices.profiles.estimates import ANALYTIC, Estimate
from devices.profiles.memory import activation_bytes, dtype_bytes
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile

SIGMA = 0.60
KIT = "webnas-kit"  # the tool whose probes measure what a network can reach, not a data sheet
# Share of the peak that mobile networks reach, dense and depthwise. The Raspberry Pi 4 gets 0.42
# of its peak with them on one core, a Cortex-X3 0.56 (DEVICES, section 9); depthwise alone 0.15.
SHEET = (0.5, 0.15)
PROBED = (1.0, 1.0)  # -15 % bias with measured peaks (DEVICES, section 7)
LAUNCH_MS = {"gpu": 0.005}  # per primitive, at batch 1 more than the arithmetic
# Which peak stands in when the one of a precision is not given: never a faster one.
FALLBACK: dict[str, Sequence[str]] = {
    "tf32": ("tf32", "fp32"),
    "fp16": ("fp16", "bf16", "fp32"),
    "bf16": ("bf16", "fp16", "fp32"),
}


class Roofline:
    """The two roofs of a device under one runtime."""

    def __init__(self, profile: Profile) -> None:
        device, runtime = profile.device, profile.runtime
        self._runtime = runtime
        self._peak = _peak(device.peak_flops, runtime.compute_dtype or runtime.dtype)
        self._bandwidth = device.bandwidth_bytes_per_s
        self._efficiency = PROBED if profile.provenance.tool == KIT else SHEET
        # A microcontroller's rate is one that networks have reached, memory included.
        self._is_rate = device.kind == "mcu" and not self._bandwidth
        if self._is_rate:
            self._efficiency = PROBED
        self._launch_ms = LAUNCH_MS.get(device.kind, 0.0)

    @property
    def is_known(self) -> bool:
        """Whether the device states its peak and, unless it is a controller, its bandwidth."""
        return bool(self._peak and (self._bandwidth or self._is_rate))

    def bound_ms(self, op: Operation) -> float:
        """The time that the data sheet's numbers allow, no loss counted."""
        return max(self._arithmetic_ms(op, PROBED), self._memory_ms(op))

    def estimate(self, op: Operation) -> Estimate | None:
        """Step 6 of the chain, None where a roof is unknown."""
        if not self.is_known:
            return None
        parts = op.decompose()
        latency_ms = max(self._arithmetic_ms(op, self._efficiency), self._memory_ms(op))
        latency_ms += self._launch_ms * len(parts)
        return Estimate(latency_ms, SIGMA, ANALYTIC, "roofline", has_call=False)

    def _arithmetic_ms(self, op: Operation, efficiency: tuple[float, float]) -> float:
        dense = depthwise = 0
        for part in op.decompose():
            if part.type == "dwconv":
                depthwise += part.macs()
            else:
                dense += part.macs()
        flops = 2 * (dense / efficiency[0] + depthwise / efficiency[1])
        return 1e3 * flops * (op.batch or self._runtime.batch) / (self._peak or 1.0)

    def _memory_ms(self, op: Operation) -> float:
        if self._is_rate:
            return 0.0
        weights = op.weight_elements() * dtype_bytes(op.dtype or self._runtime.dtype)
        moved = op.moved_elements() - op.weight_elements()
        moved_bytes = weights + activation_bytes(moved, op, self._runtime)
        return 1e3 * moved_bytes / (self._bandwidth or 1.0)


def _peak(peaks: Mapping[str, float], dtype: str) -> float | None:
    names = FALLBACK.get(dtype, (dtype,))
    return next((peaks[name] for name in names if name in peaks), None)
