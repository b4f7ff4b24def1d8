"""A plain table of whole networks: what each is, and its latency.

Columns: `arch` (a JSON object in the space's encoding), or `arch.x`, `arch.y` … of its members, or
`network` with `macs`; then a time such as `latency_ms` or `mean_us`, and any other figure of a
whole network (std_ms, p95_ms, runs, energy_mj, peak_mem_bytes, file_bytes, split).
"""

from collections.abc import Sequence
from functools import partial
from itertools import islice, takewhile

from devices.profiles.formats import csv_header, networks
from devices.profiles.formats.reading import RawRow, Reading, foreign, too_many
from devices.profiles.operation_checks import nearest
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
from devices.profiles.rules import most, rules

NAMES = ("network", "model", "name", "arch_str", "architecture")
TEXTS = frozenset({"split", "model_sha256"})
MOST_COLUMNS = 200
MEMBER = "arch."


def read(document: Document) -> Reading:
    """One row per network. The unit is that of the column's name.

    Raises:
        Unreadable: no column for a time, or a column of unknown meaning.
    """
    above = list(takewhile(csv_header.is_comment, lines(document.text)))
    body = list(islice(lines(document.text), len(above), None))
    delimiter = separator(body[0]) if body else ","
    rows = csv_rows("".join(body), delimiter, len(above) + 1)
    line, cells = next(rows, (1, []))
    reading = foreign("Line", None)
    reading.model_units = {}
    columns = _columns(reading, cells, line)
    for line, cells in rows:
        if len(reading.models) > most("models"):
            break
        reading.models.append(_row(line, columns, cells, delimiter == ";"))
    reading.problems += filter(None, [too_many("models", len(reading.models))])
    return reading


def _columns(reading: Reading, cells: Sequence[str], line: int) -> list[str]:
    """The field of each column; notes the units of times and energies."""
    allowed, found = tuple(rules("models")), []
    for cell in cells[:MOST_COLUMNS]:
        name = cell.strip()
        field, unit = csv_header.figure_column(name, None)
        if name.lower() in NAMES:
            field = "network"
        elif field in allowed and field.endswith(("_ms", "_mj")):
            reading.model_units[field] = unit
        elif not name.startswith(MEMBER) and field not in allowed:
            text = f"Column {shown(name)} unknown; {nearest(name, (*allowed, 'network'))}."
            raise Unreadable(text, line=line)
        found.append(name if name.startswith(MEMBER) else field)
    twice = {name for name in found if found.count(name) > 1}
    if twice or "mean_ms" not in found:
        what = f"the column {shown(min(twice))} twice" if twice else "no column for a time"
        raise Unreadable(f"Line {line} has {what}.", line=line)
    reading.units = dict(reading.model_units)
    return found


def _row(line: int, columns: Sequence[str], cells: Sequence[str], decimal_comma: bool) -> RawRow:
    raw = RawRow(line, None, {})
    if len(cells) != len(columns):
        raw.reject("", None, f"it has {len(cells)} cells, the header has {len(columns)}.")
        return raw
    texts = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    read = partial(number, decimal_comma=decimal_comma)
    figures = {
        column: text if column in TEXTS else read(text)
        for column, text in texts.items()
        if text and column not in ("arch", "network") and not column.startswith(MEMBER)
    }
    members = {
        column.removeprefix(MEMBER): read(text)
        for column, text in texts.items()
        if column.startswith(MEMBER)
    }
    if members:
        return RawRow(line, None, {"arch": members, **figures})
    if "arch" not in texts:
        return networks.row(line, texts.get("network") or f"line {line}", figures)
    raw.figures = figures
    _spell_out(raw, texts["arch"])
    return raw


def _spell_out(raw: RawRow, text: str) -> None:
    try:
        raw.figures["arch"] = strict_json(text)
    except Unreadable:
        raw.reject("arch", shown(text), f"arch is {shown(text)}; it must be a JSON object.")
