"""Searching in a table of known results: nothing is trained, and nothing can be downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from searches.datasets.known_table import KnownTable
from searches.spaces.base import SearchSpace


@dataclass(frozen=True)
class TableTask:
    """The table and the space of its columns.

    Attributes:
        settings: There are none.
    """

    space: SearchSpace
    table: KnownTable
    settings: Any = None
