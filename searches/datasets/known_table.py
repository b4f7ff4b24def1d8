"""Tables of known results: architectures with what was measured of each, for searching in them.

A CSV with a line of names. A measured column says in brackets which way is better, and perhaps
its unit: `error (% min)`, `score (max)`, `delay (ms min)`. All other columns are the
choices that make an architecture; their different values are the options.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from math import isfinite, nan, prod
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np
import numpy.typing as npt

from searches.datasets.base import DataRefused, Limits, refuse
from searches.datasets.feature_csv import MISSING, MOST_PROBLEMS, lines
from searches.datasets.features import check_columns
from searches.datasets.splits import LONGEST_NAME
from searches.objectives.measures import COSTS, Measure

MEASURED = re.compile(r"^(?P<name>[^()]+?)\s*\((?:(?P<unit>[^\s()]{1,20})\s+)?(?P<way>min|max)\)$")
RESERVED = ("@", ":", "__")  # "latency@3", "accuracy:test", and paths in stored JSON
MOST_CHOICES, MOST_OPTIONS, MOST_MEASURES = 64, 1000, 20
# A search proposes any combination of the options; most of them should have a row.
LEAST_SHARE = 0.5


@dataclass(frozen=True)
class KnownTable:
    """Architectures and measured values.

    Attributes:
        columns: names of the choices.
        options: of each choice, in their order.
        rows: [n, n_columns] index of the chosen option.
        measures: what was measured.
        values: [n, n_measures]; NaN where nothing is known.
    """

    kind: ClassVar[str] = "table"

    columns: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]
    rows: npt.NDArray[np.int32]
    measures: tuple[Measure, ...]
    values: npt.NDArray[np.float64]

    def to_bytes(self) -> bytes:
        """The stored form: an uncompressed .npz without pickled objects."""
        file = BytesIO()
        texts = {
            "columns": self.columns,
            "options": [option for options in self.options for option in options],
            "names": [measure.name for measure in self.measures],
            "units": [measure.unit for measure in self.measures],
            "directions": [measure.direction for measure in self.measures],
        }
        arrays: dict[str, Any] = {name: np.array(t, dtype=np.str_) for name, t in texts.items()}
        arrays["n_options"] = np.array([len(options) for options in self.options])
        np.savez(file, rows=self.rows, values=self.values, **arrays)
        return file.getvalue()

    @classmethod
    def load(cls, file: BinaryIO) -> Self:
        """The table of a stored file."""
        with np.load(file, allow_pickle=False) as found:
            every = iter(map(str, found["options"]))
            options = tuple(tuple(next(every) for _ in range(n)) for n in found["n_options"])
            measures = tuple(
                measure_of(str(name), str(unit), str(direction))
                for name, unit, direction in zip(
                    found["names"], found["units"], found["directions"], strict=True
                )
            )
            columns = tuple(map(str, found["columns"]))
            return cls(columns, options, found["rows"], measures, found["values"])

    def sha256(self) -> str:
        """Hash of the content, not of the file around it."""
        texts = [self.columns, self.options, [repr(measure) for measure in self.measures]]
        digest = hashlib.sha256(repr(texts).encode())
        digest.update(np.ascontiguousarray(self.rows).data)
        digest.update(np.ascontiguousarray(self.values).data)
        return digest.hexdigest()

    def statistics(self) -> dict[str, Any]:
        """What a person wants to know of the table, as JSON."""
        return {
            "shape": [len(self.columns)],
            "classes": [],
            "n": {"rows": len(self.rows)},
            "n_possible": str(prod(map(len, self.options))),
            "columns": [
                {"name": name, "options": list(options)}
                for name, options in zip(self.columns, self.options, strict=True)
            ],
            "measures": [
                {
                    "name": measure.name,
                    "unit": measure.unit,
                    "direction": measure.direction,
                    "min": float(np.nanmin(column)),
                    "max": float(np.nanmax(column)),
                    "n_missing": int(np.isnan(column).sum()),
                }
                for measure, column in zip(self.measures, self.values.T, strict=True)
            ],
        }

    @cached_property
    def _places(self) -> dict[tuple[int, ...], int]:
        return {tuple(row): position for position, row in enumerate(self.rows.tolist())}

    def known(self, genes: Sequence[int]) -> dict[str, float] | None:
        """The measured values of an architecture; None when the table has no row for it."""
        position = self._places.get(tuple(genes))
        if position is None:
            return None
        values = self.values[position].tolist()
        return {m.name: value for m, value in zip(self.measures, values, strict=True)}


def measure_of(name: str, unit: str, direction: str) -> Measure:
    """The measure of a column: like a quality, only an evaluation (a look) tells it."""
    way: Any = direction
    return Measure(name, name, unit, way, kind="result")


def measures_of(statistics: Mapping[str, Any]) -> list[Measure]:
    """What was measured, from what `KnownTable.statistics` says."""
    found = statistics.get("measures", [])
    return [measure_of(one["name"], one["unit"], one["direction"]) for one in found]


def ends_of(statistics: Mapping[str, Any], name: str) -> tuple[float, float]:
    """The smallest and the largest value of a measured column."""
    found = next(one for one in statistics["measures"] if one["name"] == name)
    return found["min"], found["max"]


def is_table(header: Sequence[str]) -> bool:
    """Whether a first line says which of its columns were measured."""
    return any(MEASURED.match(name.strip()) for name in header)


def read(file: BinaryIO, *, limits: Limits = Limits()) -> KnownTable:  # noqa: B008  (frozen)
    """The table of an uploaded CSV.

    Args:
        file: text in UTF-8; commas, semicolons or tabs between the cells.
        limits: what a data set may be at most.

    Raises:
        DataRefused: naming row and column, what is wrong there, and what would be right.
    """
    n_bytes = file.seek(0, 2)
    if n_bytes > limits.upload_bytes:
        raise refuse("file", f"{n_bytes:,} bytes; at most {limits.upload_bytes:,}.")
    with lines(file) as rows:
        builder = _Builder([name.strip() for name in rows.header], limits)
        for number, cells in rows:
            builder.add(number, [cell.strip() for cell in cells])
    return builder.table()


class _Builder:
    """Grows row by row; problems are gathered until they are many."""

    def __init__(self, header: list[str], limits: Limits):
        check_columns(tuple(header))
        found = [MEASURED.match(name) for name in header]
        self.header, self.limits = header, limits
        self.chosen = [i for i, match in enumerate(found) if match is None]
        self.measured = {i: match for i, match in enumerate(found) if match is not None}
        self.measures = tuple(
            measure_of(match["name"], match["unit"] or "", match["way"])
            for match in self.measured.values()
        )
        self._check_header()
        self.known: list[dict[str, int]] = [{} for _ in self.chosen]
        self.rows: dict[tuple[int, ...], int] = {}
        self.values: list[list[float]] = []
        self.problems: dict[str, list[str]] = {}

    def _check_header(self) -> None:
        if not self.measures:
            message = "No column was measured. Name one like “error (% min)” or “score (max)”."
            raise refuse("row 1", message)
        for counted, most, what in (
            (self.chosen, MOST_CHOICES, "choices"),
            (self.measures, MOST_MEASURES, "measured columns"),
        ):
            if not 1 <= len(counted) <= most:
                raise refuse("row 1", f"{len(counted)} {what}; 1 to {most} are possible.")
        names = [measure.name for measure in self.measures]
        for name in names:
            if names.count(name) > 1:
                raise refuse(f"column “{name}”", "Two measured columns have this name.")
            if name in COSTS:
                message = f"webnas computes {name} itself; call the column “measured {name}”, say."
                raise refuse(f"column “{name}”", f"{message} Taken are: {', '.join(COSTS)}.")
            if not _can_be_a_key(name):
                message = "A name of a measured column is no number, and without @, : and __."
                raise refuse(f"column “{name}”", message)

    def add(self, number: int, cells: list[str]) -> None:
        if len(cells) != len(self.header):
            message = f"{len(cells)} cells; {len(self.header)} are needed, as in the first line."
            self._note(f"row {number}", message)
            return
        if len(self.rows) >= self.limits.n_images:
            raise refuse("file", f"More than {self.limits.n_images:,} rows.")
        genes = tuple(
            self._option(number, column, known, cells[column])
            for column, known in zip(self.chosen, self.known, strict=True)
        )
        first = self.rows.setdefault(genes, number)
        if first != number:
            self._note(f"row {number}", f"The same architecture as in row {first}.")
        self.values.append(
            [self._value(number, column, cells[column]) for column in self.measured]
        )

    def _option(self, number: int, column: int, known: dict[str, int], cell: str) -> int:
        if not 1 <= len(cell) <= LONGEST_NAME or not cell.isprintable():
            place = f"row {number}, column “{self.header[column]}”"
            self._note(place, f"An option of 1 to {LONGEST_NAME} printable characters is needed.")
            return 0
        found = known.setdefault(cell, len(known))
        if len(known) > MOST_OPTIONS:
            message = f"More than {MOST_OPTIONS:,} different values: was this column measured? "
            message += f"Then name it like “{self.header[column]} (min)”."
            raise refuse(f"column “{self.header[column]}”", message)
        return found

    def _value(self, number: int, column: int, cell: str) -> float:
        if cell.casefold() in MISSING:
            return nan
        try:
            found = float(cell)
        except ValueError:
            found = nan
        if not isfinite(found):
            place = f"row {number}, column “{self.header[column]}”"
            self._note(place, f"“{cell[:40]}”: a finite number is needed, or nothing.")
        return found

    def _note(self, place: str, message: str) -> None:
        self.problems[place] = [message]
        if len(self.problems) == MOST_PROBLEMS:
            raise DataRefused(self.problems)

    def table(self) -> KnownTable:
        """The table once all rows are in, options in a natural order.

        Raises:
            DataRefused: with everything that was noted.
        """
        if self.problems:
            raise DataRefused(self.problems)
        if not self.rows:
            raise refuse("file", "There are no rows below the names.")
        self._check_share()
        orders = [sorted(known, key=_natural) for known in self.known]
        renamed = [
            np.array([order.index(name) for name in known], np.int32)
            for known, order in zip(self.known, orders, strict=True)
        ]
        rows = np.array(list(self.rows), np.int32).reshape(len(self.rows), -1)
        for position, new in enumerate(renamed):
            rows[:, position] = new[rows[:, position]]
        values = np.array(self.values, np.float64)
        for measure, column in zip(self.measures, values.T, strict=True):
            if np.isnan(column).all():
                raise refuse(f"column “{measure.name}”", "It holds no number at all.")
        names = tuple(self.header[column] for column in self.chosen)
        return KnownTable(names, tuple(map(tuple, orders)), rows, self.measures, values)

    def _check_share(self) -> None:
        n_possible = prod(map(len, self.known))
        if len(self.rows) < LEAST_SHARE * n_possible:
            message = (
                f"{len(self.rows):,} of the {n_possible:.6g} combinations of the options have a "
                f"row; at least {LEAST_SHARE:.0%} are needed."
            )
            raise refuse("file", message)


def _can_be_a_key(name: str) -> bool:
    """Whether values can be kept and asked for by this name, beside test values."""
    is_number = name.lstrip("+-").replace("_", "").strip().isdecimal()
    return not is_number and not any(part in name for part in RESERVED)


def _natural(option: str) -> tuple[int, float, str]:
    """Numbers by size, then texts by the alphabet."""
    try:
        return 0, float(option), option
    except ValueError:
        return 1, 0.0, option
