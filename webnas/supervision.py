"""Child processes that are started again when they die, and that die with their parent."""

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

logger = logging.getLogger(__name__)

# The pause before a restart doubles from the first to the last while a child keeps dying.
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.5, 30.0
# A child that has lived so long has started well.
SETTLED_SECONDS = 30.0
POLL_SECONDS = 0.1
LOG_BYTES, LOGS_EVERY_SECONDS = 10 * 2**20, 60.0
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Command:
    """How to start one child."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()


def start(command: Command, log: Path) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own: Ctrl-C reaches its parent alone."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  (our own commands only)
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | command.environment,
            pass_fds=command.descriptors,
            start_new_session=True,
            preexec_fn=follow_parent(os.getpid()),
        )


class Child:
    """One supervised process, over all its restarts."""

    def __init__(self, command: Command, logs: Path):
        self.command, self.log = command, logs / f"{command.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.n_quick_deaths = 0
        self.started_at = self.due_at = 0.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = start(self.command, self.log)

    def look_after(self) -> None:
        """Notice a death, and start again when the pause is over."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self._bury(self.process, now)
        if self.process is None and now >= self.due_at:
            self.start()

    def _bury(self, process: "subprocess.Popen[bytes]", now: float) -> None:
        has_settled = now - self.started_at >= SETTLED_SECONDS
        self.n_quick_deaths = 1 if has_settled else self.n_quick_deaths + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (self.n_quick_deaths - 1), LAST_PAUSE_SECONDS)
        kill_group(process.pid)  # whoever the dead process left behind
        self.process, self.due_at = None, now + pause
        logger.warning(
            "%s ended (%s); starting it again in %g s, see %s",
            self.command.name,
            how(process.returncode),
            pause,
            self.log,
        )

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        if self.process is not None:
            kill_group(self.process.pid)
            self.process.wait()


class Supervisor:
    """Starts children, keeps them running and stops them together."""

    def __init__(self, commands: Sequence[Command], logs: Path):
        self.children = [Child(command, logs) for command in commands]
        self.measured_at = -LOGS_EVERY_SECONDS

    def start(self) -> None:
        for child in self.children:
            child.start()

    def look_after(self, is_over: Callable[[], bool]) -> None:
        """Keep the children running until `is_over`."""
        while not is_over():
            for child in self.children:
                child.look_after()
            self.keep_logs_short()
            time.sleep(POLL_SECONDS)

    def keep_logs_short(self) -> None:
        if time.monotonic() - self.measured_at >= LOGS_EVERY_SECONDS:
            self.measured_at = time.monotonic()
            for child in self.children:
                keep_short(child.log)

    def stop(self, seconds: float, is_urgent: Callable[[], bool] = lambda: False) -> None:
        """Ask all children to end; kill those that have not after `seconds`."""
        for child in self.children:
            child.signal(signal.SIGTERM)
        until = time.monotonic() + seconds
        while any(child.is_running for child in self.children):
            if time.monotonic() >= until or is_urgent():
                break
            time.sleep(POLL_SECONDS)
        for child in self.children:
            if child.is_running:
                logger.warning("%s did not end in time; killing it", child.command.name)
            child.kill()


def follow_parent(parent: int) -> Callable[[], None] | None:
    """What a child does before it begins: ask the kernel to end it with its parent (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork

    def follow() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the request
            os._exit(1)

    return follow


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left
        os.killpg(leader, signal.SIGKILL)


def keep_short(log: Path) -> None:
    """Empty a long log after keeping a copy; its writers append, so they go on at its start."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def how(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit status {returncode}"
