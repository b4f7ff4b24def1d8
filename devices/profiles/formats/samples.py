"""Timings of a trace, gathered per operation: a row is what all its occurrences have in common."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, median, pstdev
from typing import Any

from devices.profiles.formats.reading import RawRow, Reading
from devices.profiles.problems import Problem, figure, shown

NOTES = 3  # names of layers that a row keeps
TO_95 = 0.95
LONGEST = 1e300  # whole numbers of JSON may have thousands of digits


@dataclass(slots=True)
class Sample:
    """An operation with its times in the trace's own unit."""

    op: dict[str, Any]
    times: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    is_fallback: bool = False


@dataclass(slots=True)
class Samples:
    """What a trace holds: operations, steps between layouts, and what has no place here."""

    found: dict[str, Sample] = field(default_factory=dict)
    transitions: dict[str, float] = field(default_factory=dict)  # time by name, all runs
    left_out: Counter[str] = field(default_factory=Counter)  # number by name

    def add(self, op: Mapping[str, Any], times: Iterable[Any], name: str) -> Sample:
        """Times of an operation in a layer called `name`; equal operations share a row."""
        present = {key: value for key, value in op.items() if value is not None}
        key = repr(present)  # makers of an operation name its fields in one order
        sample = self.found.setdefault(key, Sample(present))
        sample.times += times
        if name and len(sample.names) < NOTES and name not in sample.names:
            sample.names.append(name[:100])
        return sample

    def move(self, name: str, *times: Any) -> None:
        """Time that belongs to no operation."""
        spent = sum(time for time in times if _is_time(time))
        self.transitions[name] = self.transitions.get(name, 0.0) + spent

    def into(self, reading: Reading, unit: str, n_runs: int | None = None) -> None:
        """Adds the rows to the reading, and notes on what is not among them."""
        for line, sample in enumerate(self.found.values(), 1):
            reading.rows.append(_row(line, sample))
        if self.transitions:
            total = figure(sum(self.transitions.values()) / (n_runs or 1))
            names = shown(", ".join(sorted(self.transitions)))
            text = (
                f"{total} {unit}{' per run' if n_runs else ''} are spent between layouts "
                f"({names}); they belong to no operation and are left out."
            )
            reading.problems.append(Problem("W", None, None, total, text))
        if self.left_out:
            n_events = sum(self.left_out.values())
            names = shown(", ".join(name for name, _ in self.left_out.most_common(8)))
            text = (
                f"{n_events} timings are left out, of operators without a shape or place: {names}."
            )
            reading.problems.append(Problem("W", None, "type", str(n_events), text))


def _row(line: int, sample: Sample) -> RawRow:
    """Mean, spread and quantiles; a wrong time makes the row wrong."""
    wrong = [time for time in sample.times if not _is_time(time)]
    figures: dict[str, Any] = {"mean_ms": wrong[0]} if wrong else _figures(sample.times)
    if sample.names:
        figures["note"] = ", ".join(sample.names)
    if sample.is_fallback:
        figures["unit"] = "fallback"
    return RawRow(line, sample.op, figures)


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value < LONGEST


def _figures(times: list[Any]) -> dict[str, Any]:
    ordered = sorted(map(float, times))
    at = min(len(ordered) - 1, math.ceil(TO_95 * len(ordered)) - 1)
    found = {"mean_ms": fmean(ordered), "runs": len(ordered), "min_ms": ordered[0]}
    if len(ordered) > 1:
        found |= {"std_ms": pstdev(ordered), "p50_ms": median(ordered), "p95_ms": ordered[at]}
    return found
