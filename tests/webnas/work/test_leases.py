"""Who may work on a row: decided by one UPDATE, on every database."""

import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from devices.models import DeviceProfile
from searches.models import DataSet
from webnas.celery import app
from webnas.work import leases, shutdown
from webnas.work.leases import Heartbeat

pytestmark = pytest.mark.services


def ago(seconds: float):
    return timezone.now() - timedelta(seconds=seconds)


def expire(row: DataSet) -> None:
    DataSet.objects.filter(pk=row.pk).update(lease_until=ago(1))


def test_a_row_that_is_not_due_is_not_claimed(due_row):
    later, never = due_row("later", due_at=ago(-60)), due_row("never", due_at=None)
    assert leases.claim(DataSet, later.pk) is None
    assert leases.claim(DataSet, never.pk) is None


def test_a_row_that_was_deleted_is_not_claimed(db):
    assert leases.claim(DataSet, 12345) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_exactly_one_gets_each_row(due_row):
    rows = [due_row(f"row {n}").pk for n in range(10)]
    gate, won = threading.Barrier(4), []

    def work() -> None:
        gate.wait()
        won.extend(pk for pk in rows if leases.claim(DataSet, pk) is not None)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(won) == rows


def test_a_held_row_is_not_claimed_again_until_its_lease_expires(due_row):
    row = due_row()
    assert leases.claim(DataSet, row.pk) is not None
    assert leases.claim(DataSet, row.pk) is None
    expire(row)
    assert leases.claim(DataSet, row.pk).attempts == 2


def test_writes_after_a_lost_lease_match_no_row(due_row):
    row = due_row()
    slow = leases.claim(DataSet, row.pk)
    expire(row)
    quick = leases.claim(DataSet, row.pk)
    assert not slow.write(sha256="slow")
    assert not slow.renew()
    assert not slow.release(sha256="slow", due_at=None)
    assert quick.release(sha256="quick", due_at=None)
    row.refresh_from_db()
    assert (row.sha256, row.due_at, row.lease_owner) == ("quick", None, "")


def test_an_expired_lease_that_nobody_took_can_be_renewed(due_row):
    row = due_row()
    lease = leases.claim(DataSet, row.pk)
    expire(row)
    assert lease.renew()
    assert leases.claim(DataSet, row.pk) is None


def test_a_slice_that_came_to_its_end_forgets_lost_attempts(due_row):
    row = due_row()
    leases.claim(DataSet, row.pk)
    expire(row)
    leases.claim(DataSet, row.pk).release()
    assert leases.claim(DataSet, row.pk).attempts == 1


@pytest.fixture
def stopping():
    shutdown.requested.set()
    yield
    shutdown.requested.clear()


def test_a_stopping_worker_begins_nothing_and_leaves_the_row_to_others(due_row, nudges, stopping):
    row = due_row(nudged_at=ago(1))
    assert leases.claim(DataSet, row.pk) is None
    assert leases.sweep() == 1


def test_the_sweeper_nudges_what_is_due_and_free(due_row, nudges):
    due = due_row("due")
    due_row("later", due_at=ago(-60))
    leases.claim(DataSet, due_row("held").pk)
    assert leases.sweep() == 1
    assert nudges == [("searches.tasks.read_folder", due.pk, "default")]


def test_the_sweeper_repeats_a_nudge_only_after_a_while(due_row, nudges, settings):
    row = due_row()
    leases.sweep()
    leases.sweep()
    assert len(nudges) == 1
    DataSet.objects.filter(pk=row.pk).update(nudged_at=ago(settings.WEBNAS_NUDGE_SECONDS + 1))
    leases.sweep()
    assert len(nudges) == 2


def test_the_sweeper_nudges_a_row_whose_worker_was_lost(due_row, nudges):
    row = due_row()
    leases.claim(DataSet, row.pk)
    expire(row)
    assert leases.sweep() == 1


def test_a_broker_that_is_away_does_no_harm(due_row, monkeypatch):
    def refuse(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(app, "send_task", refuse)
    row = due_row()
    leases.nudge(DataSet, row.pk)
    assert leases.claim(DataSet, row.pk) is not None


def test_a_nudge_is_sent_when_the_transaction_commits(
    due_row, nudges, django_capture_on_commit_callbacks
):
    row = due_row()
    with django_capture_on_commit_callbacks(execute=True):
        leases.nudge_on_commit(DataSet, row.pk)
        assert nudges == []
    assert [pk for _, pk, _ in nudges] == [row.pk]


def test_a_starting_launcher_frees_everything(due_row, nudges):
    row = due_row(nudged_at=ago(1))
    held = leases.claim(DataSet, row.pk)
    leases.free_all()
    assert leases.sweep() == 1
    assert leases.claim(DataSet, row.pk) is not None
    assert not held.release()


class TestExclusiveWork:
    """On one machine, measuring it wants it alone."""

    @pytest.fixture(autouse=True)
    def one_machine(self, settings):
        settings.WEBNAS_ONE_MACHINE = True

    @pytest.fixture
    def host(self, db) -> DeviceProfile:
        return DeviceProfile.objects.create(name="host", is_host=True, due_at=ago(1))

    def test_nothing_else_is_claimed_while_it_is_due(self, due_row, host):
        assert leases.claim(DataSet, due_row().pk) is None

    def test_nothing_else_is_claimed_while_it_runs(self, due_row, host):
        leases.claim(DeviceProfile, host.pk)
        assert leases.claim(DataSet, due_row().pk) is None

    def test_it_waits_for_work_in_hand_and_asks_again_soon(self, due_row, host, nudges):
        DeviceProfile.objects.filter(pk=host.pk).update(due_at=None)
        lease = leases.claim(DataSet, due_row().pk)
        DeviceProfile.objects.filter(pk=host.pk).update(due_at=ago(1), nudged_at=ago(1))
        assert leases.claim(DeviceProfile, host.pk) is None
        lease.release(due_at=None)
        assert leases.sweep() == 1
        assert leases.claim(DeviceProfile, host.pk) is not None

    def test_what_it_kept_waiting_is_nudged_at_once_when_it_ends(self, due_row, host, nudges):
        due_row(nudged_at=ago(1))
        leases.claim(DeviceProfile, host.pk).release(due_at=None)
        assert leases.sweep() == 1

    def test_a_cluster_does_not_wait_for_it(self, due_row, host, settings):
        settings.WEBNAS_ONE_MACHINE = False
        assert leases.claim(DataSet, due_row().pk) is not None


class TestHeartbeat:
    @pytest.fixture(autouse=True)
    def every_tick(self, settings, monkeypatch):
        settings.WEBNAS_HEARTBEAT_SECONDS = 0
        monkeypatch.setattr(leases, "WANTED_EVERY_SECONDS", 0)

    def test_a_tick_renews_the_lease(self, due_row):
        row = due_row()
        heartbeat = Heartbeat(leases.claim(DataSet, row.pk))
        DataSet.objects.update(lease_until=ago(-1))
        assert heartbeat.tick()
        row.refresh_from_db()
        assert row.lease_until > ago(-30)

    def test_no_renewal_comes_without_a_tick(self, due_row, settings):
        settings.WEBNAS_LEASE_SECONDS = 0
        row = due_row()
        Heartbeat(leases.claim(DataSet, row.pk))
        assert leases.claim(DataSet, row.pk) is not None

    @pytest.mark.slow
    def test_a_step_longer_than_the_lease_keeps_it(self, due_row, settings, transactional_db):
        settings.WEBNAS_LEASE_SECONDS, settings.WEBNAS_HEARTBEAT_SECONDS = 0.6, 0.1
        row = due_row()
        with Heartbeat(leases.claim(DataSet, row.pk)) as heartbeat:
            time.sleep(1.2)
            assert leases.claim(DataSet, row.pk) is None
            assert heartbeat.tick()
        time.sleep(0.8)
        assert leases.claim(DataSet, row.pk) is not None

    def test_a_slice_that_hangs_loses_its_lease(self, due_row, settings, transactional_db):
        settings.WEBNAS_LEASE_SECONDS, settings.WEBNAS_HEARTBEAT_SECONDS = 0.3, 0.05
        settings.WEBNAS_STEP_SECONDS = 0.2
        row = due_row()
        with Heartbeat(leases.claim(DataSet, row.pk)) as heartbeat:
            time.sleep(0.9)
            assert leases.claim(DataSet, row.pk) is not None
            assert not heartbeat.tick()

    def test_a_long_step_hears_of_a_lost_lease(self, due_row, settings, transactional_db):
        settings.WEBNAS_HEARTBEAT_SECONDS = 0.05
        row = due_row()
        with Heartbeat(leases.claim(DataSet, row.pk)) as heartbeat:
            DataSet.objects.update(lease_owner="another")
            time.sleep(0.3)
            assert heartbeat.has_to_stop

    @pytest.mark.slow
    def test_a_killed_process_loses_its_lease(self, due_row, settings, transactional_db):
        settings.WEBNAS_LEASE_SECONDS, settings.WEBNAS_HEARTBEAT_SECONDS = 2, 0.1
        row = due_row()
        lease = leases.claim(DataSet, row.pk)
        connection.close()
        child = os.fork()
        if child == 0:
            with Heartbeat(lease):
                time.sleep(60)
            os._exit(0)
        time.sleep(3)
        assert leases.claim(DataSet, row.pk) is None
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        time.sleep(2.5)
        assert leases.claim(DataSet, row.pk) is not None

    def test_a_lost_lease_stops_the_slice(self, due_row):
        row = due_row()
        heartbeat = Heartbeat(leases.claim(DataSet, row.pk))
        expire(row)
        leases.claim(DataSet, row.pk)
        assert not heartbeat.tick()

    def test_work_that_is_no_longer_wanted_stops_for_good(self, due_row):
        answers = iter([True, False, True])
        heartbeat = Heartbeat(leases.claim(DataSet, due_row().pk), is_wanted=lambda: next(answers))
        assert [heartbeat.tick() for _ in range(3)] == [True, False, False]

    def test_a_stopping_worker_stops_its_slices(self, due_row, monkeypatch):
        monkeypatch.setattr(shutdown, "requested", shutdown.SharedFlag())
        heartbeat = Heartbeat(leases.claim(DataSet, due_row().pk))
        shutdown.requested.set()
        assert not heartbeat.tick()

    def test_a_database_that_is_away_for_a_moment_ends_nothing(self, due_row, monkeypatch):
        def away():
            raise OperationalError("server closed the connection unexpectedly")

        heartbeat = Heartbeat(leases.claim(DataSet, due_row().pk), is_wanted=away)
        monkeypatch.setattr(leases, "close_old_connections", lambda: None)
        assert heartbeat.tick()
