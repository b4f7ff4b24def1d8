"""What stands above the rows of a native CSV: facts in comment lines, names of the columns."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devices.profiles.csv_form import ALIASES, FACTS, FIGURES
from devices.profiles.formats.reading import MS_PER_UNIT, UNIT_SPELLINGS, UNITS
from devices.profiles.operation_checks import nearest
from devices.profiles.parsing import number
from devices.profiles.problems import SHOWN, Problem, shown
from devices.profiles.rules import FAMILY, rules
from devices.profiles.vocabulary import FIELDS

FACT = re.compile(r'\s*(\w+)\s*=\s*("(?:[^"\\]|\\.)*"\s*|[^;]*)(?:;|$)')
MODEL_ROW = re.compile(r"#model[,;\t]")
LONGEST_COLUMN = 80
MOST_COLUMNS = 100  # twice as many as there are names
COLUMN = re.compile(r"(\w+?)\s*(?:_|\(|\[|\s)\s*([a-zµμ]+)\s*[)\]]?")
STEMS: Mapping[str, str] = {
    **dict.fromkeys(("mean", "latency", "avg", "average", "time"), "mean_ms"),
    **dict.fromkeys(("p50", "median"), "p50_ms"),
    "std": "std_ms",
    "min": "min_ms",
    "p95": "p95_ms",
    "energy": "energy_mj",
}
BOOLEAN_CELLS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes"), True),
    **dict.fromkeys(("0", "false", "no"), False),
}


@dataclass(slots=True)
class Facts:
    """The comment lines as a document in the shape of the schema."""

    document: dict[str, Any]
    unit: str | None = None
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Columns:
    """Field of each column, and the unit of those that have one (None: not said)."""

    names: list[str] = field(default_factory=list)
    units: dict[str, str | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def is_comment(line: str) -> bool:
    """Whether a line above the table belongs to the facts; spreadsheets may have quoted it."""
    start = line.lstrip(' "')
    return not line.strip() or (start.startswith("#") and not MODEL_ROW.match(start))


def facts(above: Sequence[str]) -> Facts:
    """The facts of the comment lines; lines without `=` are remarks."""
    found = Facts({"schema": f"{FAMILY}/1"})
    seen: set[str] = set()
    for line, text in enumerate(above, 1):
        if len(found.problems) > SHOWN:
            break
        content = _content(text)
        if content.startswith(f"{FAMILY}/"):
            found.document["schema"] = content
            continue
        for name, value in _pairs(content):
            if name in seen:
                text = f"'{name}' stands twice; keep one."
                found.problems.append(_refusal(line, name, value, text))
            elif name == "unit":
                _note_unit(found, line, value)
            else:
                _note(found, line, name, value)
            seen.add(name)
    return found


def columns(cells: Sequence[str], unit: str | None, line: int) -> Columns:
    """The columns of a table whose comment lines state `unit` or nothing."""
    found = Columns()
    for cell in cells[:MOST_COLUMNS]:
        name, stated = figure_column(cell, unit)
        if name not in FIELDS and name not in FIGURES:
            text = f"column {shown(cell)} unknown; {nearest(name, (*FIELDS, *FIGURES))}."
            found.problems.append(_refusal(line, cell, None, text))
        elif name in found.names:
            text = f"column '{name}' stands twice; keep one."
            found.problems.append(_refusal(line, name, None, text))
        elif name.endswith(("_ms", "_mj")):
            found.units[name] = stated
        found.names.append(name)
    for name in ("type", "mean_ms"):
        if name not in found.names:
            text = f"There is no column '{name}' in line {line}."
            found.problems.append(_refusal(line, name, None, text))
    return found


def figure_column(cell: str, unit: str | None) -> tuple[str, str | None]:
    """Field and unit of a column: `mean_us` and `latency (us)` are mean_ms in us."""
    text = cell.strip().lower()
    if text in STEMS:
        return STEMS[text], "mj" if text == "energy" else unit
    match = COLUMN.fullmatch(text) if len(text) < LONGEST_COLUMN else None
    name = STEMS.get(match[1]) if match else None
    named = UNIT_SPELLINGS.get(match[2]) if match else None
    if name is None or named is None or (named in MS_PER_UNIT) != name.endswith("_ms"):
        return text, None
    contradicted = unit not in (None, "ms", named) and named in MS_PER_UNIT
    return name, None if contradicted else named


def _content(line: str) -> str:
    """A comment line without its mark and without what a spreadsheet put around it."""
    text = line.strip()
    if text.startswith('"'):
        text = next(csv.reader([text]), [""])[0]
    return text.rstrip(" \t,;").lstrip("#").strip()


def _pairs(content: str) -> Iterator[tuple[str, str]]:
    """Names and values of a line; what follows a fact and is none comes under the name ""."""
    start = 0
    while start < len(content):
        match = FACT.match(content, start)
        if match is None:
            if start:
                yield "", content[start:]
            return
        yield match[1].lower(), match[2].strip()
        start = match.end()


def _note_unit(found: Facts, line: int, value: str) -> None:
    found.unit = UNIT_SPELLINGS.get(value.lower())
    if found.unit not in MS_PER_UNIT:
        text = f"unit is {shown(value)}; it must be one of {', '.join(UNITS)}."
        found.problems.append(_refusal(line, "unit", value, text))


def _note(found: Facts, line: int, name: str, value: str) -> None:
    path = FACTS.get(ALIASES.get(name, name))
    if path is None:
        text = f"'{name}' unknown in a comment line; {nearest(name, tuple(FACTS))}."
        found.problems.append(_refusal(line, name, value, text))
        return
    place = found.document
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place[path[-1]] = _typed(path, value)


def _typed(path: tuple[str, ...], value: str) -> str | int | float | bool:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    rule = rules(path[0] if len(path) > 1 else "profile").get(path[1] if path[1:] else path[0])
    if rule is None or rule.kind == "string":
        return value
    if rule.kind == "boolean":
        return BOOLEAN_CELLS.get(value.lower(), value)
    return number(value, decimal_comma=False)


def _refusal(line: int, key: str, value: str | None, text: str) -> Problem:
    return Problem("E", line, key, None if value is None else shown(value), f"Line {line}: {text}")
