"""Rows that are work: each can be due, and is worked on by whoever holds its lease."""

from typing import ClassVar

from django.db import models


class Leased(models.Model):
    """A row that wants slices of work done.

    Life: a service sets `due_at`; a nudge or the sweeper sends the row's id to `queue()`; a worker
    claims the row, does one slice and releases it with what came out and the next `due_at` (or
    null when nothing is left to do). A message may be lost or come twice without harm.
    """

    due_at = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    # Claims since the last slice that came to its end.
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, default="")

    # Name of the task that does one slice.
    task_name: ClassVar[str]
    # True: this work wants the machine for itself; nothing else is claimed meanwhile.
    is_exclusive: ClassVar[bool] = False

    class Meta:
        abstract = True

    def queue(self) -> str:
        return "default"


class StoredName(models.CharField):  # type: ignore[type-arg]
    """The name of a file in the default storage; the sweeper keeps files that a row names."""

    def __init__(self, *args: object, **kwargs: object):
        kwargs.setdefault("max_length", 200)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


def due_index(name: str) -> models.Index:
    """The index that the sweeper's question needs; one for each leased model."""
    return models.Index(fields=["due_at"], name=name, condition=models.Q(due_at__isnull=False))
