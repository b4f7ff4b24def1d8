"""Real processes for tests: a launcher, its children, and how they fare."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def environment(home: Path, **settings: str) -> dict[str, str]:
    """One machine with everything in `home`, unless `settings` name other servers."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    return kept | {"WEBNAS_HOME": str(home), "WEBNAS_ONE_MACHINE": "1"} | settings


class Launcher:
    """A launcher that a test started, and what it printed."""

    def __init__(
        self,
        home: Path,
        *,
        port: int = 0,
        concurrency: int = 1,
        settings: Mapping[str, str] | None = None,
    ):
        self.home = home
        options = ["--no-first-start", f"--port={port}", f"--concurrency={concurrency}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webnas.launcher", *options],
            cwd=ROOT,
            env=environment(home, **(settings or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    def read_until(self, text: str) -> None:
        for line in self.process.stdout:
            self.said += line
            if text in line:
                return
        pytest.fail(f"{text!r} was never said: {self.said}")

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.said += self.process.communicate(timeout=30)[0]
        return self.process.returncode

    @property
    def address(self) -> str:
        return re.search(r"(http://127\.0\.0\.1:\d+)/login/", self.said)[1]

    def children(self) -> dict[str, int]:
        """Process ids by what they do."""
        words = {"gunicorn": "web", "coordinator@": "coordinator", "trainer@": "trainer"}
        found = {}
        for pid in descendants(self.process.pid, deep=False):
            line = command_of(pid)
            names = [name for word, name in words.items() if word in line]
            found[names[0] if names else "sweeper"] = pid
        return found


def descendants(pid: int, *, deep: bool = True) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        own = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []
    return own + [pid for child in own for pid in descendants(child)] if deep else own


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds: float = 20):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
    return found
