"""Which operations to time when there are more than the time allows."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from devices.profiles import features
from devices.profiles.estimates import Floats
from devices.profiles.operations import Operation

PRESETS: dict[str, int | None] = {"quick": 40, "standard": 150, "full": None}


def plan(
    operations: Sequence[Operation], preset: str = "quick", limit: int | None = None
) -> list[Operation]:
    """Returns the operations whose times say most about the others, in the order given.

    First the smallest and the largest of each kind of layer (stem, head, classifier …), so that
    other resolutions lie between two rows, and the corners of the blocks; then, one after the
    other, the operation that is least like those already taken (k-centre: Gonzalez, 1985).

    Args:
        operations: all operations of a search space.
        preset: quick (40), standard (150) or full (all).
        limit: another number than the preset's.

    Raises:
        KeyError: no such preset.
    """
    distinct = list(dict.fromkeys(operations))
    most = PRESETS[preset] if limit is None else limit
    if most is None or len(distinct) <= most:
        return distinct
    shape = features.shape(distinct)
    standard = (shape - shape.mean(axis=0)) / np.where(shape.std(axis=0) < 1e-9, 1, shape.std(0))
    taken = _spread(standard, _corners(distinct, shape), most)
    return [op for op, is_taken in zip(distinct, taken, strict=True) if is_taken]


def _corners(operations: Sequence[Operation], shape: Floats) -> list[int]:
    """Rows that come first: extremes of each type, types with few operations before the others."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for row, op in enumerate(operations):
        groups.setdefault(_layer(op), []).append(row)
    macs = np.array([op.macs() + op.moved_elements() for op in operations])
    found: list[int] = []
    for rows in sorted(groups.values(), key=len):
        found += [rows[int(macs[rows].argmax())], rows[int(macs[rows].argmin())]]
    for rows in groups.values():
        for column in shape[rows].T:
            found += [rows[int(column.argmax())], rows[int(column.argmin())]]
    return list(dict.fromkeys(found))


def _layer(op: Operation) -> tuple[object, ...]:
    """The kind of layer: blocks of one type are one kind, other layers differ by their widths."""
    if op.type in ("mbconv", "resblock", "attention"):
        return (op.type,)
    return (op.type, op.cin, op.cout, op.k, op.s, op.tag)


def _spread(points: Floats, first: Sequence[int], n_taken: int) -> npt.NDArray[np.bool_]:
    """Returns which of the points [n, d] are taken: `first`, then always the furthest one."""
    taken = np.zeros(len(points), dtype=bool)
    distance = np.full(len(points), np.inf)
    for row in first[:n_taken]:
        taken[row] = True
        distance = np.minimum(distance, ((points - points[row]) ** 2).sum(axis=1))
    for _ in range(n_taken - int(taken.sum())):
        row = int(np.where(taken, -1.0, distance).argmax())
        taken[row] = True
        distance = np.minimum(distance, ((points - points[row]) ** 2).sum(axis=1))
    return taken
