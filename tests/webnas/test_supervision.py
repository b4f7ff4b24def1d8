"""Children are kept running, and end with their parent. Real processes, small ones."""

import os
import signal
import subprocess
import sys
import time

import pytest

from webnas import supervision
from webnas.supervision import Child, Command, Supervisor


def shell(name: str, script: str) -> Command:
    return Command(name, ["/bin/sh", "-c", script])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition, seconds: float = 5):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
    return found


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(supervision, "POLL_SECONDS", 0.01)


@pytest.fixture
def supervise(tmp_path):
    supervisors = []

    def start(*commands: Command) -> Supervisor:
        supervisors.append(Supervisor(commands, tmp_path))
        supervisors[-1].start()
        return supervisors[-1]

    yield start
    for supervisor in supervisors:
        supervisor.stop(0)


def test_a_child_that_was_killed_is_started_again(supervise):
    supervisor = supervise(shell("sleeper", "sleep 60"))
    child = supervisor.children[0]
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    supervisor.look_after(lambda: child.is_running and child.process.pid != first)


def test_a_child_that_keeps_dying_is_started_less_and_less_often(tmp_path, monkeypatch):
    monkeypatch.setattr("webnas.supervision.time.monotonic", lambda: 100.0)
    child, pauses = Child(shell("dier", "exit 3"), tmp_path), []
    for _ in range(4):
        child.start()
        child.process.wait()
        child.look_after()
        pauses.append(round(child.due_at - 100.0, 3))
    assert pauses == [0.01, 0.02, 0.04, 0.08]


def test_the_pause_is_bounded(tmp_path):
    child = Child(shell("dier", "exit 3"), tmp_path)
    child.n_quick_deaths = 50
    child.start()
    child.process.wait()
    child.look_after()
    assert child.due_at - time.monotonic() <= supervision.LAST_PAUSE_SECONDS


def test_a_death_after_a_long_life_is_no_reason_to_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(supervision, "SETTLED_SECONDS", 0)
    child = Child(shell("dier", "exit 3"), tmp_path)
    child.n_quick_deaths = 50
    child.start()
    child.process.wait()
    child.look_after()
    assert child.n_quick_deaths == 1


def test_whom_a_dead_child_leaves_behind_is_ended(supervise, tmp_path):
    note = tmp_path / "orphan"
    supervisor = supervise(shell("parent", f"sleep 60 & echo $! > {note}; wait"))
    orphan = int(wait_for(lambda: note.exists() and note.read_text()))
    os.kill(supervisor.children[0].process.pid, signal.SIGKILL)
    supervisor.look_after(lambda: not is_alive(orphan) or is_zombie(orphan))


def is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return False


def test_stopping_asks_first(supervise, tmp_path):
    supervisor = supervise(
        shell("polite", "trap 'echo bye; exit 0' TERM; echo up; sleep 60 & wait")
    )
    log = tmp_path / "polite.log"
    wait_for(lambda: "up" in log.read_text())
    supervisor.stop(5)
    assert log.read_text() == "up\nbye\n"


def test_stopping_kills_whoever_does_not_listen(supervise, tmp_path):
    supervisor = supervise(shell("deaf", "trap '' TERM; echo up; while :; do sleep 0.01; done"))
    wait_for(lambda: "up" in (tmp_path / "deaf.log").read_text())
    began = time.monotonic()
    supervisor.stop(0.1)
    assert time.monotonic() - began < 1
    assert supervisor.children[0].process.returncode == -signal.SIGKILL


def test_a_second_request_to_stop_does_not_wait(supervise, tmp_path):
    supervisor = supervise(shell("deaf", "trap '' TERM; echo up; while :; do sleep 0.01; done"))
    wait_for(lambda: "up" in (tmp_path / "deaf.log").read_text())
    began = time.monotonic()
    supervisor.stop(30, is_urgent=lambda: True)
    assert time.monotonic() - began < 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from webnas.supervision import *;"
        f"s = Supervisor([Command('sleeper', ['/bin/sleep', '60'])], Path({str(tmp_path)!r}));"
        "s.start(); print(s.children[0].process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    parent.communicate()
    wait_for(lambda: not is_alive(child) or is_zombie(child))


def test_a_long_log_is_put_aside_while_its_child_goes_on(supervise, tmp_path, monkeypatch):
    monkeypatch.setattr(supervision, "LOG_BYTES", 10)
    monkeypatch.setattr(supervision, "LOGS_EVERY_SECONDS", 0)
    supervisor = supervise(shell("web", "echo a long line; sleep 0.2; echo next; sleep 60"))
    log = tmp_path / "web.log"
    supervisor.look_after(lambda: "next" in log.read_text())
    assert log.read_text() == "next\n"
    assert (tmp_path / "web.log.1").read_text() == "a long line\n"
