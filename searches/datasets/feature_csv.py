"""Rows of numbers from a CSV file: one line of names, then a row for each sample.

Every column but that of the class holds numbers. Rows are counted as a spreadsheet does: the
names are in row 1.
"""

import csv
import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from math import isfinite
from typing import BinaryIO

import numpy as np

from searches.datasets.archives import reason
from searches.datasets.base import DataRefused, Labels, Limits, refuse
from searches.datasets.features import (
    LARGEST,
    FeatureData,
    Features,
    assemble,
    check_columns,
    check_size,
)

DELIMITERS = (",", ";", "\t")
LONGEST_ROW = 2**20
MOST_PROBLEMS = 10
# How people write that a value is not known.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "."})
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def read(
    file: BinaryIO,
    *,
    target: str = "",
    seed: int,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> FeatureData:
    """The data set of an uploaded CSV.

    Args:
        file: text in UTF-8; commas, semicolons or tabs between the cells.
        target: name of the column with the class; the last one unless given.
        seed: of the split.
        limits: what a data set may be at most.

    Raises:
        DataRefused: naming row and column, what is wrong there, and what would be right.
    """
    n_bytes = file.seek(0, 2)
    if n_bytes > limits.upload_bytes:
        raise refuse("file", f"{n_bytes:,} bytes; at most {limits.upload_bytes:,}.")
    with lines(file) as rows:
        columns = _columns(rows.header)
        position = _position(columns, target.strip())
        table = Table(columns, position, limits)
        for number, cells in rows:
            table.add(number, cells)
    features, names = table.features(), table.labels
    classes, labels = numbered(names)
    ordered = (*columns[:position], *columns[position + 1 :], columns[position])
    return assemble(
        ((features, labels), None, None),
        classes=classes,
        columns=ordered,
        seed=seed,
        limits=limits,
    )


class Rows:
    """The cells of each row that is not empty, with its number."""

    def __init__(self, text: TextIOWrapper):
        first = text.readline(LONGEST_ROW)
        delimiter = max(DELIMITERS, key=first.count)
        text.seek(0)
        self._text = text
        self._number, self._length = 1, 0  # of the row that is being read
        self._reader = csv.reader(self._bounded(), delimiter=delimiter, strict=True)
        self.header: list[str] = next(self._reader, [])

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        self._number, self._length = 2, 0
        for cells in self._reader:
            if any(cells):
                yield self._number, cells
            self._number, self._length = self._number + 1, 0

    def _bounded(self) -> Iterator[str]:
        """Lines; a row, which may be many of them in quotes, never grows without end."""
        while line := self._text.readline(LONGEST_ROW):
            self._length += len(line)
            if self._length >= LONGEST_ROW:
                message = f"It is longer than {LONGEST_ROW:,} characters."
                raise refuse(f"row {self._number}", message)
            yield line


@contextmanager
def lines(file: BinaryIO) -> Iterator[Rows]:
    """The rows of a file that stays open; damaged text is refused."""
    file.seek(0)
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield Rows(text)
    except UnicodeDecodeError as error:
        raise refuse("file", f"This is no text in UTF-8: {error.reason}.") from None
    except csv.Error as error:
        raise refuse("file", f"This is no CSV: {reason(error)}.") from None
    finally:
        text.detach()


def _columns(header: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in header)
    if len(columns) < 2:
        message = "A first line with the names of at least two columns is needed: " + (
            f"it holds only “{columns[0][:80]}”." if columns else "the file is empty."
        )
        raise refuse("file", message)
    if all(_number(name) is not None for name in columns):
        raise refuse("row 1", "It holds numbers; the names of the columns are needed here.")
    check_columns(columns)
    return columns


def _position(columns: tuple[str, ...], target: str) -> int:
    """Where the class stands."""
    if not target:
        return len(columns) - 1
    if target not in columns:
        listed = ", ".join(columns[:20]) + (", …" if len(columns) > 20 else "")
        raise refuse("target", f"There is no column “{target[:80]}”; there are {listed}.")
    return columns.index(target)


class Table:
    """Grows row by row, and stops at what is too much."""

    def __init__(self, columns: tuple[str, ...], position: int, limits: Limits):
        self.columns, self.position, self.limits = columns, position, limits
        self.names = (*columns[:position], *columns[position + 1 :])
        self.labels: list[str] = []
        self._values = array("d")
        self._problems: dict[str, list[str]] = {}
        check_size("file", 0, len(self.names), limits)

    def add(self, number: int, cells: list[str]) -> None:
        """One row; problems are gathered until they are many."""
        if len(cells) != len(self.columns):
            message = f"{len(cells)} cells; {len(self.columns)} are needed, as in the first line."
            self._note(f"row {number}", message)
            return
        label = cells.pop(self.position).strip()
        if label.casefold() in MISSING:
            message = f"{_shown(label)}: every row needs its class."
            self._note(f"row {number}, column “{self.columns[self.position]}”", message)
        self.labels.append(label)
        self._values.extend(self._numbers(number, cells))
        check_size("file", len(self.labels), len(self.names), self.limits)

    def _numbers(self, number: int, cells: Sequence[str]) -> list[float]:
        text = "".join(cells)
        if text.isascii() and "_" not in text:  # Python's float takes 1_000 and foreign digits
            try:
                found = [float(cell) for cell in cells]
            except ValueError:
                pass
            else:
                if all(-LARGEST <= value <= LARGEST for value in found):
                    return found
        for name, cell in zip(self.names, cells, strict=True):
            if fault := _fault(cell.strip()):
                self._note(f"row {number}, column “{name}”", fault)
        return [0.0] * len(cells)

    def _note(self, place: str, message: str) -> None:
        self._problems[place] = [message]
        if len(self._problems) == MOST_PROBLEMS:
            raise DataRefused(self._problems)

    def features(self) -> Features:
        """[n, n_features], once all rows are in.

        Raises:
            DataRefused: with everything that was noted.
        """
        if self._problems:
            raise DataRefused(self._problems)
        if not self.labels:
            raise refuse("file", "There are no rows below the names.")
        values = np.frombuffer(self._values, dtype=np.float64)
        return values.reshape(len(self.labels), -1).astype(np.float32)


def _number(cell: str) -> float | None:
    """The number of a cell; None for what people would not call one."""
    if not cell.isascii() or "_" in cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _fault(cell: str) -> str:
    """Why the cell of a feature cannot be taken; empty when it can."""
    if cell.casefold() in MISSING:
        return f"{_shown(cell)}: fill missing values in, or leave the row or the column out."
    value = _number(cell)
    if value is not None:
        is_small = abs(value) <= LARGEST
        return "" if is_small else f"{_shown(cell)} is beyond ±{LARGEST:.3g}."
    if DECIMAL_COMMA.fullmatch(cell):
        return f"{_shown(cell)}: a decimal point is needed, not a comma."
    return (
        f"{_shown(cell)} is no number; write categories as columns of 0 and 1, "
        "or name the column of the class."
    )


def _shown(cell: str) -> str:
    return f"“{cell[:40]}”" if cell else "This cell is empty"


def numbered(names: Sequence[str]) -> tuple[tuple[str, ...], Labels]:
    """The classes in order, and of each row the position of its own.

    Whole numbers are ordered as numbers (2 before 10, and 1.0 is 1), all else as text.
    """
    whole = {name: _whole(name) for name in set(names)}
    numbers = sorted({number for number in whole.values() if number is not None})
    if None in whole.values():
        classes = sorted(whole)
        position = {name: number for number, name in enumerate(classes)}
    else:
        classes = list(map(str, numbers))
        order = {number: position for position, number in enumerate(numbers)}
        position = {name: order[number or 0] for name, number in whole.items()}
    return tuple(classes), np.array([position[name] for name in names], dtype=np.int64)


def _whole(name: str) -> int | None:
    value = _number(name)
    return int(value) if value is not None and value.is_integer() else None
