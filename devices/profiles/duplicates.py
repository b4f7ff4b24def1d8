"""Several rows for one operation: one is kept, or none if they contradict each other."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from devices.profiles.problems import Problem, figure
from devices.profiles.profile import Entry
from devices.profiles.rows import Judged, Placed

# Repeats of one operation differ by 2 % at most in a careful table; beyond this one is wrong.
CONTRADICTION = 1.25


def merged(rows: Iterable[Placed[Entry]], place: str) -> Judged[Entry]:
    """One row per operation, in the order of their first appearance."""
    groups: dict[str, list[Placed[Entry]]] = {}
    for placed in rows:
        groups.setdefault(placed.row.op.key(), []).append(placed)
    judged: Judged[Entry] = Judged()
    for group in groups.values():
        if len(group) == 1:
            judged.rows += group
        else:
            _settle(judged, group, place)
    return judged


def _settle(judged: Judged[Entry], group: list[Placed[Entry]], place: str) -> None:
    distinct = list({placed.row.mean_ms: placed for placed in reversed(group)}.values())[::-1]
    means = [placed.row.mean_ms for placed in group]
    label, first = group[0].row.op.label(), group[0].line
    if all(placed.row == group[0].row for placed in group):
        judged.rows.append(group[0])
        text = f"{len(group)} identical rows of {label} ({_lines(group, place)}); one is kept."
        judged.problems.append(Problem("W", first, None, None, text))
    elif max(means) > CONTRADICTION * min(means):
        judged.rejected += len(group)
        judged.problems += [_contradiction(placed, distinct, place) for placed in group]
    else:
        judged.rows.append(Placed(first, _mean(group), group[0].file))
        apart = 100 * (max(means) / min(means) - 1)
        text = (
            f"{len(group)} rows of {label} ({_lines(group, place)}) differ by {figure(apart)} %; "
            "their mean, weighted by runs, is kept."
        )
        judged.problems.append(Problem("W", first, "mean_ms", None, text))


def _contradiction(placed: Placed[Entry], others: Sequence[Placed[Entry]], place: str) -> Problem:
    """Names the row that is furthest away."""
    mean = placed.row.mean_ms
    other = max(others, key=lambda row: abs(math.log(row.row.mean_ms) - math.log(mean)))
    text = (
        f"{placed.where(place)} ({placed.row.op.label()}): {figure(mean)} ms, but "
        f"{other.where(place.lower())} says {figure(other.row.mean_ms)} ms for the same "
        "operation; keep one."
    )
    return Problem("R", placed.line, "mean_ms", repr(mean), text)


def _mean(group: Sequence[Placed[Entry]]) -> Entry:
    """The runs-weighted mean; its spread holds that of the rows and that between them."""
    rows = [placed.row for placed in group]
    weights = [row.runs or 1 for row in rows]
    mean = _weighted([row.mean_ms for row in rows], weights)
    squares = [_square(row.std_ms or 0.0) + _square(row.mean_ms - mean) for row in rows]
    runs = [row.runs for row in rows if row.runs is not None]
    lowest = [row.min_ms for row in rows if row.min_ms is not None]
    energies = [row.energy_mj for row in rows if row.energy_mj is not None]
    return replace(
        rows[0],
        mean_ms=mean,
        std_ms=math.sqrt(_weighted(squares, weights)),
        min_ms=min(lowest, default=None),
        p50_ms=None,
        p95_ms=None,
        runs=sum(runs) or None,
        energy_mj=_weighted(energies, weights) if len(energies) == len(rows) else None,
    )


def _weighted(values: Sequence[float], weights: Sequence[int]) -> float:
    total = sum(weights)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / total


def _square(value: float) -> float:
    return value * value


def _lines(group: Sequence[Placed[Entry]], place: str) -> str:
    numbers = ", ".join(_number(placed) for placed in group[:10])
    return f"{place.lower()}s {numbers}" + (", …" if len(group) > 10 else "")


def _number(placed: Placed[Entry]) -> str:
    return f"{placed.line} of {placed.file}" if placed.file else str(placed.line)
