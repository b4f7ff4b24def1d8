"""Whether the times of a profile can be what they are said to be.

A slip of the unit is a factor of 1000; the rate of honest rows lies within 1.5 decades of what
such a device reaches, so the two can be told apart.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from devices.profiles.formats.reading import UNITS
from devices.profiles.problems import Problem, figure
from devices.profiles.profile import Device, Entry, ModelRow, Runtime
from devices.profiles.rows import Placed

Rows = Sequence[Placed[Entry]]
COMPUTING = frozenset(
    {"conv", "dwconv", "deconv", "linear", "matmul", "attention", "mbconv", "resblock"}
)
UNIT_NAMES = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds"}
EAGER = re.compile(r"eager|torch", re.IGNORECASE)
LARGE_BATCH = 32
# MAC per cycle on a Cortex-M7 by runtime (tinyengine's published times).
MACS_PER_CYCLE = {"tflm": 0.022, "cmsis": 0.24, "cube": 0.40, "tinyengine": 0.51}
# FLOP/s that devices of a kind have, where the profile does not say it.
BRACKETS = {"mcu": (1e7, 1e9), "cpu": (1e9, 2e12), "mobile": (1e9, 2e12),
            "npu": (1e10, 2e15), "gpu": (1e10, 2e15)}  # fmt: skip
IMPOSSIBLE = 5.0  # times the peak; Winograd and a lower precision explain less than that
OUTLIER = 50.0
FEWEST_TO_FIT = 8


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast the rows compute, in FLOP/s, beside what the device can do."""

    median: float
    peak: float | None
    expected: float | None  # a usual rate, from the peak and the kind

    @property
    def utilisation(self) -> float:
        return self.median / self.peak if self.peak else 0.0


@dataclass(frozen=True, slots=True)
class Slip:
    """The unit in which the times would be plausible, and the question to ask."""

    unit: str
    question: str


def rates(
    rows: Rows, models: Sequence[Placed[ModelRow]], device: Device, runtime: Runtime
) -> Rates | None:
    """The median rate of the rows that compute, else of the whole networks; None without any."""
    found = [_flop(row.row, runtime) / row.row.mean_ms for row in rows if _computes(row.row)]
    if not found:
        found = [
            2e3 * runtime.batch * row.row.macs / row.row.mean_ms
            for row in models
            if row.row.macs is not None and row.row.macs > 0
        ]
    if not found:
        return None
    peak = _peak(device, runtime)
    return Rates(median(found), peak, _expected(peak, device, runtime))


def slip(found: Rates, device: Device, runtime: Runtime, unit: str) -> Slip | None:
    """The other unit that fits the device better by decades, if there is one."""
    step = _steps(found, device, runtime)
    index = UNITS.index(unit) - step
    if not step or not 0 <= index < len(UNITS):
        return None
    other = UNITS[index]
    ours, theirs = figure(found.median / 1e9), figure(found.median * 1000.0**step / 1e9)
    has = f"a device of {figure(found.peak / 1e9)}" if found.peak else f"a {device.kind}"
    question = (
        f"As {UNIT_NAMES[unit]} these times imply {ours} GFLOP/s on {has}"
        f"{' GFLOP/s' if found.peak else ''}; read as {UNIT_NAMES[other]} they imply {theirs}. "
        "Which unit?"
    )
    return Slip(other, question)


def impossible(found: Rates) -> Problem | None:
    """The refusal of times that no unit makes possible, or the warning of surprising ones."""
    if found.peak is None or found.utilisation <= 1:
        return None
    text = (
        f"The times imply {figure(found.median / 1e9)} GFLOP/s, {figure(found.utilisation)} times "
        f"the peak of {figure(found.peak / 1e9)} GFLOP/s"
    )
    if found.utilisation > IMPOSSIBLE:
        text += "; correct the peak, the unit or the batch."
        return Problem("E", None, "mean_ms", None, text)
    text += "; Winograd or a lower precision than stated can explain it."
    return Problem("W", None, "mean_ms", None, text)


def too_fast(
    rows: list[Placed[Entry]], device: Device, runtime: Runtime, place: str
) -> Iterator[Problem]:
    """Takes out, in place, rows above 5 times the peak.

    Only the roof of computing counts: caches beat the bandwidth of the memory by more than that.
    """
    for index in reversed(range(len(rows))):
        row = rows[index].row
        peak = _peak(device, runtime, row.op.dtype)
        if peak is None or not _computes(row):
            continue
        least = _flop(row, runtime) / peak
        if row.mean_ms * IMPOSSIBLE < least:
            text = (
                f"{rows[index].where(place)} ({row.op.label()}): {figure(row.mean_ms)} ms is "
                f"impossible; at the peak of {figure(peak / 1e9)} GFLOP/s "
                f"it takes {figure(least)} ms."
            )
            yield Problem("R", rows[index].line, "mean_ms", repr(row.mean_ms), text)
            del rows[index]


def too_slow(rows: Rows) -> Iterator[Problem]:
    """Warnings about rows far above what the others of their type suggest."""
    by_type: dict[str, list[Placed[Entry]]] = {}
    for placed in rows:
        if _computes(placed.row):
            by_type.setdefault(placed.row.op.type, []).append(placed)
    for group in by_type.values():
        if len(group) < FEWEST_TO_FIT:
            continue
        for placed, guess in zip(group, _log_guesses(group), strict=True):
            if math.log(placed.row.mean_ms) > math.log(OUTLIER) + guess:
                text = (
                    f"{placed.row.op.label()} ({placed.where('number')}) takes "
                    f"{figure(placed.row.mean_ms)} ms; by the other rows it takes about "
                    f"{figure(math.exp(guess))} ms."
                )
                yield Problem("W", placed.line, "mean_ms", repr(placed.row.mean_ms), text)


def disagreement(
    rows: Rows, models: Sequence[Placed[ModelRow]], runtime: Runtime
) -> Problem | None:
    """The refusal of whole networks that are a unit apart from the rows of operations."""
    own = rates(rows, (), Device("cpu"), runtime)
    whole = rates((), models, Device("cpu"), runtime)
    if own is None or whole is None:
        return None
    ratio = own.median / whole.median
    if not any(low < ratio < 4 * low for low in (0.0005, 500)):
        return None
    text = (
        f"The whole networks compute {figure(1 / ratio)} times as fast as the rows of operations; "
        "one of the two is in another unit."
    )
    return Problem("E", None, "models", None, text)


def _computes(row: Entry) -> bool:
    return row.op.type in COMPUTING


def _flop(row: Entry, runtime: Runtime) -> float:
    """FLOP of a row for its whole batch, times 1000: over ms it gives FLOP/s."""
    return 2e3 * row.op.macs() * (row.op.batch or runtime.batch)


def _peak(device: Device, runtime: Runtime, dtype: str | None = None) -> float | None:
    return device.peak_flops.get(dtype or runtime.compute_dtype or runtime.dtype)


def _expected(peak: float | None, device: Device, runtime: Runtime) -> float | None:
    """A usual rate; utilisations measured on tables of each kind."""
    if device.kind == "mcu" and runtime.clock_hz:
        engine = runtime.engine.lower()
        per_cycle = next((rate for name, rate in MACS_PER_CYCLE.items() if name in engine), 0.1)
        return 2 * runtime.clock_hz * per_cycle
    return peak * _usual(device, runtime) if peak else None


def _usual(device: Device, runtime: Runtime) -> float:
    if device.kind in ("cpu", "mobile"):
        return 0.05 if EAGER.search(runtime.engine) else 0.4
    if device.kind == "gpu":
        return 0.2 if runtime.batch >= LARGE_BATCH else 0.01
    return 0.1


def _steps(found: Rates, device: Device, runtime: Runtime) -> int:
    """How often the rate must be multiplied by 1000 to be usual: -1, 0 or 1."""
    if found.expected:
        return min((0, -1, 1), key=lambda step: _decades(found, step, found.expected or 1.0))
    low, high = BRACKETS[device.kind]
    low *= _usual(device, runtime)
    return next((step for step in (0, -1, 1) if low <= found.median * 1000.0**step <= high), 0)


def _decades(found: Rates, step: int, expected: float) -> float:
    return abs(math.log10(found.median) + 3 * step - math.log10(expected))


def _log_guesses(group: Rows) -> list[float]:
    """Log times by a line through log time over log MACs (least squares)."""
    x = [math.log(placed.row.op.macs()) for placed in group]
    y = [math.log(placed.row.mean_ms) for placed in group]
    middle, height = fmean(x), fmean(y)
    spread = sum((value - middle) ** 2 for value in x)
    joint = sum((a - middle) * (b - height) for a, b in zip(x, y, strict=True))
    slope = joint / spread if spread else 0.0
    return [height + slope * (value - middle) for value in x]
