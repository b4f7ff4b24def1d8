"""Judging by looking the architecture up in a table of known results."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from searches.datasets.known_table import KnownTable
from searches.evaluators.base import Candidate, Evaluator
from searches.objectives.fidelity import FULL
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import Genes
from searches.training.base import Progress, Tick, always
from searches.training.task import Split


class NotInTable(LookupError):
    """The table has no row for an architecture, or no value in one of its columns."""


class TableCandidate(Candidate):
    """A row of the table."""

    def __init__(self, table: KnownTable, genes: Genes):
        self.table, self.genes = table, genes

    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        return self.progress

    @property
    def progress(self) -> Progress:
        return Progress(1, 1, done=True)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """There is nothing to go on with."""

    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        """What the row says; a table does not tell splits apart.

        Raises:
            NotInTable: There is no row.
        """
        tick()
        found = self.table.known(self.genes)
        if found is None:
            named = zip(self.table.columns, self.table.options, self.genes, strict=True)
            row = ", ".join(f"{column} = {options[gene]}" for column, options, gene in named)
            raise NotInTable(f"The table has no row for {row}.")
        units = {measure.name: measure.unit for measure in self.table.measures}
        return {
            name: MeasuredValue(value, units[name], "table")
            for name, value in found.items()
            if math.isfinite(value)
        }

    def network(self) -> nn.Module:
        raise NotInTable("A table holds results, no networks.")


class TableEvaluator(Evaluator):
    """Nothing is trained."""

    def prepare(self) -> None:
        return None

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing is shared between candidates."""

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> TableCandidate:
        return TableCandidate(self.task.table, genes)  # type: ignore[attr-defined]
