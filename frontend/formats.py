"""How numbers are shown to people; values with a measure are `objectives.measures.display`'s."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from searches.evaluators.registry import EVALUATORS, EvaluatorCard
from searches.objectives.measures import COSTS, Measure, MeasuredValue, display, split_key
from searches.targets.registry import TARGETS, TargetCard

Known = Mapping[str, Measure]

MISSING = "–"
# All that needs no table of results to be known: costs, the qualities of every target, proxies.
STATIC: dict[str, Measure] = dict(COSTS) | {
    measure.name: measure
    for target in TARGETS.values()
    if isinstance(target, TargetCard)
    for measure in target.qualities
}
STATIC |= {
    measure.name: measure
    for card in EVALUATORS.values()
    if isinstance(card, EvaluatorCard)
    for measure in card.qualities
}
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BYTES = Measure("bytes", "Bytes", "B", "min")


def measure_of(key: str, known: Known = STATIC) -> Measure:
    """The measure behind a key such as `latency@3` or `accuracy:test`."""
    name = split_key(key.removesuffix(":test"))[0]
    return known.get(name) or STATIC.get(name) or Measure(name, name, "", "min")


def words(key: str, known: Known = STATIC) -> str:
    """The measure's name alone, as the start of a line: “Cross entropy”."""
    return measure_of(key, known).label.replace("_", " ").capitalize()


def is_share(key: str, known: Known = STATIC) -> bool:
    """Whether the measure is a fraction of one, shown as percent."""
    return measure_of(key, known).is_share


def within(label: str) -> str:
    """A label within a sentence: “latency on Pixel 4”; what is not a word stays: “CPU time”."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def quantity(value: float | None, key: str, known: Known = STATIC) -> str:
    """A value as people read it: “96.4 %”, “0.412 ms”, “183 kB”."""
    if value is None or not isfinite(value):
        return MISSING
    return display(measure_of(key, known), value)


def fidelity(name: str) -> str:
    """A fidelity below the full one as people read it: “after 3 epochs”, “at 33 % of the data”."""
    quantity, _, amount = name.partition("=")
    if quantity == "epochs":
        return f"after {amount} epoch{'' if amount == '1' else 's'}"
    return f"at {amount.removesuffix('%')} % of the {quantity}"


def interval(measured: Mapping[str, Any], key: str, known: Known = STATIC) -> str:
    """The 90 % interval of a stored measured value; empty when it has none."""
    found = MeasuredValue.from_json(measured)
    if found.spread is None:
        return ""
    low, high = found.spread
    return f"{quantity(low, key, known)} to {quantity(high, key, known)}"


def noun_of(kind: str) -> str:
    """What the samples of a data set are called."""
    return "images" if kind == "images" else "rows"


def samples(dataset: Any) -> str:
    """How much a data set holds: “1,151 training images · 10 classes · 8×8 grey”."""
    facts = dataset.statistics
    if dataset.kind == "table":
        return (
            f"{count(facts['n']['rows'])} rows · {len(facts['columns'])} choices · "
            f"{len(facts['measures'])} measured columns"
        )
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


def networks(space: Any) -> tuple[str, str]:
    """A space's size in words: “2.18 × 10¹⁹”, “networks at each of 25 resolutions”.

    Papers count the architectures alone; the resolution is one more choice for each of them.
    """
    definition = space.definition
    n = 1 if "only" in definition else max(1, len(definition.get("resolutions") or ()))
    if n == 1 or int(space.size) % n:
        return size_of_space(space.size), "networks"
    return size_of_space(str(int(space.size) // n)), f"networks at each of {n} resolutions"


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
