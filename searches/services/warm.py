"""Starting a run from the trials of an earlier one.

The new run gets a copy of them, so that it goes on alike when the earlier run is extended or
deleted. Costs are computed anew for its own devices. Quality is kept only where it would be
measured alike; otherwise the architectures count, in the order in which the earlier run had them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from searches.models import Run, RunEvent, RunPrior, Trial
from searches.objectives.fidelity import FULL
from searches.objectives.fronts import constrained_ranks, crowding_by_front
from searches.runner import engine
from searches.strategies.registry import STRATEGIES

if TYPE_CHECKING:
    from searches.services.requests import RunRequest

MOST = 1000  # trials beside the front
TAG = "warm start"


def problem(request: "RunRequest") -> str:
    """Why the run cannot start from the one that it names; empty when it can."""
    origin = request.warm_start
    if origin is None:
        return ""
    card = STRATEGIES.get(request.strategy)
    if card is not None and TAG not in card.provides:
        return f"{card.label} does not begin with earlier results."
    if not _same_space(request, origin):
        return f"“{origin.name}” searched another space, or data of another shape."
    if not judged(origin).exists():
        return f"“{origin.name}” has judged no network yet."
    return ""


def _same_space(request: "RunRequest", origin: Run) -> bool:
    """With the channels and classes of the data, which decide the networks."""
    if not (request.dataset.statistics and origin.dataset.statistics):
        return False
    wanted = engine.space_for(request.space, request.dataset)
    return wanted.content_hash() == engine.space_of(origin).content_hash()


def judged(origin: Run) -> Any:
    """The trials that a run can start from."""
    return origin.trials.filter(status=Trial.Status.DONE, fidelity=FULL)


def inherit(run: Run, origin: Run) -> None:
    """Give a new run its copy; it has no trials yet."""
    names = list(engine.qualities_of(run)) if is_comparable(run, origin) else []
    results = [_result(trial, names) for trial in best_of(origin)]
    RunPrior.objects.create(run=run, results=results)
    kept = "with their quality" if names else "without their quality, which was judged differently"
    text = f"Starts from {len(results)} networks of “{origin.name}” (run {origin.pk}), {kept}."
    RunEvent.objects.create(run=run, text=text)


def is_comparable(run: Run, origin: Run) -> bool:
    """Whether both runs judge a network alike: same data, recipe and, if shared, weights."""
    names = ("target", "target_settings", "evaluator", "evaluator_settings")
    if any(getattr(run, name) != getattr(origin, name) for name in names):
        return False
    if run.dataset.sha256 != origin.dataset.sha256:
        return False
    if not engine.shares_weights(run):
        return True
    return run.supernet_id is not None and run.supernet_id == origin.supernet_id


def best_of(origin: Run) -> list[Trial]:
    """The front, and the best of the other judged trials, best first; each architecture once."""
    objectives = engine.objectives_of(origin)
    values = [f"value_{position}" for position in range(len(objectives))]
    complete = {f"{name}__isnull": False for name in values}
    rows = judged(origin).filter(**complete).order_by("number")
    listed = list(rows.values_list("pk", "architecture_hash", "on_front", "violation", *values))
    first = {row[1]: row for row in reversed(listed)}  # equal architectures: the first of them
    unique = [row for row in listed if first[row[1]] is row]
    if not unique:
        return []
    losses = [
        [o.to_loss(value) for o, value in zip(objectives, row[4:], strict=True)] for row in unique
    ]
    order = _order(losses, [row[3] for row in unique], [row[2] for row in unique])
    n_front = sum(row[2] for row in unique)
    chosen = [unique[index][0] for index in order[: n_front + MOST]]
    found: dict[int, Trial] = Trial.objects.in_bulk(chosen)
    return [found[pk] for pk in chosen]


def _order(
    losses: Sequence[Sequence[float]], violations: Sequence[float], on_front: Sequence[bool]
) -> list[int]:
    """Positions: the front first, then by rank under the limits, the loneliest first."""
    table = np.array(losses, dtype=np.float64)
    ranks = constrained_ranks(table, violations)
    distances = crowding_by_front(table, ranks)
    order: list[int] = np.lexsort((-distances, ranks, ~np.array(on_front))).tolist()
    return order


def _result(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    measures = trial.measures
    quality = {name: measures[name]["value"] for name in names if name in measures}
    return {"genes": trial.data["genes"], "quality": quality}
