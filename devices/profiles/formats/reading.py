"""What a format module hands over: a document in the words of the native form, unchecked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devices.profiles.operation_checks import Fault
from devices.profiles.problems import Problem
from devices.profiles.rules import SCHEMA, most

UNITS = ("ns", "us", "ms", "s")  # units of time, from small to large
MS_PER_UNIT: Mapping[str, float] = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
MJ_PER_UNIT: Mapping[str, float] = {"nj": 1e-6, "uj": 1e-3, "mj": 1.0, "j": 1e3}
TIMES = ("mean_ms", "std_ms", "min_ms", "p50_ms", "p95_ms")
UNIT_SPELLINGS: Mapping[str, str] = {
    **{name: name for name in (*MS_PER_UNIT, *MJ_PER_UNIT)},
    "µs": "us",
    "μs": "us",
    "usec": "us",
    "msec": "ms",
    "sec": "s",
    "µj": "uj",
    "μj": "uj",
}


class Unsure(Exception):
    """A reader must know something first: `field` is asked for and comes among the answers."""

    def __init__(self, question: str, field: str, choices: Sequence[str] = ()) -> None:
        super().__init__(question)
        self.question, self.field, self.choices = question, field, tuple(choices)


@dataclass(slots=True)
class RawRow:
    """One row as it stands in the file: the fields of its operation and its figures.

    `line` is the line of a table or the number of the row in its list, counted from 1. Whole
    networks have no `op` and their architecture among the figures. `faults` were found on reading.
    `file` is named when there are several.
    """

    line: int
    op: Any
    figures: dict[str, Any]
    faults: list[Fault] = field(default_factory=list)
    file: str = ""

    def reject(self, key: str, value: str | None, text: str) -> None:
        """Note what was wrong on reading; the row is rejected when rows are judged."""
        self.faults.append(Fault(key, value, text))


@dataclass(slots=True)
class Reading:
    """A file that was understood but not yet judged.

    `document` has the shape of the schema without entries and models. `units` and `model_units`
    give the unit of the time and energy figures; None means that the file does not say it.
    """

    document: dict[str, Any]
    place: str  # "Row" of a list or "Line" of a file
    rows: list[RawRow] = field(default_factory=list)
    models: list[RawRow] = field(default_factory=list)
    units: dict[str, str | None] = field(default_factory=dict)
    model_units: dict[str, str | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def foreign(place: str, unit: str | None, **parts: dict[str, Any]) -> Reading:
    """An empty reading of another tool's file, with what its form tells about the header.

    `unit` is that of all times, None if the file does not say it; `parts` are what is known of
    device and runtime.
    """
    document: dict[str, Any] = {"schema": SCHEMA, "provenance": {"kind": "measured"}} | parts
    units = {"energy_mj": "mj", **dict.fromkeys(TIMES, unit)}
    return Reading(document, place, units=dict(units), model_units=dict(units))


def too_many(section: str, count: int) -> Problem | None:
    """The refusal of a list of rows that is longer than a profile may be."""
    if count <= most(section):
        return None
    noun = "rows" if section == "entries" else "rows of whole networks"
    text = f"The file has more than {most(section)} {noun}, the most that a profile holds."
    return Problem("E", None, section, str(count), text)
