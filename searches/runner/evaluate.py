"""Evaluation slices: many workers at once, each writes only the trial that it holds."""

import logging
import time
import traceback
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from searches.models import Run, Trial
from searches.objectives.limits import total_violation
from searches.objectives.measures import from_json, to_json
from searches.objectives.objectives import losses
from searches.runner import engine, slices
from webnas.work import files, leases
from webnas.work.leases import Heartbeat, Lease, LeaseLost

if TYPE_CHECKING:
    from searches.evaluators.base import Candidate

logger = logging.getLogger(__name__)


class NoValue(Exception):
    """An objective has no finite value for this network."""


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


def evaluate_one(lease: Lease, until: float) -> bool:
    """One slice of one trial; False when this worker should not go on with the run."""
    trial = Trial.objects.get(pk=lease.pk)
    run = _run(trial.run_id)
    if not run.is_active:
        lease.release(due_at=None)
        return False
    if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        reason = f"Its worker was lost {lease.attempts - 1} times."
        _give_up(lease, run, trial, Trial.Status.LOST, reason)
        return True
    heartbeat = Heartbeat(lease, is_wanted=lambda: slices.is_wanted(run.pk))
    started = time.monotonic()
    try:
        _advance(lease, run, trial, heartbeat, until)
    except LeaseLost:
        return False
    except Exception:  # a network that cannot be judged fails alone; the run goes on
        logger.exception("Trial %s of run %s failed", trial.number, run.pk)
        trial.seconds += time.monotonic() - started
        _give_up(lease, run, trial, Trial.Status.FAILED, traceback.format_exc())
    return heartbeat.tick()


def _give_up(lease: Lease, run: Run, trial: Trial, status: str, error: str) -> None:
    """Fail the trial; one that was only to be verified stays judged, but unverified."""
    is_judged = trial.status == Trial.Status.DONE
    kept = Trial.Status.DONE if is_judged else status
    _end(lease, run, status=kept, error=error, seconds=trial.seconds)


def _run(run_id: int) -> Run:
    rows = Run.objects.select_related("dataset", "space", "supernet", "owner")
    run: Run = rows.get(pk=run_id)
    return run


def _advance(lease: Lease, run: Run, trial: Trial, heartbeat: Heartbeat, until: float) -> None:
    started = time.monotonic()
    evaluator = engine.prepared_evaluator_of(run)
    seed = engine.seed_of(run.seed, trial.number, trial.fidelity)
    candidate = evaluator.candidate(engine.genes_of(trial), seed=seed)
    if trial.checkpoint:
        candidate.restore(engine.load_checkpoint(trial.checkpoint))
    progress = candidate.advance(deadline=until, tick=heartbeat.tick)
    seconds = trial.seconds + time.monotonic() - started
    if not progress.done:
        _keep(lease, run, trial, candidate, seconds)
    elif trial.status == Trial.Status.DONE:
        _verify(lease, run, trial, candidate, seconds)
    else:
        _finish(lease, run, trial, candidate, seconds)


def _keep(lease: Lease, run: Run, trial: Trial, candidate: "Candidate", seconds: float) -> None:
    """Half-way: keep the state for the next slice."""
    stored = engine.store_checkpoint(f"checkpoints/run-{run.pk}", candidate.state())
    with transaction.atomic():
        if not lease.release(checkpoint=stored.name, seconds=seconds, due_at=timezone.now()):
            raise LeaseLost
        is_wanted = slices.is_wanted(run.pk)
        if is_wanted:
            leases.nudge_on_commit(Trial, trial.pk)
        else:
            Trial.objects.filter(pk=trial.pk).update(due_at=None)
        transaction.on_commit(lambda: files.remove(trial.checkpoint))


def _finish(lease: Lease, run: Run, trial: Trial, candidate: "Candidate", seconds: float) -> None:
    measures = from_json(trial.measures) | candidate.quality("validation")
    fields: dict[str, Any] = {
        "data": trial.data | {"measures": to_json(measures)},
        "violation": total_violation(engine.limits_of(run), measures),
    }
    objectives = engine.objectives_of(run)
    if losses(objectives, measures) is None:
        raise NoValue(", ".join(objective.key for objective in objectives))
    for position, objective in enumerate(objectives):
        fields[f"value_{position}"] = measures[objective.key].value
    if not engine.needs_training(run):
        # Trained for this trial alone: kept for verification and for whoever chooses it.
        stored = engine.store_checkpoint(f"checkpoints/run-{run.pk}", candidate.state())
        fields["checkpoint"] = stored.name
    _end(lease, run, status=Trial.Status.DONE, seconds=seconds, **fields)
    if trial.checkpoint:
        files.remove(trial.checkpoint)


def _verify(lease: Lease, run: Run, trial: Trial, candidate: "Candidate", seconds: float) -> None:
    """Judge a member of the front on the test split, which no search has looked at."""
    tested = to_json(candidate.quality("test"))
    named = {f"{name}:test": value for name, value in tested.items()}
    data = trial.data | {"measures": trial.measures | named}
    _end(lease, run, data=data, is_verified=True, seconds=seconds)


def _end(lease: Lease, run: Run, **fields: Any) -> None:
    """Store what is known of the trial; the last one of its batch wakes the coordinator."""
    with transaction.atomic():
        if not lease.release(**({"due_at": None, "ended_at": timezone.now()} | fields)):
            raise LeaseLost
        if not Trial.objects.filter(run=run.pk, due_at__isnull=False).exists():
            woken = Run.objects.filter(pk=run.pk, status__in=Run.ACTIVE)
            if woken.update(due_at=timezone.now()):
                leases.nudge_on_commit(Run, run.pk)
