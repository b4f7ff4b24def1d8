"""Claiming rows: one conditional UPDATE decides who works on what.

Every write of a worker goes through its `Lease`; after the lease is lost to another worker such a
write matches no row, so a slow or revived worker can change nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db import Error, close_old_connections, connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from webnas.work import shutdown
from webnas.work.models import Leased

logger = logging.getLogger(__name__)

# The sweeper sends at most so many nudges per kind of row and round.
NUDGES_PER_ROUND = 200
# A running slice asks at most this often whether its work is still wanted.
WANTED_EVERY_SECONDS = 1.0
# How long the end of a slice waits for a renewal that is just being written.
JOIN_SECONDS = 1.0


class LeaseLost(Exception):
    """Somebody else has the row now; what this slice did must not be stored."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one row until it is released or expires."""

    model: type[Leased]
    pk: int
    owner: str
    attempts: int

    def write(self, **fields: Any) -> bool:
        """Store fields while the lease is held; False when it was lost."""
        held = self.model._default_manager.filter(pk=self.pk, lease_owner=self.owner)
        return held.update(**fields) == 1

    def renew(self) -> bool:
        return self.write(lease_until=timezone.now() + lease_time())

    def release(self, **fields: Any) -> bool:
        """End the slice: store its outcome and give the row free; False when it was lost."""
        free = {"lease_owner": "", "lease_until": None, "attempts": 0}
        if not self.write(**(free | fields)):
            return False
        if self.model.is_exclusive:
            forget_nudges()  # others were turned away meanwhile: the sweeper calls them at once
        return True


def lease_time() -> timedelta:
    return timedelta(seconds=settings.WEBNAS_LEASE_SECONDS)


def is_free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def leased_models() -> Iterator[type[Leased]]:
    return (model for model in apps.get_models() if issubclass(model, Leased))


def claim(model: type[Leased], pk: int) -> Lease | None:
    """Take the lease of a row that is due and free; None when it is not."""
    now, owner = timezone.now(), uuid4().hex
    with transaction.atomic():
        is_stopping = shutdown.requested.is_set()
        if is_stopping or not machine_is_open_for(model, pk):
            # Asked again by the sweeper's next round: by then another worker is there, or the
            # slices that exclusive work waits for have ended.
            if is_stopping or model.is_exclusive:
                model._default_manager.filter(pk=pk).update(nudged_at=None)
            return None
        wanted = model._default_manager.filter(is_free(now), pk=pk, due_at__lte=now)
        taken = wanted.update(
            lease_owner=owner, lease_until=now + lease_time(), attempts=F("attempts") + 1
        )
        if not taken:
            return None
        attempts = model._default_manager.values_list("attempts", flat=True).get(pk=pk)
    return Lease(model, pk, owner, attempts)


def machine_is_open_for(model: type[Leased], pk: int) -> bool:
    """Whether exclusive work leaves the machine to this row, and this row may have it alone."""
    if not settings.WEBNAS_ONE_MACHINE:
        return True
    now = timezone.now()
    for other in leased_models():
        rows = other._default_manager.exclude(pk=pk) if other is model else other._default_manager
        is_working = Q(lease_until__gte=now)
        if model.is_exclusive and rows.filter(is_working).exists():
            return False
        wants_machine = other.is_exclusive and not model.is_exclusive
        if wants_machine and rows.filter(is_working | Q(due_at__lte=now)).exists():
            return False
    return True


def forget_nudges() -> None:
    """Let the sweeper's next round nudge all that is due."""
    for model in leased_models():
        model._default_manager.exclude(nudged_at=None).update(nudged_at=None)


def free_all() -> None:
    """Take every lease away; only where no worker can be alive, as when the launcher starts."""
    for model in leased_models():
        leased = model._default_manager.exclude(lease_until=None)
        leased.update(lease_owner="", lease_until=None)
    forget_nudges()


def nudge(model: type[Leased], pk: int) -> None:
    """Tell the workers that a row may be due. The message may get lost: the sweeper repeats it.

    A message is worth nothing after the sweeper's next one, so it expires: messages cannot pile
    up while every worker is busy.
    """
    row = model._default_manager.filter(pk=pk).first()
    if row is None:
        return
    model._default_manager.filter(pk=pk).update(nudged_at=timezone.now())
    try:
        current_app.send_task(
            model.task_name, args=[pk], queue=row.queue(), expires=settings.WEBNAS_NUDGE_SECONDS
        )
    except Exception:  # whatever the broker's client raises: rows are the truth
        logger.warning("No message sent for %s %s", model.__name__, pk, exc_info=True)


def nudge_on_commit(model: type[Leased], pk: int) -> None:
    """Whatever goes wrong with the nudge, what was committed stands: the sweeper repeats it."""
    transaction.on_commit(lambda: nudge(model, pk), robust=True)


def sweep() -> int:
    """Nudge what is due, free and not nudged lately; returns the number of nudges."""
    now = timezone.now()
    lately = now - timedelta(seconds=settings.WEBNAS_NUDGE_SECONDS)
    sent = 0
    for model in leased_models():
        due = model._default_manager.filter(
            is_free(now), Q(nudged_at__isnull=True) | Q(nudged_at__lt=lately), due_at__lte=now
        )
        for pk in list(due.order_by("due_at").values_list("pk", flat=True)[:NUDGES_PER_ROUND]):
            nudge(model, pk)
            sent += 1
    return sent


class Heartbeat:
    """Keeps a lease alive while work moves on.

    The slice calls `tick` after every unit of work. As a context manager it renews the lease
    during a long unit, too, from a thread of its own: that ends with its process. A slice that
    hangs does not tick for WEBNAS_STEP_SECONDS; then its lease runs out and somebody else takes
    the row.
    """

    def __init__(self, lease: Lease, *, is_wanted: Callable[[], bool] = lambda: True):
        self.lease, self.is_wanted = lease, is_wanted
        self.has_to_stop = False
        self.renewed_at = self.asked_at = self.ticked_at = time.monotonic()
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._has_ended.set()
        self._thread.join(JOIN_SECONDS)  # what comes later matches no row

    def _beat(self) -> None:
        """Renew whenever no tick has done it for a while, unless the work seems to hang."""
        try:
            while not self._has_ended.wait(settings.WEBNAS_HEARTBEAT_SECONDS):
                now = time.monotonic()
                is_moving = now - self.ticked_at < settings.WEBNAS_STEP_SECONDS
                if is_moving and now - self.renewed_at >= settings.WEBNAS_HEARTBEAT_SECONDS:
                    self.renewed_at = now
                    self._ask(self.lease.renew)
        finally:
            connections.close_all()  # those of this thread

    def tick(self) -> bool:
        """Renew in time; False when the slice should stop at the next consistent state."""
        now = self.ticked_at = time.monotonic()
        if now - self.renewed_at >= settings.WEBNAS_HEARTBEAT_SECONDS:
            self.renewed_at = now
            self._ask(self.lease.renew)
        if now - self.asked_at >= WANTED_EVERY_SECONDS:
            self.asked_at = now
            self._ask(self.is_wanted)
        return not (self.has_to_stop or shutdown.requested.is_set())

    def _ask(self, question: Callable[[], bool]) -> None:
        """A database that is away for a moment ends no slice: the lease outlives several beats."""
        try:
            self.has_to_stop = self.has_to_stop or not question()
        except Error:
            logger.warning("The database did not answer a heartbeat", exc_info=True)
            close_old_connections()
