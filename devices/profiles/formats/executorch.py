"""Tables of ExecuTorch's inspector (`Inspector(...).to_dataframe()` as CSV): one network per file.

Operators come without shapes. The network's time is the row `Method::execute`, else the sum of
calls of operators and delegates; rows inside a delegate may be in cycles and repeat its call, and
`OPERATOR_CALL` repeats the operator before it. The unit stands in the header, if it was asked for.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from devices.profiles.formats import networks
from devices.profiles.formats.reading import UNIT_SPELLINGS, Reading, foreign
from devices.profiles.parsing import Document, Unreadable, csv_rows, number

COLUMN = re.compile(r"(p10|p50|p90|avg|min|max)(?: \((\w{1,8})\))?")
WHOLE = "Method::execute"
CALLS = ("native_call_", "DELEGATE_CALL")
RUN = "Execute"


def read(document: Document) -> Reading:
    """The network's time under the file's name.

    Raises:
        Unreadable: a column is missing, or no row of a call.
    """
    rows = csv_rows(document.text, ",")
    line, names = next(rows, (1, []))
    columns, unit = _columns(names)
    if "event_name" not in columns or "avg" not in columns:
        raise Unreadable(f"Line {line} lacks the columns event_name and avg.", line=line)
    whole: Any = None
    total, n_calls = 0.0, 0
    for _, cells in rows:
        if len(cells) != len(names) or _is_other(cells, columns):
            continue
        name = cells[columns["event_name"]]
        mean = number(cells[columns["avg"]], decimal_comma=False)
        if name == WHOLE:
            whole = mean
        elif name.startswith(CALLS) and isinstance(mean, (int, float)) and mean > 0:
            total, n_calls = total + mean, n_calls + 1
    if whole is None and not n_calls:
        raise Unreadable("No row is the call of an operator, of a delegate or of the method.")
    reading = foreign("Line", unit, runtime={"engine": "executorch", "batch": 1})
    reading.units = reading.model_units = {"mean_ms": unit}
    stem = PurePosixPath(document.name).name
    reading.models.append(networks.row(line, stem, {"mean_ms": total if whole is None else whole}))
    return reading


def _columns(names: list[str]) -> tuple[dict[str, int], str | None]:
    """Place of each column, and the unit that the header states."""
    found: dict[str, int] = {}
    unit = None
    for at, cell in enumerate(names):
        name = cell.strip()
        match = COLUMN.fullmatch(name)
        if match and match[2]:
            unit = UNIT_SPELLINGS.get(match[2].lower())
        found[match[1] if match else name] = at
    return found, unit


def _is_other(cells: list[str], columns: Mapping[str, int]) -> bool:
    """Rows of loading, and rows inside a delegate."""
    block, inside = columns.get("event_block_name"), columns.get("is_delegated_op")
    if block is not None and cells[block] not in (RUN, ""):
        return True
    return inside is not None and cells[inside].strip().lower() == "true"
