"""One slice of a leased row: do it, and store what came out while the lease is still held."""

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from searches.models import Run, RunEvent, RunPoint, Trial
from webnas.disk import is_no_space
from webnas.work import files, leases
from webnas.work.leases import Heartbeat, Lease, LeaseLost

logger = logging.getLogger(__name__)

NO_SPACE = (
    "No space left on the workers' disk. The last checkpoint is kept: free some space and resume."
)
# How long a coordinator that waits for results leaves the row alone; results wake it earlier.
WAIT = timedelta(seconds=5)


@dataclass
class Outcome:
    """What a coordinator's slice leads to, stored in one transaction.

    Attributes:
        fields: columns of the run.
        store: writes other rows, in the same transaction.
        end: the status in which the run ends with this slice.
        due_at: when the next slice is due; None: now.
        forget: files that nothing refers to once this is stored.
        written: new files that nothing refers to unless this is stored.
        told_seconds: work that others did for the results that this slice told.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    store: Callable[[], None] = lambda: None
    end: Run.Status | None = None
    due_at: datetime | None = None
    forget: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    told_seconds: float = 0.0


def deadline() -> float:
    return time.monotonic() + float(settings.WEBNAS_SLICE_SECONDS)


def in_a_while() -> datetime:
    return timezone.now() + WAIT


def log(run_id: int, text: str, level: str = RunEvent.Level.INFO) -> None:
    RunEvent.objects.create(run_id=run_id, text=text, level=level)


def note(run_id: int, stage: str, step: int, figures: dict[str, Any]) -> None:
    """Keep progress figures; a repeated slice writes the same point again."""
    RunPoint.objects.update_or_create(
        run_id=run_id, stage=stage, step=step, defaults={"figures": figures}
    )


def is_wanted(run_id: int) -> bool:
    return Run.objects.filter(pk=run_id, status__in=Run.ACTIVE).exists()


def advance_run(lease: Lease, stages: Mapping[str, Callable[[Run, Heartbeat], Outcome]]) -> None:
    """Do one slice of the stage that the run is in."""
    run = Run.objects.select_related("dataset", "space", "supernet", "owner").get(pk=lease.pk)
    if not run.is_active:
        lease.release(due_at=None)
        return
    started_at = {"started_at": run.started_at or timezone.now()}
    queued = Run.objects.filter(pk=run.pk, status=Run.Status.QUEUED)
    queued.update(status=Run.Status.RUNNING, **started_at)
    started = time.monotonic()
    with Heartbeat(lease, is_wanted=lambda: is_wanted(run.pk)) as heartbeat:
        outcome = guarded_outcome(run, lease, lambda: stages[run.stage](run, heartbeat))
    own = time.monotonic() - started
    outcome.fields["seconds"] = run.seconds + own + outcome.told_seconds
    try:
        store_outcome(run, lease, outcome)
    except DatabaseError as error:
        if not is_no_space(error):
            raise
        logger.warning("No space to store what a slice of run %s did", run.pk, exc_info=True)
        store_outcome(run, lease, ended(run, Run.Status.NO_SPACE, NO_SPACE))


def guarded_outcome(run: Run, lease: Lease, work: Callable[[], Outcome]) -> Outcome:
    """The outcome of the work; an end with its reason when it cannot be done."""
    if lease.attempts > settings.WEBNAS_RUN_ATTEMPTS:
        reason = f"Workers were lost {lease.attempts - 1} times in a row without progress."
        return ended(run, Run.Status.LOST, reason)
    try:
        return work()
    except Exception as error:  # whatever the engine raised ends this run, not the worker
        if is_no_space(error):
            return ended(run, Run.Status.NO_SPACE, NO_SPACE)
        logger.exception("Run %s failed", run.pk)
        return ended(run, Run.Status.FAILED, traceback.format_exc())


def ended(run: Run, status: Run.Status, reason: str) -> Outcome:
    last_line = reason.strip().splitlines()[-1]
    return Outcome(
        fields={"error": reason, "message": last_line[:300]},
        end=status,
        store=lambda: log(run.pk, reason, RunEvent.Level.ERROR),
    )


def store_outcome(run: Run, lease: Lease, outcome: Outcome) -> None:
    """Store all of it, or remove what the slice has written: the lease was lost, or no space."""
    due_at = outcome.due_at or timezone.now()
    with suppress(LeaseLost), files.removed_on_error(*outcome.written), transaction.atomic():
        # Forget the last nudge: a message that came while this slice ran has found no work.
        if not lease.release(**({"nudged_at": None, "due_at": due_at} | outcome.fields)):
            raise LeaseLost
        outcome.store()
        if outcome.end is not None:
            end_run(run.pk, outcome.end)
        # Paused or cancelled while the slice ran: what it did is kept, nothing more is due.
        Run.objects.filter(pk=run.pk).exclude(status__in=Run.ACTIVE).update(due_at=None)
        if outcome.due_at is None:
            leases.nudge_on_commit(Run, run.pk)
        transaction.on_commit(lambda: files.remove_all(outcome.forget), robust=True)


def end_run(run_id: int, status: Run.Status) -> None:
    """End an active run; one that a person ended meanwhile keeps that end."""
    fields: dict[str, Any] = {"status": status, "ended_at": timezone.now(), "due_at": None}
    if status == Run.Status.FINISHED:
        fields["stage"] = Run.Stage.DONE
    Run.objects.filter(pk=run_id, status__in=Run.ACTIVE).update(**fields)
    Trial.objects.filter(run=run_id, due_at__isnull=False).update(due_at=None)


def end_without_space(run_id: int) -> None:
    """End a run for which a worker has found no space."""
    end_run(run_id, Run.Status.NO_SPACE)
    Run.objects.filter(pk=run_id, status=Run.Status.NO_SPACE).update(
        error=NO_SPACE, message=NO_SPACE
    )
    log(run_id, NO_SPACE, RunEvent.Level.ERROR)
