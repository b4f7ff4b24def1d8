"""What a run that was started from another one begins with, costed for its own devices."""

from collections.abc import Sequence

import numpy as np

from searches.models import Run, RunPrior
from searches.objectives.limits import Limit
from searches.objectives.objectives import Objective
from searches.runner.costing import Costing
from searches.strategies.base import Result


def prior_of(
    run: Run, costing: Costing, objectives: Sequence[Objective], limits: Sequence[Limit]
) -> tuple[Result, ...]:
    """The results of the earlier run, best first; without losses where quality is not known."""
    rows = RunPrior.objects.filter(run=run).values_list("results", flat=True).first()
    if not rows:
        return ()
    population = [tuple(row["genes"]) for row in rows]
    losses = costing.losses(population, objectives)
    violations = costing.violations(population, limits)
    for index, row in enumerate(rows):
        for column, objective in enumerate(objectives):
            value = row["quality"].get(objective.measure)
            if value is not None:
                losses[index, column] = objective.to_loss(value)
        violations[index] += _quality_violation(row["quality"], limits)
    known = [None if np.isnan(row).any() else tuple(row.tolist()) for row in losses]
    return tuple(
        Result(0, genes, found, violation)
        for genes, found, violation in zip(population, known, violations.tolist(), strict=True)
    )


def _quality_violation(quality: dict[str, float], limits: Sequence[Limit]) -> float:
    """The excess over limits on qualities that are known; others may well be met."""
    found = 0.0
    for limit in limits:
        value = quality.get(limit.measure)
        if value is not None:
            found += float(limit.excess([value], [value])[0])
    return found
