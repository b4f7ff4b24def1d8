"""Raw rows become entries, or a rejection that says which field is wrong and what is right."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from devices.profiles import operation_checks, sections
from devices.profiles.formats.reading import (
    MJ_PER_UNIT,
    MS_PER_UNIT,
    UNIT_SPELLINGS,
    RawRow,
)
from devices.profiles.operation_checks import Fault
from devices.profiles.operations import Operation
from devices.profiles.parsing import COMMA, LONGEST_NUMBER
from devices.profiles.problems import SHOWN, Problem, figure
from devices.profiles.profile import Entry, ModelRow, Runtime
from devices.profiles.rules import rules

R = TypeVar("R", Entry, ModelRow)
REJECTED_SHARE = 0.2  # from here on the file is refused
WITH_SUFFIX = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([a-zµμ]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placed(Generic[R]):
    """A row and where it stood."""

    line: int
    row: R
    file: str = ""

    def where(self, place: str) -> str:
        """Such as `Row 3`, or `Row 3 of a.json` when there are several files."""
        return spot(place, self.line, self.file)


@dataclass(slots=True)
class Judged(Generic[R]):
    """The rows that stand, and one problem or more for each that does not."""

    rows: list[Placed[R]] = field(default_factory=list)
    rejected: int = 0
    too_long: int = 0  # of the rejected: a time above 10 minutes
    problems: list[Problem] = field(default_factory=list)

    def is_hopeless(self, total: int) -> bool:
        """Whether so many of `total` rows are rejected that the rest need not be looked at."""
        return self.rejected > max(SHOWN, REJECTED_SHARE * total)


def spot(place: str, line: int, file: str) -> str:
    return f"{place} {line} of {file}" if file else f"{place} {line}"


def entries(
    raws: Sequence[RawRow], factors: dict[str, float], runtime: Runtime, place: str
) -> Judged[Entry]:
    """Judge the rows of operations; `factors` bring their times to ms and energies to mJ."""
    judged: Judged[Entry] = Judged()
    for raw in raws:
        if judged.is_hopeless(len(raws)):
            break
        operation, faults = _operation(raw, runtime)
        values, found = sections.figures("entries", _scaled(raw.figures, factors))
        faults = [*raw.faults, *faults, *found]
        if operation is None or faults:
            label = operation.label() if operation else _type(raw)
            name = f"{spot(place, raw.line, raw.file)} ({label})"
            _reject(judged, faults, name, raw.line)
        else:
            judged.rows.append(Placed(raw.line, Entry(op=operation, **values), raw.file))
    return judged


def models(raws: Sequence[RawRow], factors: dict[str, float], place: str) -> Judged[ModelRow]:
    """Judge the rows of whole networks."""
    judged: Judged[ModelRow] = Judged()
    for raw in raws:
        if judged.is_hopeless(len(raws)):
            break
        values, faults = sections.figures("models", _scaled(raw.figures, factors))
        if faults or raw.faults:
            name = f"{spot(place, raw.line, raw.file)} (whole network)"
            _reject(judged, [*raw.faults, *faults], name, raw.line)
        else:
            judged.rows.append(Placed(raw.line, ModelRow(**values), raw.file))
    return judged


def read_texts(
    raws: Sequence[RawRow], units: dict[str, str | None], section: str
) -> list[Problem]:
    """Turn a column of texts such as "1.4 ms" into numbers if all its cells have one suffix.

    Changes the rows and their units in place; other texts are left for the rows' judges.
    """
    numeric = {name for name, rule in rules(section).items() if rule.kind in ("number", "integer")}
    texts = {
        name
        for raw in raws
        for name, value in raw.figures.items()
        if isinstance(value, str) and name in numeric
    }
    return [problem for name in sorted(texts) for problem in _read_column(raws, units, name)]


def _read_column(
    raws: Sequence[RawRow], units: dict[str, str | None], name: str
) -> Iterator[Problem]:
    holders = [raw for raw in raws if name in raw.figures]
    cells = [_number_and_suffix(raw.figures[name]) for raw in holders]
    suffixes = {cell[1] for cell in cells if cell}
    if None in cells or len(suffixes) != 1:
        return
    (suffix,) = suffixes
    unit = UNIT_SPELLINGS.get(suffix.lower())
    allowed = MS_PER_UNIT if name.endswith("_ms") else MJ_PER_UNIT if name.endswith("_mj") else {}
    if suffix and unit not in allowed:
        return
    for raw, cell in zip(holders, cells, strict=True):
        raw.figures[name] = cell[0] if cell else None
    if suffix:
        units[name] = unit
    wording = f"numbers of {suffix}" if suffix else "plain numbers"
    text = f"All values of {name} are texts; they are read as {wording}."
    yield Problem("W", holders[0].line, name, None, text)


def _number_and_suffix(value: object) -> tuple[float, str] | None:
    if not isinstance(value, str) or len(value) > LONGEST_NUMBER:
        return None
    match = WITH_SUFFIX.fullmatch(value.strip())
    try:
        return (float(match[1]), match[2]) if match else None
    except ValueError:
        return None


def _operation(raw: RawRow, runtime: Runtime) -> tuple[Operation | None, list[Fault]]:
    """The operation without what the header says already."""
    if not isinstance(raw.op, dict):
        return None, [] if raw.faults else [Fault("op", None, "op is missing.")]
    values, faults = operation_checks.checked(raw.op)
    if faults:
        return None, faults
    arguments: dict[str, Any] = values
    if arguments.get("batch") == runtime.batch:
        del arguments["batch"]
    if arguments.get("dtype") == runtime.dtype:
        del arguments["dtype"]
    return Operation(**arguments), []


def _scaled(figures: dict[str, Any], factors: dict[str, float]) -> dict[str, Any]:
    if not factors:
        return figures
    return {
        name: value * factors[name]
        if name in factors and isinstance(value, (int, float)) and abs(value) < 1e300
        else value
        for name, value in figures.items()
    }


def _type(raw: RawRow) -> str:
    kind = raw.op.get("type") if isinstance(raw.op, dict) else None
    return kind if isinstance(kind, str) and kind.isalnum() and len(kind) < 30 else "?"


def _reject(
    judged: Judged[Entry] | Judged[ModelRow], faults: Sequence[Fault], name: str, line: int
) -> None:
    judged.rejected += 1
    judged.too_long += any(_is_too_long(fault) for fault in faults)
    for fault in faults:
        text = _about_mean(fault) if fault.field == "mean_ms" else fault.text
        judged.problems.append(
            Problem("R", line, fault.field or None, fault.value, f"{name}: {text}")
        )


def _about_mean(fault: Fault) -> str:
    """The sentence for a time, the figure that goes wrong most often."""
    if fault.value is None:
        return fault.text
    if _is_too_long(fault):
        return f"mean is {figure(float(fault.value))} ms, above 10 minutes; is it in microseconds?"
    stripped = fault.value.strip("'")
    if COMMA.fullmatch(stripped):
        return f"mean is {fault.value}; write {stripped.replace(',', '.')} with a point."
    if _as_number(fault) is None:
        return f"mean is {fault.value}; it must be a plain number of ms."
    return f"mean is {fault.value}; times must be above 0 ms."


def _is_too_long(fault: Fault) -> bool:
    value = _as_number(fault) if fault.field == "mean_ms" else None
    return value is not None and 0 < value < math.inf


def _as_number(fault: Fault) -> float | None:
    try:
        return float(fault.value or "")
    except ValueError:
        return None
