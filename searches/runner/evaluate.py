"""Evaluation slices: many workers at once, each writes only the trial that it holds."""

import logging
import time
import traceback
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from searches.models import Run, Trial
from searches.objectives.limits import total_violation
from searches.objectives.measures import Measures, from_json, to_json
from searches.runner import candidates, engine, lineage, slices
from webnas.disk import is_no_space
from webnas.work import files, leases
from webnas.work.leases import Heartbeat, Lease, LeaseLost

if TYPE_CHECKING:
    from searches.evaluators.base import Candidate

logger = logging.getLogger(__name__)

NO_CHECKPOINT: dict[str, Any] = {"checkpoint": "", "n_bytes": 0}


class NoValue(Exception):
    """An objective, or what a limit is on, has no finite value for this network."""


def evaluate(lease: Lease) -> None:
    """Judge the leased trial, then others of the same run until the slice's time is up."""
    run_id = Trial.objects.values_list("run", flat=True).get(pk=lease.pk)
    until = slices.deadline()
    held: Lease | None = lease
    while held is not None:
        goes_on = evaluate_one(held, until)
        held = next_trial(run_id) if goes_on and time.monotonic() < until else None


def next_trial(run_id: int) -> Lease | None:
    """The lease of another trial of the run that is due, if there is one."""
    now = timezone.now()
    due = Trial.objects.filter(leases.is_free(now), run=run_id, due_at__lte=now)
    for pk in due.order_by("number").values_list("pk", flat=True)[:4]:
        lease = leases.claim(Trial, pk)
        if lease is not None:
            return lease
    return None


@dataclass
class Judging:
    """One slice of one trial."""

    lease: Lease
    run: Run
    trial: Trial
    heartbeat: Heartbeat
    until: float
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Work on this trial so far, over all slices."""
        return self.trial.seconds + time.monotonic() - self.started


def evaluate_one(lease: Lease, until: float) -> bool:
    """One slice of one trial; False when this worker should not go on with the run."""
    trial = Trial.objects.get(pk=lease.pk)
    run = _run(trial.run_id)
    if not run.is_active:
        lease.release(due_at=None)
        return False
    with Heartbeat(lease, is_wanted=lambda: slices.is_wanted(run.pk)) as heartbeat:
        return _judge(Judging(lease, run, trial, heartbeat, until))


def _judge(judging: Judging) -> bool:
    lease, run, trial = judging.lease, judging.run, judging.trial
    if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        reason = f"Its worker was lost {lease.attempts - 1} times."
        _give_up(judging, Trial.Status.LOST, reason)
        return True
    try:
        _advance(judging)
    except LeaseLost:
        return False
    except Exception as error:  # a network that cannot be judged fails alone; the run goes on
        if is_no_space(error):
            _end_without_space(judging)
            return False
        logger.exception("Trial %s of run %s failed", trial.number, run.pk)
        _give_up(judging, Trial.Status.FAILED, traceback.format_exc())
    return judging.heartbeat.tick()


def _end_without_space(judging: Judging) -> None:
    """The disk is full: the trial keeps waiting, and the run ends until there is space."""
    with transaction.atomic():
        if judging.lease.release(due_at=None):
            slices.end_without_space(judging.run.pk)


def _give_up(judging: Judging, status: str, error: str) -> None:
    """Fail the trial; one that was only to be verified stays judged, but unverified."""
    is_judged = judging.trial.status == Trial.Status.DONE
    _end(judging, status=Trial.Status.DONE if is_judged else status, error=error)


def _run(run_id: int) -> Run:
    rows = Run.objects.select_related("dataset", "space", "supernet", "owner")
    run: Run = rows.get(pk=run_id)
    return run


def _advance(judging: Judging) -> None:
    run, trial = judging.run, judging.trial
    candidate = candidates.candidate_of(run, trial)
    progress = candidate.advance(deadline=judging.until, tick=judging.heartbeat.tick)
    if not progress.done:
        _keep(judging, candidate)
    elif trial.status == Trial.Status.DONE:
        _verify(judging, candidate)
    else:
        _finish(judging, candidate)


def _keep(judging: Judging, candidate: "Candidate") -> None:
    """Half-way: keep the state for the next slice."""
    run, trial = judging.run, judging.trial
    fields = _stored(run, candidate) | {"seconds": judging.seconds, "due_at": timezone.now()}
    with files.removed_on_error(fields["checkpoint"]), transaction.atomic():
        if not judging.lease.release(**fields):
            raise LeaseLost
        if slices.is_wanted(run.pk):
            leases.nudge_on_commit(Trial, trial.pk)
        else:
            Trial.objects.filter(pk=trial.pk).update(due_at=None)
        transaction.on_commit(lambda: files.remove(trial.checkpoint), robust=True)


def _stored(run: Run, candidate: "Candidate") -> dict[str, Any]:
    """A file of the candidate's state, as columns of the trial."""
    stored = engine.store_checkpoint(f"checkpoints/run-{run.pk}", candidate.state())
    return {"checkpoint": stored.name, "n_bytes": stored.n_bytes}


def _finish(judging: Judging, candidate: "Candidate") -> None:
    run, trial = judging.run, judging.trial
    quality = candidate.quality("validation", tick=judging.heartbeat.tick)
    measures = from_json(trial.measures) | quality
    objectives, limits = engine.objectives_of(run), engine.limits_of(run)
    wanted = [*(o.key for o in objectives), *(limit.key for limit in limits)]
    unknown = [key for key in wanted if not _is_known(key, measures)]
    if unknown:
        raise NoValue(", ".join(unknown))
    fields: dict[str, Any] = {
        "status": Trial.Status.DONE,
        "data": trial.data | {"measures": to_json(measures)} | _story(judging, candidate),
        "violation": total_violation(limits, measures),
        **NO_CHECKPOINT,
    }
    for position, objective in enumerate(objectives):
        fields[f"value_{position}"] = measures[objective.key].value
    if engine.trains_alone(run) or engine.asks_a_surrogate(run):
        # Kept for verification and for whoever chooses it; of shared weights, so that the few
        # that were chosen out of thousands are not recalibrated twice.
        fields |= _stored(run, candidate)
    with files.removed_on_error(fields["checkpoint"]):
        _end(judging, **fields)
    files.remove(trial.checkpoint)


def _story(judging: Judging, candidate: "Candidate") -> dict[str, Any]:
    if not lineage.hands_on(judging.run):
        return {}
    told = candidate.story()
    return {"lineage": lineage.story_of(judging.trial, told, judging.seconds)}


def _is_known(key: str, measures: Measures) -> bool:
    return key in measures and isfinite(measures[key].value)


def _verify(judging: Judging, candidate: "Candidate") -> None:
    """Judge a member of the front on the test split, which no search has looked at."""
    tested = to_json(candidate.quality("test", tick=judging.heartbeat.tick))
    named = {f"{name}:test": value for name, value in tested.items()}
    trial = judging.trial
    fields = {"data": trial.data | {"measures": trial.measures | named}, "is_verified": True}
    if engine.shares_weights(judging.run):
        # What was kept half-way; weights of a trial's own training stay.
        _end(judging, **NO_CHECKPOINT, **fields)
        files.remove(trial.checkpoint)
    else:
        _end(judging, **fields)


def _end(judging: Judging, **fields: Any) -> None:
    """Store what is known of the trial; the last one of its batch wakes the coordinator."""
    always = {"due_at": None, "ended_at": timezone.now(), "seconds": judging.seconds}
    with transaction.atomic():
        if not judging.lease.release(**(always | fields)):
            raise LeaseLost
        transaction.on_commit(lambda: _wake(judging.run.pk), robust=True)


def _wake(run_id: int) -> None:
    """Nudge the coordinator when no trial is due. Asked after the commit: of two trials that end
    together, the later one sees the other.
    """
    if Trial.objects.filter(run=run_id, due_at__isnull=False).exists():
        return
    if Run.objects.filter(pk=run_id, status__in=Run.ACTIVE).update(due_at=timezone.now()):
        leases.nudge(Run, run_id)
