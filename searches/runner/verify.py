"""The *verify* stage: every member of the front is judged on the test split."""

from typing import Any

import numpy as np
from django.utils import timezone

from searches.models import Run, Trial
from searches.objectives.fronts import non_dominated
from searches.runner import engine, slices
from searches.runner.slices import Outcome
from webnas.work import leases
from webnas.work.leases import Heartbeat

# A front of more members is verified at this many, spread evenly over it.
VERIFIED_AT_MOST = 64


def verify(run: Run, heartbeat: Heartbeat) -> Outcome:
    """Queue the front's members, wait for them, then mark those that fall off."""
    chosen = spread(list(run.trials.filter(on_front=True).order_by("value_0", "number")))
    heartbeat.tick()
    left = [trial for trial in chosen if not trial.is_verified and not trial.error]
    if not left:
        return _finished(run, [trial for trial in chosen if trial.is_verified])
    message = f"{len(chosen) - len(left)} of {len(chosen)} networks of the front verified"
    idle = [trial.pk for trial in left if trial.due_at is None]

    def store() -> None:
        Trial.objects.filter(pk__in=idle).update(due_at=timezone.now(), nudged_at=None)
        for pk in idle:
            leases.nudge_on_commit(Trial, pk)

    return Outcome({"message": message}, store=store, due_at=slices.in_a_while())


def spread(front: list[Trial]) -> list[Trial]:
    """At most VERIFIED_AT_MOST members, evenly over the order of the first objective."""
    if len(front) <= VERIFIED_AT_MOST:
        return front
    picked = np.linspace(0, len(front) - 1, VERIFIED_AT_MOST).round().astype(int)
    return [front[position] for position in picked]


def _finished(run: Run, verified: list[Trial]) -> Outcome:
    fallen = fallen_off(run, verified)

    def store() -> None:
        for trial in verified:
            data = trial.data | {"fell_off": trial.pk in fallen}
            Trial.objects.filter(pk=trial.pk).update(data=data)
        text = f"{len(verified)} networks verified on the test split, {len(fallen)} fell off."
        slices.log(run.pk, text)

    return Outcome({"message": ""}, store=store, end=Run.Status.FINISHED)


def fallen_off(run: Run, verified: list[Trial]) -> set[int]:
    """Members that others dominate once quality is that of the test split."""
    if not verified:
        return set()
    rows = np.array([_tested_losses(run, trial) for trial in verified], dtype=float)
    keep = non_dominated(rows)
    return {trial.pk for trial, is_kept in zip(verified, keep, strict=True) if not is_kept}


def _tested_losses(run: Run, trial: Trial) -> list[float]:
    quality = engine.qualities_of(run.target)
    losses = []
    for objective in engine.objectives_of(run):
        is_quality = objective.measure in quality
        name = f"{objective.key}:test" if is_quality else objective.key
        measured: dict[str, Any] = trial.measures[name]
        losses.append(objective.to_loss(measured["value"]))
    return losses
