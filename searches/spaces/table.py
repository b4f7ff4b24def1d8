"""The architectures of a table of known results: every column is a gene.

Nothing is known of their layers, so they have no costs but those of the table.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from searches.spaces.base import Gene
from searches.spaces.factors import FactorSpace, Indices, Slot
from searches.spaces.mobile_definition import InvalidSpace


class TableSpace(FactorSpace):
    """Every combination of the options of the table's columns, with a row or without."""

    family = "table"

    def __init__(self, table: str, columns: Sequence[tuple[str, Sequence[str]]]):
        self.table = table
        self.genes = tuple(Gene(name, tuple(options), "table") for name, options in columns)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TableSpace":
        """The space of `{"table": SHA-256, "columns": [{"name": …, "options": […]}]}`.

        Raises:
            InvalidSpace: a field is missing or of the wrong kind.
        """
        table, columns = data.get("table"), data.get("columns")
        if not isinstance(table, str) or len(table) != 64:
            raise InvalidSpace({"table": ["The SHA-256 of an uploaded table is needed."]})
        if not isinstance(columns, list) or not columns:
            raise InvalidSpace({"columns": ["A list of columns is needed."]})
        return cls(table, [_column(column, f"columns.{i}") for i, column in enumerate(columns)])

    def to_json(self) -> dict[str, Any]:
        columns = [{"name": gene.name, "options": list(gene.options)} for gene in self.genes]
        return {"family": self.family, "table": self.table, "columns": columns}

    def _slots(self) -> Sequence[Slot]:
        return []

    def operation_indices(self, genes: npt.ArrayLike) -> Indices:
        n = len(np.asarray(genes).reshape(-1, len(self.genes)))
        return np.empty((n, 0), np.int32)

    def size(self) -> int:
        return prod(len(gene.options) for gene in self.genes)

    def size_formula(self) -> str:
        return " × ".join(str(len(gene.options)) for gene in self.genes)


def _column(column: Any, place: str) -> tuple[str, list[str]]:
    name = column.get("name") if isinstance(column, Mapping) else None
    options = column.get("options") if isinstance(column, Mapping) else None
    if not isinstance(name, str) or not name:
        raise InvalidSpace({f"{place}.name": ["A name is needed."]})
    is_list = isinstance(options, list) and bool(options)
    if not is_list or not all(isinstance(option, str) for option in options or []):
        raise InvalidSpace({f"{place}.options": ["A list of texts is needed."]})
    if len(set(options or [])) < len(options or []):
        raise InvalidSpace({f"{place}.options": ["An option is there twice."]})
    return name, list(options or [])
