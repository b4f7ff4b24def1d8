"""One search on a home folder of its own, seen through its database while processes die."""

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from tests.processes import Launcher, descendants

# Short times, so that what is lost is noticed within seconds; the attempts leave room for a
# machine that does other things, too.
SETTINGS = {
    "WEBNAS_SLICE_SECONDS": "2",
    "WEBNAS_LEASE_SECONDS": "5",
    "WEBNAS_HEARTBEAT_SECONDS": "1",
    "WEBNAS_NUDGE_SECONDS": "2",
    "WEBNAS_SWEEP_SECONDS": "0.5",
    "WEBNAS_TRIAL_ATTEMPTS": "10",
    "WEBNAS_RUN_ATTEMPTS": "20",
}
RESULT = (
    "number, architecture_hash, fidelity, status, value_0, value_1, value_2, violation, "
    "on_front, is_told, is_verified, data"
)


class Scene:
    def __init__(self, home: Path, *, concurrency: int, servers: Mapping[str, str] | None = None):
        self.home, self.concurrency = home, concurrency
        self.servers = dict(servers or {})  # DATABASE_URL and CELERY_BROKER_URL of a cluster
        self.stored: dict[str, int] = {}  # steps by checkpoint, in the order in which they came
        self.start()

    def start(self) -> None:
        settings = SETTINGS | self.servers
        self.launcher = Launcher(self.home, concurrency=self.concurrency, settings=settings)

    def close(self) -> None:
        if self.launcher.process.poll() is None:
            self.launcher.end()
        else:
            self.launcher.process.communicate()

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        if "DATABASE_URL" in self.servers:
            with psycopg.connect(self.servers["DATABASE_URL"]) as database:
                return database.execute(question).fetchall()
        address = f"file:{self.home / 'webnas.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=20)) as database:
            return database.execute(question).fetchall()

    def run(self) -> dict[str, Any]:
        names = ("status", "stage", "n_asked", "n_told", "error", "lease_owner")
        (row,) = self.rows(f"SELECT {', '.join(names)} FROM searches_run")
        return dict(zip(names, row, strict=True))

    def steps(self) -> int:
        """Steps of the supernet that are safe in a checkpoint."""
        found = self.rows("SELECT step FROM searches_supernet")
        return found[0][0] if found else 0

    def wait(self, condition, seconds: float = 120):
        """Until the condition holds; a run that ended badly or a dead launcher fails at once."""
        until = time.monotonic() + seconds
        while not (found := condition()):
            run = self.run()
            assert run["status"] in ("queued", "running", "finished"), run
            assert self.launcher.process.poll() is None, self.launcher.process.communicate()
            assert time.monotonic() < until, (run, self.log("trainer"))
            self.stored.update(self.rows("SELECT checkpoint, step FROM searches_supernet"))
            time.sleep(0.02)
        return found

    def wait_for_training(self) -> None:
        """Until a slice trains that began after a checkpoint."""
        self.wait(lambda: self.steps() > 0)
        self.wait(lambda: self.run()["stage"] == "train" and self.run()["lease_owner"])

    def wait_for_evaluation(self, n_told: int) -> None:
        """Until trials of the batch after `n_told` results are being judged."""
        leased = "SELECT 1 FROM searches_trial WHERE lease_owner != '' AND NOT is_told"
        self.wait(lambda: self.run()["n_told"] >= n_told and self.rows(leased))

    def finish(self) -> None:
        self.wait(lambda: self.run()["status"] == "finished")

    def kill(self, *names: str) -> None:
        """SIGKILL for a child of the launcher and for all that it has started."""
        children = self.launcher.children()
        for name in names:
            for pid in [children[name], *descendants(children[name])]:
                os.kill(pid, signal.SIGKILL)

    def kill_one_process_of(self, name: str) -> None:
        """SIGKILL for a process that does the work, not for the worker that has forked it."""
        os.kill(descendants(self.launcher.children()[name])[0], signal.SIGKILL)

    def delete_messages(self, seconds: float) -> None:
        """Everything in the broker, again and again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            shutil.rmtree(self.home / "messages", ignore_errors=True)
            time.sleep(0.01)

    def log(self, name: str) -> str:
        path = self.home / "logs" / f"{name}.log"
        return path.read_text()[-3000:] if path.exists() else ""

    def trials(self) -> list[tuple[Any, ...]]:
        """All that the trials found; times and leases are not part of a result."""
        found = self.rows(f"SELECT {RESULT} FROM searches_trial ORDER BY number")
        return [(*row[:-1], as_json(row[-1])) for row in found]

    def history(self) -> list[tuple[Any, ...]]:
        """Front and hypervolume, batch by batch."""
        asked = "SELECT step, figures FROM searches_runpoint WHERE stage = 'search' ORDER BY step"
        return [(step, as_json(figures)) for step, figures in self.rows(asked)]


def as_json(value: Any) -> Any:
    """PostgreSQL knows that a column is JSON, SQLite gives its text."""
    return json.loads(value) if isinstance(value, str) else value
