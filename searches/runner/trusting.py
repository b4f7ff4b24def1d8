"""Slices of full trainings: many workers at once, each writes only the row that it holds."""

import logging
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from searches.models import FullTraining, Run
from searches.objectives.measures import Measures, to_json
from searches.runner import engine, full_training, slices, trust
from webnas.disk import is_no_space
from webnas.work import files, leases
from webnas.work.leases import Heartbeat, Lease, LeaseLost

if TYPE_CHECKING:
    from searches.evaluators.base import Candidate

logger = logging.getLogger(__name__)

Status = FullTraining.Status


@dataclass
class Held:
    """One slice's view of the training that it holds."""

    lease: Lease
    run: Run
    training: FullTraining
    heartbeat: Heartbeat
    until: float
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Work on this training so far, over all slices."""
        return self.training.seconds + time.monotonic() - self.started


def train(lease: Lease) -> None:
    """Train the leased network, then others of the same run until the slice's time is up."""
    run_id = FullTraining.objects.values_list("run", flat=True).get(pk=lease.pk)
    until = slices.deadline()
    held: Lease | None = lease
    while held is not None:
        goes_on = _train_one(held, until)
        held = _next(run_id) if goes_on and time.monotonic() < until else None


def _next(run_id: int) -> Lease | None:
    """The lease of another training of the run that is due, if there is one."""
    now = timezone.now()
    due = FullTraining.objects.filter(leases.is_free(now), run=run_id, due_at__lte=now)
    for pk in due.order_by("pk").values_list("pk", flat=True)[:4]:
        lease = leases.claim(FullTraining, pk)
        if lease is not None:
            return lease
    return None


def _train_one(lease: Lease, until: float) -> bool:
    """One slice of one training; False when this worker should not go on with the run."""
    training = FullTraining.objects.select_related("trial", "run__trust").get(pk=lease.pk)
    rows = Run.objects.select_related("dataset", "space", "supernet", "owner", "trust")
    run = rows.get(pk=training.run_id)
    with Heartbeat(lease, is_wanted=lambda: _is_wanted(lease)) as heartbeat:
        held = Held(lease, run, training, heartbeat, until)
        if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
            _end(held, Status.LOST, error=f"Its worker was lost {lease.attempts - 1} times.")
            return True
        return _guarded(held)


def _is_wanted(lease: Lease) -> bool:
    """Whether nobody has stopped or deleted it meanwhile."""
    return FullTraining.objects.filter(pk=lease.pk, due_at__isnull=False).exists()


def _guarded(held: Held) -> bool:
    try:
        _advance(held)
    except LeaseLost:
        return False
    except Exception as error:  # a network that cannot be trained fails alone
        logger.exception("Full training %s failed", held.training.pk)
        reason = slices.NO_SPACE if is_no_space(error) else traceback.format_exc()
        with suppress(LeaseLost):
            _end(held, Status.FAILED, error=reason)
    return held.heartbeat.tick()


def _advance(held: Held) -> None:
    run, training = held.run, held.training
    candidate = full_training.candidate_of(run, training.trial, run.trust.settings)
    if training.checkpoint:
        candidate.restore(engine.load_checkpoint(training.checkpoint))
    progress = candidate.advance(deadline=held.until, tick=held.heartbeat.tick)
    if not progress.done:
        _keep(held, candidate)
        return
    found = candidate.quality("validation", tick=held.heartbeat.tick)
    tested = candidate.quality("test", tick=held.heartbeat.tick) if _is_member(held) else {}
    _end(held, Status.DONE, measures=_named(found, tested), step=progress.step)


def _is_member(held: Held) -> bool:
    """Whether it is on the front: the test split is for those that somebody may choose."""
    return held.training.trial.on_front


def _named(found: Measures, tested: Measures) -> dict[str, Any]:
    return to_json(found) | to_json({f"{name}:test": value for name, value in tested.items()})


def _keep(held: Held, candidate: "Candidate") -> None:
    """Half-way: keep the state for the next slice, unless somebody has stopped it."""
    progress = candidate.progress
    folder = f"checkpoints/run-{held.run.pk}"
    stored = engine.store_checkpoint(folder, candidate.state())
    fields: dict[str, Any] = {
        "checkpoint": stored.name,
        "n_bytes": stored.n_bytes,
        "seconds": held.seconds,
    }
    fields |= {"step": progress.step, "total_steps": progress.total}
    old = held.training.checkpoint
    with files.removed_on_error(stored.name), transaction.atomic():
        if not held.lease.release(**fields):
            raise LeaseLost
        rows = FullTraining.objects.filter(pk=held.training.pk, due_at__isnull=False)
        if rows.update(due_at=timezone.now(), nudged_at=None):
            leases.nudge_on_commit(FullTraining, held.training.pk)
        transaction.on_commit(lambda: files.remove(old), robust=True)


def _end(held: Held, status: str, **fields: Any) -> None:
    """Store how it ended; then the order of all that have ended is looked at anew."""
    training = held.training
    always: dict[str, Any] = {"status": status, "due_at": None, "ended_at": timezone.now()}
    always |= {"seconds": held.seconds, "checkpoint": "", "n_bytes": 0}
    with transaction.atomic():
        if not held.lease.release(**(always | fields)):
            raise LeaseLost
        transaction.on_commit(lambda: files.remove(training.checkpoint), robust=True)
    trust.consider(held.run)
