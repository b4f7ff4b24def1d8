"""webnas' own CSV: facts in comment lines, a table of operations, `#model` rows below."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice, takewhile
from typing import Any

from devices.profiles.csv_form import MODEL_COLUMNS, unescaped
from devices.profiles.formats import csv_header
from devices.profiles.formats.csv_header import BOOLEAN_CELLS
from devices.profiles.formats.reading import TIMES, RawRow, Reading, too_many
from devices.profiles.parsing import (
    Document,
    Unreadable,
    csv_rows,
    lines,
    number,
    separator,
    strict_json,
)
from devices.profiles.problems import shown
from devices.profiles.rules import most
from devices.profiles.vocabulary import BOOLEANS, FIELDS

TEXTS = frozenset({"type", "act", "norm", "dtype", "source", "unit", "split"})
AS_THEY_ARE = frozenset({"tag", "note", "model_sha256"})
Column = tuple[str, Callable[[str], Any], bool]


def read_csv(document: Document) -> Reading:
    """The native CSV. The unit of a time is in its column's name, else in `#unit=`.

    Raises:
        Unreadable: quotes that do not close, or an endless cell.
    """
    above = list(takewhile(csv_header.is_comment, lines(document.text)))
    body = list(islice(lines(document.text), len(above), None))
    facts = csv_header.facts(above)
    reading = Reading(facts.document, "Line", problems=facts.problems)
    delimiter = separator(body[0]) if body else ","
    rows = csv_rows("".join(body), delimiter, len(above) + 1)
    line, cells = next(rows, (len(above) + 1, []))
    columns = csv_header.columns(cells, facts.unit, line)
    reading.units, reading.problems = columns.units, [*facts.problems, *columns.problems]
    unit = facts.unit or columns.units.get("mean_ms")
    reading.model_units = {"energy_mj": "mj", **dict.fromkeys(TIMES, unit)}
    if not columns.problems:
        _read_rows(reading, rows, columns.names, delimiter == ";")
    return reading


def _read_rows(
    reading: Reading,
    rows: Iterable[tuple[int, list[str]]],
    names: Sequence[str],
    decimal_comma: bool,
) -> None:
    """Adds the rows to the reading, up to the first that is too many."""
    most_rows, most_models = most("entries"), most("models")
    columns = _columns(names, decimal_comma)
    of_models = _columns(MODEL_COLUMNS, decimal_comma)
    for line, cells in rows:
        if not cells[0].lstrip().startswith("#"):
            reading.rows.append(_row(columns, cells, line))
        elif cells[0].strip() == "#model":
            reading.models.append(_model(of_models, cells[1:], line))
        if len(reading.rows) > most_rows or len(reading.models) > most_models:
            break
    found = (too_many("entries", len(reading.rows)), too_many("models", len(reading.models)))
    reading.problems += filter(None, found)


def _row(columns: Sequence[Column], cells: list[str], line: int) -> RawRow:
    op: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    for (name, read, is_op), cell in zip(columns, cells, strict=False):
        if cell and (name in AS_THEY_ARE or not cell.isspace()):
            (op if is_op else figures)[name] = read(cell)
    raw = RawRow(line, op, figures)
    if len(cells) != len(columns):
        _count_cells(raw, cells, len(columns), complete=True)
    return raw


def _model(columns: Sequence[Column], cells: list[str], line: int) -> RawRow:
    figures = {
        name: read(cell)
        for (name, read, _), cell in zip(columns, cells, strict=False)
        if cell and (name in AS_THEY_ARE or not cell.isspace())
    }
    raw = RawRow(line, None, figures)
    _count_cells(raw, cells, len(MODEL_COLUMNS), complete=False)
    text = raw.figures.get("arch", "")
    try:
        raw.figures["arch"] = strict_json(text)
    except Unreadable:
        raw.reject("arch", shown(text), f"arch is {shown(text)}; it must be a JSON object.")
    return raw


def _count_cells(raw: RawRow, cells: list[str], wanted: int, *, complete: bool) -> None:
    """A row of another length than its header has its values in the wrong columns."""
    surplus = any(cell.strip() for cell in cells[wanted:])
    if surplus or (complete and len(cells) < wanted):
        text = f"it has {len(cells)} cells, the header has {wanted}."
        raw.reject("", None, text)


def _columns(names: Sequence[str], decimal_comma: bool) -> list[Column]:
    """Per column its field, what reads a cell of it, and whether it belongs to the operation."""
    return [(name, _reader(name, decimal_comma), name in FIELDS) for name in names]


def _reader(name: str, decimal_comma: bool) -> Callable[[str], Any]:
    if name in AS_THEY_ARE:
        return unescaped
    if name in TEXTS:
        return lambda cell: unescaped(cell.strip())
    if name in BOOLEANS:
        return lambda cell: BOOLEAN_CELLS.get(cell.strip().lower(), cell.strip())
    return str.strip if name == "arch" else partial(number, decimal_comma=decimal_comma)
