"""webnas on one machine: `python -m webnas.launcher` starts everything and keeps it running.

The web server, two workers and the sweeper are children of this process. It holds the listening
socket, so that requests wait while a web server that died is started again.
"""

import argparse
import errno
import http
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from webnas.home import HomeLock, HomeTaken
from webnas.supervision import Command, Supervisor, start

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
DEFAULT_PORT, HIGHEST_PORT = 8000, 65535
MOST_PROCESSES = 1024
STOP_SECONDS = 10.0
READY_SECONDS = 60.0
# One process per core: a second torch thread in a process gains less and loses more.
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class CannotStart(Exception):
    """webnas cannot be started; the text says what to do."""


class Stopping:
    """Counts the requests to stop: the first is granted in order, the second at once."""

    def __init__(self) -> None:
        self.n_requests = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.n_requests += 1

    def is_wanted(self) -> bool:
        return self.n_requests > 0

    def is_urgent(self) -> bool:
        return self.n_requests > 1


def main() -> int:
    """Serve until told to stop; the exit status says whether it could be started."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webnas.settings")
    os.environ["WEBNAS_ONE_MACHINE"] = "1"
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    os.chdir(ROOT)
    arguments = parse_arguments()
    try:
        return serve(arguments)
    except (CannotStart, HomeTaken) as error:
        say(f"webnas was not started: {error}")
        return 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="webnas", description="Start webnas on this machine.")
    port = os.environ.get("PORT") or str(DEFAULT_PORT)
    ports = number("PORT", 0, HIGHEST_PORT)
    parser.add_argument("--port", type=ports, default=port, help="0: any free port")
    concurrency = os.environ.get("WEBNAS_CONCURRENCY") or str(n_cores())
    processes = number("WEBNAS_CONCURRENCY", 1, MOST_PROCESSES)
    about = "processes that train and evaluate"
    parser.add_argument("--concurrency", type=processes, default=concurrency, help=about)
    parser.add_argument(
        "--no-first-start", action="store_true", help="add no built-in content and no demo search"
    )
    return parser.parse_args()


def number(name: str, least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number of an option or of the variable that stands for it."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            reason = f"{text!r}; a whole number from {least} to {most} is needed ({name})."
            raise argparse.ArgumentTypeError(reason)
        return value

    return read


def n_cores() -> int:
    """Cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def serve(arguments: argparse.Namespace) -> int:
    stopping = Stopping()
    from django.conf import settings  # reads the environment that main has set

    home: Path = settings.WEBNAS_HOME
    lock = HomeLock(home)
    try:
        with listen(arguments.port) as listener:
            port = listener.getsockname()[1]
            lock.name_holder(f"http://{HOST}:{port}")
            say(f"webnas is starting; its data and logs are in {home}")
            prepare(home)
            logs = home / "logs"
            logs.mkdir(mode=0o700, exist_ok=True)
            supervisor = Supervisor(commands(listener.fileno(), arguments.concurrency), logs)
            try:
                supervisor.start()
                if not arguments.no_first_start:
                    first_start(supervisor, stopping, logs)
                wait_for_web(supervisor, stopping, port)
                run(supervisor, stopping, port)
            finally:
                supervisor.stop(STOP_SECONDS, stopping.is_urgent)
    finally:
        lock.release()
    say("webnas has stopped.")
    return 0


def listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = f"make run PORT={port + 1 if port < HIGHEST_PORT else 0}"
            raise CannotStart(f"port {port} is taken; choose another: {other}") from error
        raise CannotStart(f"port {port} cannot be used: {error.strerror}") from error


def prepare(home: Path) -> None:
    """Bring the database up to date; forget what an earlier launcher's workers had in hand."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import Error, connection

    from webnas.work import leases, messages

    try:
        call_command("migrate", interactive=False, verbosity=0)
        if connection.vendor == "sqlite":  # nobody but this launcher's children uses it
            leases.free_all()
            messages.clear(home / "messages")
    except Error as error:
        raise CannotStart(f"the database does not answer: {error}") from error
    finally:
        connection.close()


def commands(descriptor: int, concurrency: int) -> list[Command]:
    """The children: web server, workers, sweeper."""
    return [
        Command("web", python("gunicorn", *web_options(descriptor)), descriptors=(descriptor,)),
        Command("coordinator", worker("coordinator", "default", 1)),
        Command("trainer", worker("trainer", "evaluate,train", concurrency)),
        Command("sweeper", manage("sweep")),
    ]


def web_options(descriptor: int) -> list[str]:
    return [
        "webnas.wsgi",
        f"--bind=fd://{descriptor}",
        "--worker-class=gthread",
        "--threads=8",
        "--timeout=120",
        "--graceful-timeout=5",
        "--no-control-socket",
    ]


def worker(name: str, queues: str, concurrency: int) -> list[str]:
    """A Celery worker; the broker's chatter between workers is of no use on one machine."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    options = [f"--queues={queues}", f"--concurrency={concurrency}", f"--hostname={name}@%h"]
    return python("celery", "--app=webnas", "worker", "--loglevel=INFO", *options, *quiet)


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def first_start(supervisor: Supervisor, stopping: Stopping, logs: Path) -> None:
    """Add what comes with webnas, and the demo search; without it webnas is of use, too."""
    log = logs / "first_start.log"
    process = start(Command("first_start", manage("first_start")), log)
    until = time.monotonic() + READY_SECONDS
    supervisor.look_after(
        lambda: process.poll() is not None or stopping.is_wanted() or time.monotonic() > until
    )
    if process.returncode:
        say(f"The demo search could not be queued; see {log}")


def wait_for_web(supervisor: Supervisor, stopping: Stopping, port: int) -> None:
    until = time.monotonic() + READY_SECONDS

    def is_over() -> bool:
        if time.monotonic() > until:
            log = supervisor.children[0].log
            raise CannotStart(f"the web server does not answer; see {log}")
        return stopping.is_wanted() or answers(port)

    supervisor.look_after(is_over)


def answers(port: int) -> bool:
    """Whether the web server says that it is healthy; asked directly, never through a proxy."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def run(supervisor: Supervisor, stopping: Stopping, port: int) -> None:
    if not stopping.is_wanted():
        say(welcome(port))
    supervisor.look_after(stopping.is_wanted)
    say("Stopping; press Ctrl-C again to stop at once.")


def welcome(port: int) -> str:
    from django.db import connection
    from django.urls import reverse

    from webnas.accounts.models import LoginLink
    from webnas.accounts.owner import local_owner

    link = reverse("login-link", args=[LoginLink.create(local_owner())])
    connection.close()
    return f"""
webnas is ready. This link logs you in, once, within 15 minutes:

    http://{HOST}:{port}{link}

    another link     {command_line()} login_link
    an API token     {command_line()} create_token LABEL
    stop             Ctrl-C
"""


def command_line() -> str:
    """How to call manage.py, as a person would type it."""
    executable = Path(sys.executable)
    if executable.is_relative_to(ROOT):
        executable = executable.relative_to(ROOT)
    return f"{executable} manage.py"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
