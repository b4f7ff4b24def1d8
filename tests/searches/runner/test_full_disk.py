"""A slice that finds no room ends its run as such, and leaves no half-written files."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from searches.models import Run, RunEvent
from searches.runner import slices
from searches.runner.slices import Outcome
from tests.searches.rows import bare_run
from webnas.work import files, leases

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the size of a SQLite file is limited"
)


@pytest.fixture
def run(transactional_db):
    from django.utils import timezone

    return bare_run(User.objects.create_user("alice"), due_at=timezone.now())


def advance(run, work):
    """One slice of the run, which does `work`."""
    slices.advance_run(leases.claim(Run, run.pk), {run.stage: work})
    run.refresh_from_db()


def test_what_cannot_be_stored_in_a_full_database_ends_the_run(run, full_database):
    """The slice's rows do not fit, the run's new status does."""
    written = files.write("checkpoints/run-1", ".pt", b"weights")

    def work(run, heartbeat):
        def store():
            RunEvent.objects.create(run=run, text="x" * 100_000)

        return Outcome({"n_told": 99}, store=store, written=[written.name])

    with full_database():
        advance(run, work)
    assert (run.status, run.n_told) == (Run.Status.NO_SPACE, 0)
    assert (run.lease_owner, run.due_at) == ("", None)
    assert "free some space" in run.message
    assert list(files.stored()) == []


def test_progress_that_cannot_be_written_ends_the_run(run, full_database):
    def work(run, heartbeat):
        slices.note(run.pk, "train", 1, {"loss": "x" * 100_000})
        return Outcome()

    with full_database():
        advance(run, work)
    assert run.status == Run.Status.NO_SPACE


def test_files_of_a_slice_that_lost_its_lease_are_removed(run):
    written = files.write("checkpoints/run-1", ".pt", b"weights")

    def work(run, heartbeat):
        Run.objects.filter(pk=run.pk).update(lease_owner="another")
        return Outcome(written=[written.name])

    advance(run, work)
    assert run.lease_owner == "another"
    assert list(files.stored()) == []


def test_files_of_a_slice_that_is_stored_stay(run):
    written = files.write("checkpoints/run-1", ".pt", b"weights")
    advance(run, lambda run, heartbeat: Outcome(written=[written.name]))
    assert list(files.stored()) == [written.name]


def test_what_goes_wrong_after_the_commit_undoes_nothing(run, monkeypatch):
    """The nudge fails; the row points to the file, so the file stays."""
    written = files.write("checkpoints/run-1", ".pt", b"weights")
    monkeypatch.setattr(leases, "nudge", lambda *_: 1 / 0)
    advance(run, lambda run, heartbeat: Outcome({"n_told": 1}, written=[written.name]))
    assert run.n_told == 1
    assert list(files.stored()) == [written.name]
