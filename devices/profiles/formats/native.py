"""webnas' own JSON, read into unchecked rows."""

from collections.abc import Iterator, Mapping
from typing import Any

from devices.profiles.formats.reading import TIMES, RawRow, Reading, too_many
from devices.profiles.operation_checks import MOST_FAULTS
from devices.profiles.parsing import Document, DuplicateKeys
from devices.profiles.problems import Problem, shown

ROWS = ("entries", "models")


def read_json(document: Document) -> Reading:
    """The native JSON document; a duplicate key refuses the file, or the row it stands in."""
    value: dict[str, Any] = document.value if isinstance(document.value, dict) else {}
    head = {name: part for name, part in value.items() if name not in ROWS}
    units: dict[str, str | None] = {"energy_mj": "mj", **dict.fromkeys(TIMES, "ms")}
    reading = Reading(head, "Row", units=units, model_units=dict(units))
    for place, part in _marked(head | {"": value}):
        inside = f" in {place}" if place else ""
        for name in part.names[:MOST_FAULTS]:
            text = f"The key {shown(name)} stands twice{inside}; keep one."
            reading.problems.append(Problem("E", None, name, None, text))
    for name, rows in zip(ROWS, (reading.rows, reading.models), strict=True):
        listed = value.get(name, [])
        problem = _list_problem(name, listed)
        if problem:
            reading.problems.append(problem)
        else:
            rows += [_row(row, line) for line, row in enumerate(listed, 1)]
    return reading


def _marked(head: Mapping[str, Any]) -> Iterator[tuple[str, DuplicateKeys]]:
    for name, part in head.items():
        if isinstance(part, DuplicateKeys):
            yield name, part
        if name and isinstance(part, dict):
            yield from _marked(part)


def _list_problem(name: str, listed: object) -> Problem | None:
    if isinstance(listed, list):
        return too_many(name, len(listed))
    text = f"{name} is {shown(listed)}; it must be a list of rows."
    return Problem("E", None, name, shown(listed), text)


def _row(row: Any, line: int) -> RawRow:
    if not isinstance(row, dict):
        raw = RawRow(line, None, {})
        raw.reject("", shown(row), f"it is {shown(row)}; a row is an object.")
        return raw
    figures = {name: value for name, value in row.items() if name != "op"}
    raw = RawRow(line, row.get("op"), figures)
    for part in (row, raw.op, figures.get("arch")):
        if isinstance(part, DuplicateKeys):
            names = shown(", ".join(part.names))
            raw.reject("", names, f"{names} stands twice; keep one.")
    return raw
