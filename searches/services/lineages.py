"""Who began with whose weights, and what that has cost, from the rows of a run."""

from typing import Any

from searches.evaluators.registry import EVALUATORS
from searches.models import Run, Trial

# Points of the tree; the rest of a longer run is left out, oldest first, but no ancestor.
MOST = 2000


def hands_on(run: Run) -> bool:
    """Whether trials of the run begin with the weights of others."""
    card = EVALUATORS.get(run.evaluator)
    return card is not None and "inheritance" in card.provides


def tree(run: Run, limit: int = MOST) -> list[dict[str, Any]]:
    """The latest judged trials and all their ancestors, by number.

    `work` is epochs times multiply-accumulates per sample, summed over a trial and its ancestors.
    """
    if not hands_on(run):
        return []
    names = ("number", "data__parent", "value_0", "on_front")
    sums = ("data__lineage__total_work", "data__lineage__total_epochs", "data__lineage__epochs")
    rows = run.trials.filter(status=Trial.Status.DONE).order_by("-number")
    keys = ("number", "parent", "value", "on_front", "work", "total_epochs", "epochs")
    every = {row[0]: dict(zip(keys, row, strict=True)) for row in rows.values_list(*names, *sums)}
    shown: dict[int, dict[str, Any]] = {}
    for number in list(every)[:limit]:
        at: int | None = number
        while at is not None and at in every and at not in shown:
            shown[at] = every[at]
            at = every[at]["parent"]
    return [shown[number] for number in sorted(shown)]


def ancestors(trial: Trial) -> list[dict[str, Any]]:
    """The trial's founder first, itself last; each with what it inherited and what it cost."""
    parents: dict[int, int | None] = dict(
        Trial.objects.filter(run=trial.run_id).values_list("number", "data__parent")
    )
    line: list[int] = []
    at: int | None = trial.number
    while at is not None and at not in line:
        line.append(at)
        at = parents.get(at)
    rows = Trial.objects.filter(run=trial.run_id, number__in=line).order_by("number")
    return [
        {
            "number": row.number,
            "parent": row.data.get("parent"),
            "value": row.value_0,
            **row.data.get("lineage", {}),
        }
        for row in rows
    ]
