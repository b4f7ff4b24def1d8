"""How numbers are shown to people; values with a measure are `objectives.measures.display`'s."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from searches.objectives.measures import COSTS, Measure, MeasuredValue, display, split_key
from searches.targets.registry import TARGETS

MISSING = "–"
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BYTES = Measure("bytes", "Bytes", "B", "min")


def known_measures(target: str) -> Mapping[str, Measure]:
    """Costs, and the qualities of a target, by name."""
    qualities = TARGETS[target].qualities if target in TARGETS else ()  # type: ignore[attr-defined]
    return dict(COSTS) | {measure.name: measure for measure in qualities}


def measure_of(key: str, target: str) -> Measure:
    """The measure behind a key such as `latency@3` or `accuracy:test`."""
    name = split_key(key.removesuffix(":test"))[0]
    return known_measures(target).get(name) or Measure(name, name, "", "min")


def is_share(key: str, target: str = "mobile") -> bool:
    """Whether the measure is a fraction of one, shown as percent."""
    measure = measure_of(key, target)
    return measure.kind == "quality" and measure.unit == ""


def quantity(value: float | None, key: str, target: str = "mobile") -> str:
    """A value as people read it: “96.4 %”, “0.412 ms”, “183 kB”."""
    if value is None or not isfinite(value):
        return MISSING
    return display(measure_of(key, target), value)


def interval(measured: Mapping[str, Any], key: str, target: str = "mobile") -> str:
    """The 90 % interval of a stored measured value; empty when it has none."""
    found = MeasuredValue.from_json(measured)
    if found.spread is None:
        return ""
    low, high = found.spread
    return f"{quantity(low, key, target)} to {quantity(high, key, target)}"


def noun_of(kind: str) -> str:
    """What the samples of a data set are called."""
    return "images" if kind == "images" else "rows"


def samples(dataset: Any) -> str:
    """How much a data set holds: “1,151 training images · 10 classes · 8×8 grey”."""
    facts = dataset.statistics
    shape = facts["shape"]
    size = f"{shape[0]} features"
    if dataset.kind == "images":
        size = f"{shape[1]}×{shape[0]}" + (" grey" if shape[2] == 1 else "")
    n_train, n_classes = count(facts["n"]["train"]), len(facts["classes"])
    return f"{n_train} training {noun_of(dataset.kind)} · {n_classes} classes · {size}"


def figure(value: float) -> str:
    """A measured number of any size, in a few digits."""
    return f"{value:,.4g}" if abs(value) < 1e6 else f"{value:.3e}"


def n_bytes(value: float | None) -> str:
    return MISSING if value is None else display(_BYTES, value)


def count(value: float | None) -> str:
    """A whole number with separators up to a million, scaled above."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if abs(value) < 1e6 else display(COSTS["macs"], value)


def size_of_space(text: str) -> str:
    """An exact integer of any length: as it is, or as 2.18 × 10¹⁹ when it is long."""
    digits = text.strip()
    if not digits.isdecimal():
        return digits
    if len(digits) <= 9:
        return f"{int(digits):,}"
    mantissa, exponent = f"{int(digits):.2e}".split("e+")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def duration(seconds: float | None) -> str:
    """“0.4 s”, “42 s”, “3 min 20 s”, “2 h 5 min”."""
    if seconds is None:
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
