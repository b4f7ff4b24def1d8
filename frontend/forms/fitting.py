"""Which targets a data set or a space is for: the form offers what fits the chosen one."""

from collections.abc import Iterable
from typing import Any

from searches.evaluators.registry import EVALUATORS
from searches.models import DataSet, Space
from searches.objectives import combinations
from searches.spaces.registry import FAMILIES
from searches.targets.registry import TARGETS


def targets_of(row: DataSet | Space) -> list[str]:
    """Names of the targets that can be searched with this row."""
    if isinstance(row, DataSet):
        return [t.name for t in TARGETS.values() if combinations.takes_data(t, row.kind)]
    return [t.name for t in TARGETS.values() if combinations.has_networks(FAMILIES[row.family], t)]


def first_target(names: Iterable[str], rows: Iterable[DataSet | Space]) -> str | None:
    """The first of the targets that all these rows are for; None when there is none."""
    fitting = [set(targets_of(row)) for row in rows]
    return next((name for name in names if all(name in found for found in fitting)), None)


def targets_judged_by(evaluator: str) -> list[str]:
    """Names of the targets for which there is a space that the evaluator can judge."""
    card = EVALUATORS[evaluator]
    return [
        target.name
        for target in TARGETS.values()
        if any(
            combinations.has_networks(family, target)
            and card.requires <= family.provides | family.requires | target.provides
            for family in FAMILIES.values()
        )
    ]


def tables_of(row: DataSet | Space) -> list[str]:
    """Hashes of the tables of known results that the row is, or whose choices it holds."""
    if isinstance(row, DataSet):
        return [row.sha256] if row.kind == "table" else []
    return [row.definition["table"]] if row.family == "table" else []


def goes_with(row: DataSet | Space, others: Iterable[DataSet | Space]) -> bool:
    """Whether the row and each of the others are of the same table, or all of none."""
    return all(tables_of(row) == tables_of(other) for other in others)


def options(rows: Iterable[DataSet | Space], chosen: Any) -> list[dict[str, Any]]:
    """Rows as the page lists them; `chosen` is a field's value: a row, its id or nothing."""
    wanted = str(getattr(chosen, "pk", chosen))
    return [
        {
            "row": row,
            "targets": " ".join(targets_of(row)),
            "table": " ".join(tables_of(row)),
            "is_chosen": str(row.pk) == wanted,
        }
        for row in rows
    ]
