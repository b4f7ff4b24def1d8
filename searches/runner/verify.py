"""The *verify* stage: every member of the front is judged on the test split."""

import numpy as np
from django.utils import timezone

from searches.models import Run, Trial
from searches.runner import engine, pairs, slices
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
        pairs.begin_after(run)

    return Outcome({"message": ""}, store=store, end=Run.Status.FINISHED)


def fallen_off(run: Run, verified: list[Trial]) -> set[int]:
    """Members that another one clearly beats on the test split.

    Clearly: it costs no more in any objective, and its quality is better by more than both 90 %
    intervals together explain. A front is made of near ties; one image decides nothing.
    """
    beaten = clearly_beaten([_tested(run, trial) for trial in verified])
    return {trial.pk for trial, is_beaten in zip(verified, beaten, strict=True) if is_beaten}


def clearly_beaten(rows: list[tuple[list[float], list[float]]]) -> list[bool]:
    """For each network with its losses and their errors, 0 of costs: whether it is beaten."""
    if not rows:
        return []
    losses, errors = (np.array(part, dtype=float) for part in zip(*rows, strict=True))  # [n, m]
    margin = np.hypot(errors[:, None], errors[None, :])  # [n, n, m]
    better_by = losses[:, None] - losses[None, :]  # [n, n, m]: by how much j beats i
    is_clear = (better_by > margin) & (margin > 0)
    is_quality = errors.any(axis=0)
    no_dearer = (better_by[..., ~is_quality] >= 0).all(axis=2)
    no_worse = (better_by[..., is_quality] >= 0).all(axis=2)
    beaten: list[bool] = (no_dearer & no_worse & is_clear.any(axis=2)).any(axis=1).tolist()
    return beaten


def _tested(run: Run, trial: Trial) -> tuple[list[float], list[float]]:
    """Losses with quality as tested, and half of its 90 % interval; 0 for costs."""
    qualities = engine.qualities_of(run)
    losses, errors = [], []
    for objective in engine.objectives_of(run):
        is_quality = objective.measure in qualities
        measured = trial.measures[f"{objective.key}:test" if is_quality else objective.key]
        losses.append(objective.to_loss(measured["value"]))
        low, high = measured.get("spread", (0.0, 0.0))
        errors.append((high - low) / 2 if is_quality else 0.0)
    return losses, errors
