"""What can be measured about an architecture: names, units, directions, and measured values.

This module alone knows the display side; inside the engine every objective is a loss.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal

Direction = Literal["min", "max"]
# "result": a column of a table of known results, in whatever unit it was written down.
# "proxy": a score that stands for quality while nothing is trained; of any size, and no share.
Kind = Literal["quality", "cost", "result", "proxy"]

# From the most to the least trustworthy (DESIGN, 7).
COST_PROVENANCES = ("measured", "looked up", "interpolated", "predicted", "analytic")
# "table": as a table of known results says, whoever measured it.
QUALITY_PROVENANCES = (
    "table",
    "fully trained",
    "reduced",
    "supernet",
    "inherited",
    "predicted weights",
    "proxy",
)


@dataclass(frozen=True)
class Measure:
    """One quantity.

    Attributes:
        unit: of stored values; "" for counts and fractions.
        needs_device: the value exists per device profile only.
    """

    name: str
    label: str
    unit: str
    direction: Direction
    needs_device: bool = False
    kind: Kind = "cost"

    @property
    def is_share(self) -> bool:
        """Whether values lie between 0 and 1 and people read them as percent."""
        return self.kind == "quality" and self.unit == ""

    @property
    def is_plain(self) -> bool:
        """Whether values are of any size and sign, and written without a prefix."""
        return self.kind in ("result", "proxy")


COSTS: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("latency", "Latency", "ms", "min", needs_device=True),
        Measure("energy", "Energy", "mJ", "min", needs_device=True),
        Measure("storage", "Storage", "B", "min"),
        Measure("peak_memory", "Peak memory", "B", "min"),
        Measure("macs", "Multiply-accumulates", "", "min"),
        Measure("parameters", "Parameters", "", "min"),
    )
}


@dataclass(frozen=True)
class MeasuredValue:
    """A value with where it comes from.

    Attributes:
        provenance: one of COST_PROVENANCES or QUALITY_PROVENANCES.
        split: "train", "validation" or "test" for a quality.
        spread: ends of the 90 % interval.
        source: what it was taken from, such as a device profile's version.
        n: number of samples behind it.
    """

    value: float
    unit: str
    provenance: str
    split: str | None = None
    spread: tuple[float, float] | None = None
    source: str = ""
    n: int | None = None

    def to_json(self) -> dict[str, Any]:
        """All that is known; JSON has no NaN, so a value that is not finite becomes null."""
        value = self.value if math.isfinite(self.value) else None
        found: dict[str, Any] = {"value": value, "unit": self.unit, "provenance": self.provenance}
        if self.spread is not None and all(map(math.isfinite, self.spread)):
            found["spread"] = list(self.spread)
        optional = {"split": self.split, "source": self.source or None, "n": self.n}
        return found | {name: v for name, v in optional.items() if v is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MeasuredValue":
        value, spread = data["value"], data.get("spread")
        return cls(
            math.nan if value is None else float(value),
            data["unit"],
            data["provenance"],
            split=data.get("split"),
            spread=None if spread is None else (float(spread[0]), float(spread[1])),
            source=data.get("source", ""),
            n=data.get("n"),
        )


Measures = dict[str, MeasuredValue]


def key(measure: str, device: int | None = None) -> str:
    """The name under which Measures hold a value: "storage", or "latency@7" on a device."""
    return measure if device is None else f"{measure}@{device}"


def split_key(name: str) -> tuple[str, int | None]:
    """The inverse of `key`."""
    measure, _, device = name.partition("@")
    return measure, int(device) if device else None


def to_json(measures: Mapping[str, MeasuredValue]) -> dict[str, Any]:
    return {name: value.to_json() for name, value in measures.items()}


def from_json(data: Mapping[str, Any]) -> Measures:
    return {name: MeasuredValue.from_json(value) for name, value in data.items()}


def weakest(provenances: Iterable[str]) -> str:
    """The least trustworthy of some provenances of one kind."""
    order = {name: i for i, name in enumerate(COST_PROVENANCES)}
    order |= {name: i for i, name in enumerate(QUALITY_PROVENANCES)}
    return max(provenances, key=lambda name: order[name])


def display(measure: Measure, value: float) -> str:
    """The value as a person reads it: "93.4 %", "1.25 ms", "310 kB", "4.2 M"."""
    if not math.isfinite(value):
        return "unknown"
    if measure.is_share:
        return f"{100 * value:.1f} %"
    if measure.is_plain:
        return _as_written(measure, value)
    if measure.unit in ("", "B"):
        return _with_prefix(value, measure.unit)
    return f"{value:.3g} {measure.unit}" if abs(value) < 1000 else f"{value:,.0f} {measure.unit}"


def _as_written(measure: Measure, value: float) -> str:
    """Four digits, as such values differ by little, and no prefix: the unit is anybody's."""
    digits = f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{digits} {measure.unit}".strip()


def display_beyond(measure: Measure, value: float, *, up: bool) -> str:
    """A value as a bound that `value` keeps to: "1.235 ms", "43.3 kB (43212 B)".

    Rounded away from what lies within: a value that is rounded to the nearest and then asked for
    may be out of reach by the last digit. Where values are whole, the exact one stands beside.

    Args:
        measure: of a cost, or of a table's column.
        value: in the measure's unit.
        up: the bound lies above the value, as that of `at_most`.
    """
    if measure.unit not in ("", "B") or measure.is_plain:
        return f"{_outward(value, 4, up=up):f} {measure.unit}".strip()
    exact = f"{math.ceil(value) if up else math.floor(value)} {measure.unit}".strip()
    if abs(value) < 1000:
        return exact
    return f"{display(measure, float(_outward(value, 3, up=up)))} ({exact})"


def _outward(value: float, digits: int, *, up: bool) -> Decimal:
    """The value with so many digits, and not below it (`up`), or not above it."""
    exact = Decimal(value)
    step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return exact.quantize(step, ROUND_CEILING if up else ROUND_FLOOR).normalize()


def _with_prefix(value: float, unit: str) -> str:
    """Decimal prefixes: 1 kB is 1000 bytes."""
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * factor:
            scaled = value / factor
            digits = f"{scaled:.3g}" if abs(scaled) < 999.5 else f"{scaled:,.0f}"
            return f"{digits} {prefix}{unit}"
    return f"{value:.3g} {unit}".strip() if value % 1 else f"{value:.0f} {unit}".strip()
