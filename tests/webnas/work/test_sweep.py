"""The sweeper's command."""

import threading
import time
from io import StringIO

from django.core.management import call_command
from django.db import OperationalError

from webnas.work import leases
from webnas.work.management.commands import sweep
from webnas.work.management.commands.sweep import Command


def test_one_round_says_how_many_rows_it_nudged(due_row, nudges):
    due_row()
    output = StringIO()
    call_command("sweep", "--once", stdout=output)
    assert output.getvalue() == "1 rows nudged\n"
    assert len(nudges) == 1


def test_the_loop_goes_on_after_a_round_that_failed(db, monkeypatch, settings, tmp_path):
    settings.WEBNAS_SWEEP_SECONDS = 0.001
    stop, rounds = threading.Event(), []

    def fail_once() -> int:
        rounds.append(time.monotonic())
        if len(rounds) == 1:
            raise OperationalError("database is locked")
        stop.set()
        return 0

    monkeypatch.setattr(leases, "sweep", fail_once)
    Command().loop(stop, alive=tmp_path / "alive")
    assert len(rounds) == 2


def test_a_disk_too_full_for_nudges_is_cleaned_all_the_same(
    transactional_db, monkeypatch, settings
):
    settings.WEBNAS_SWEEP_SECONDS = 0.001
    stop, cleaned = threading.Event(), []

    def no_room() -> int:
        stop.set()
        raise OperationalError("database or disk is full")

    def clean() -> None:
        stop.set()  # whatever fails after this, the loop ends
        cleaned.append(True)

    monkeypatch.setattr(sweep, "CLEAN_EVERY_SECONDS", 0)
    monkeypatch.setattr(leases, "sweep", no_room)
    monkeypatch.setattr(sweep, "clean", clean)
    Command().loop(stop)
    assert cleaned == [True]


def test_each_round_leaves_a_sign_of_life(db, monkeypatch, settings, tmp_path):
    settings.WEBNAS_SWEEP_SECONDS = 0.001
    stop = threading.Event()
    monkeypatch.setattr(leases, "sweep", stop.set)
    Command().loop(stop, alive=tmp_path / "alive")
    assert (tmp_path / "alive").exists()
