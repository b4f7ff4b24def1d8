"""Messages reach workers, on the embedded broker and on Redis."""

import time
from uuid import uuid4

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from searches.models import DataSet
from webnas.celery import app
from webnas.work import leases

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    """One for all tests: Celery keeps its connections."""
    return str(tmp_path_factory.mktemp("messages"))


@pytest.fixture
def workers(monkeypatch, folder, settings):
    """A Celery application on the real broker, with an empty queue of its own."""
    own = Celery("tests", set_as_current=False)
    own.config_from_object("django.conf:settings", namespace="CELERY")
    own.conf.task_default_queue = f"tests-{uuid4().hex}"
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        options = {"data_folder_in": folder, "data_folder_out": folder, "polling_interval": 0.01}
        own.conf.broker_transport_options = options
    monkeypatch.setattr(app, "send_task", own.send_task)
    monkeypatch.setattr(DataSet, "queue", lambda self: own.conf.task_default_queue)
    yield own
    own.close()


@pytest.fixture
def done(monkeypatch, workers):
    """Rows that a worker claimed; the task leaves rows alone that it does not get."""
    claimed: list[int] = []

    @workers.task(name="tests.claim", shared=False)
    def claim(pk: int) -> None:
        lease = leases.claim(DataSet, pk)
        if lease is not None:
            claimed.append(pk)
            lease.release(due_at=None)

    monkeypatch.setattr(DataSet, "task_name", "tests.claim")
    return claimed


def worker(workers: Celery):
    return start_worker(workers, pool="solo", perform_ping_check=False, loglevel="WARNING")


def wait_until(condition, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "the worker did not do it in time"
        time.sleep(0.02)


def test_a_nudge_brings_a_worker_to_the_row(due_row, workers, done):
    row = due_row()
    with worker(workers):
        leases.nudge(DataSet, row.pk)
        wait_until(lambda: done == [row.pk])


def test_a_message_that_comes_twice_does_the_work_once(due_row, workers, done):
    first, last = due_row("first"), due_row("last")
    for row in (first, first, first, last):
        leases.nudge(DataSet, row.pk)
    with worker(workers):
        wait_until(lambda: last.pk in done)
    assert done == [first.pk, last.pk]


def test_what_was_sent_while_no_worker_ran_is_not_lost(due_row, workers, done):
    rows = [due_row(f"row {n}").pk for n in range(5)]
    assert leases.sweep() == 5
    with worker(workers):
        wait_until(lambda: len(done) == 5)
    assert sorted(done) == rows


def test_a_message_older_than_the_next_nudge_is_thrown_away(due_row, workers, done, settings):
    settings.WEBNAS_NUDGE_SECONDS = 0.01
    old, new = due_row("old"), due_row("new")
    leases.nudge(DataSet, old.pk)
    time.sleep(0.1)
    settings.WEBNAS_NUDGE_SECONDS = 30
    leases.nudge(DataSet, new.pk)
    with worker(workers):
        wait_until(lambda: new.pk in done)
    assert done == [new.pk]
