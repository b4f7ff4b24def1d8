"""Runs side by side: their fronts, and their hypervolumes in one box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import QuerySet
from django.utils import timezone

from searches.models import Run, Trial
from searches.objectives.fidelity import FULL
from searches.objectives.fronts import hypervolume, non_dominated, normalise
from searches.objectives.objectives import Objective
from searches.runner import engine
from searches.services import reading
from webnas.refusals import RefusedRequest

LEAST, MOST = 2, 6
# Members of each front that are shown; more are spread over the first objective.
FRONT_POINTS = 500
# A run whose own box is another gets its curve anew, at so many steps, up to so many trials.
STEPS, MOST_RECOMPUTED = 50, 20_000

Floats = npt.NDArray[np.float64]
Scale = dict[str, dict[str, float]]
Curve = list[dict[str, int | float]]


@dataclass(frozen=True)
class Box:
    """Between the ideals and the references of some objectives, in their units."""

    objectives: Sequence[Objective]
    scale: Scale

    def losses(self, values: Floats) -> Floats:
        """Values [n, m] so that smaller is better."""
        signs = [-1.0 if o.direction == "max" else 1.0 for o in self.objectives]
        return np.asarray(values * np.array(signs), np.float64)

    def volume(self, losses: Floats) -> float:
        """Share of the box that losses [n, m] dominate."""
        ideal, reference = (
            [o.to_loss(self.scale[o.key][end]) for o in self.objectives]
            for end in ("ideal", "reference")
        )
        return hypervolume(normalise(losses, ideal, reference), np.ones(len(self.objectives)))


def like(run: Run, others: QuerySet[Run]) -> QuerySet[Run]:
    """Those of the others that may be compared with a run, as far as the database can say."""
    alike = others.filter(dataset__sha256=run.dataset.sha256, objectives=run.objectives)
    return alike.exclude(pk=run.pk).exclude(scale={})


def refuse_unlike(runs: Sequence[Run]) -> None:
    """Refuse runs whose values do not mean the same.

    Raises:
        RefusedRequest: naming the run and what differs.
    """
    if not LEAST <= len(runs) <= MOST:
        _refuse(f"{len(runs)} different runs; {LEAST} to {MOST} can be compared.")
    first = runs[0]
    for run in runs:
        if not run.scale:
            _refuse(f"“{run.name}” has not begun to search.")
        if run.dataset.sha256 != first.dataset.sha256:
            _refuse(f"“{run.name}” has another data set than “{first.name}”.")
        if _keys(run) != _keys(first):
            _refuse(f"“{run.name}” has other objectives than “{first.name}”, or another order.")
        if _versions(run) != _versions(first):
            _refuse(f"“{run.name}” has another version of a device's profile than “{first.name}”.")


def _refuse(message: str) -> None:
    raise RefusedRequest({"ids": [message]}, message)


def _keys(run: Run) -> list[str]:
    return [objective.key for objective in engine.objectives_of(run)]


def _versions(run: Run) -> dict[int, int | None]:
    """The profiles that the objectives rest on."""
    used = {objective.device for objective in engine.objectives_of(run)}
    return {p.device_id: p.version_id for p in run.pinned.all() if p.device_id in used}


def compare(runs: Sequence[Run]) -> dict[str, Any]:
    """Fronts, curves and figures of runs with one data set and the same objectives.

    Hypervolumes are shares of the smallest box that holds those of all runs: runs in different
    spaces have different ends.

    Raises:
        RefusedRequest: the runs cannot be compared.
    """
    refuse_unlike(runs)
    box = Box(engine.objectives_of(runs[0]), common_scale(runs))
    return {
        "objectives": reading.objective_labels(runs[0]),
        "scale": box.scale,
        "runs": [_compared(run, box) for run in runs],
    }


def common_scale(runs: Sequence[Run]) -> Scale:
    """Of each objective the best of the ideals and the worst of the references."""
    found = {}
    for objective in engine.objectives_of(runs[0]):
        ends = [run.scale[objective.key] for run in runs]
        best, worst = (max, min) if objective.direction == "max" else (min, max)
        found[objective.key] = {
            "ideal": best(end["ideal"] for end in ends),
            "reference": worst(end["reference"] for end in ends),
        }
    return found


def _compared(run: Run, box: Box) -> dict[str, Any]:
    numbers, values = _front(run, len(box.objectives))
    volume = box.volume(box.losses(values))
    shown = _spread(len(numbers), FRONT_POINTS)
    same = ("name", "status", "strategy", "evaluator", "budget", "n_told", "n_front", "seconds")
    return {
        "id": run.pk,
        **{name: getattr(run, name) for name in same},
        "space": run.space.name,
        "elapsed": _elapsed(run),
        "best": _best(values, box),
        "hypervolume": volume,
        "front": {
            "number": [numbers[i] for i in shown],
            "values": values[shown].T.tolist(),
        },
        "history": _history(run, box, volume=volume),
    }


def _elapsed(run: Run) -> float | None:
    """Seconds from start to end, or until now; with its pauses."""
    if run.started_at is None:
        return None
    return ((run.ended_at or timezone.now()) - run.started_at).total_seconds()


def _front(run: Run, n_objectives: int) -> tuple[list[int], Floats]:
    """Numbers, and values [n, m], by the first of them."""
    names = [f"value_{position}" for position in range(n_objectives)]
    rows = list(reading.front(run).values_list("number", *names))
    values = np.array([row[1:] for row in rows], np.float64).reshape(-1, n_objectives)
    return [row[0] for row in rows], values


def _spread(n: int, most: int) -> list[int]:
    """At most so many of n positions, evenly."""
    picked = np.linspace(0, n - 1, min(n, most)).round().astype(int)
    return [int(position) for position in picked]


def _best(values: Floats, box: Box) -> dict[str, float]:
    """The best value of each objective on the front; nothing while there is none."""
    if not len(values):
        return {}
    ends = zip(box.objectives, values.max(axis=0), values.min(axis=0), strict=True)
    return {o.key: float(high if o.direction == "max" else low) for o, high, low in ends}


def _history(run: Run, box: Box, *, volume: float) -> Curve:
    """Hypervolume by the number of networks judged."""
    points = reading.history(run)[Run.Stage.SEARCH]
    if run.scale == box.scale:
        return [{"step": p["step"], "hypervolume": p["hypervolume"]} for p in points]
    if run.n_told > MOST_RECOMPUTED:
        return [{"step": run.n_told, "hypervolume": volume}]
    return _recomputed(run, box, steps=[int(point["step"]) for point in points])


def _recomputed(run: Run, box: Box, *, steps: Sequence[int]) -> Curve:
    """The curve in another box than the run's own, from its trials."""
    numbers, values = _judged(run, len(box.objectives))
    losses = box.losses(values)
    found: Curve = []
    front, done = losses[:0], 0
    for step in [steps[position] for position in _spread(len(steps), STEPS)]:
        until = int(np.searchsorted(numbers, step, side="right"))
        pool = np.concatenate([front, losses[done:until]])
        front, done = pool[non_dominated(pool)], until
        found.append({"step": step, "hypervolume": box.volume(front)})
    return found


def _judged(run: Run, n_objectives: int) -> tuple[Floats, Floats]:
    """Numbers [n] and values [n, m] of all that could be on the front."""
    names = [f"value_{position}" for position in range(n_objectives)]
    fully = run.trials.filter(status=Trial.Status.DONE, violation=0, fidelity=FULL, is_told=True)
    rows = fully.order_by("number").values_list("number", *names)
    table = np.array(list(rows), np.float64).reshape(-1, 1 + n_objectives)
    return table[:, 0], table[:, 1:]
