"""The launcher with real processes, on a home folder and a port of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    return kept | {"WEBNAS_HOME": str(home)}


class Launcher:
    """A launcher that a test started, and what it printed."""

    def __init__(self, home: Path, *options: str):
        self.home = home
        command = [sys.executable, "-m", "webnas.launcher", "--no-first-start", "--concurrency=1"]
        self.process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env=environment(home),
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


def get(address: str) -> str:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(address, timeout=20) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    launcher = Launcher(tmp_path_factory.mktemp("launcher") / "home", "--port=0")
    with launcher.process:
        launcher.read_until("Ctrl-C")
        yield launcher
        launcher.process.kill()


def test_it_prints_a_login_link_when_the_server_answers(launcher):
    assert get(f"{launcher.address}/healthz") == "ok\n"
    link = re.search(r"http://\S+/login/\S+/", launcher.said)[0]
    assert "login" in get(link).lower()


def test_what_it_keeps_is_readable_by_its_owner_only(launcher):
    assert launcher.home.stat().st_mode & 0o777 == 0o700
    assert (launcher.home / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_second_launcher_is_refused_and_told_who_is_first(launcher):
    second = Launcher(launcher.home, "--port=0")
    output = second.process.communicate(timeout=30)[0]
    assert second.process.returncode == 1
    assert f"process {launcher.process.pid} at {launcher.address}" in output


def test_a_taken_port_is_refused_with_another_proposed(launcher, tmp_path):
    port = int(launcher.address.rpartition(":")[2])
    second = Launcher(tmp_path / "home", f"--port={port}")
    output = second.process.communicate(timeout=30)[0]
    assert second.process.returncode == 1
    assert f"port {port} is taken" in output
    assert f"PORT={port + 1}" in output


def test_it_listens_on_the_loopback_address_only(launcher):
    port = int(launcher.address.rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.2", port)) != 0


def test_a_child_that_was_killed_is_started_again(launcher):
    wait_for(lambda: len(launcher.children()) == 4)
    for name, pid in launcher.children().items():
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda name=name, pid=pid: launcher.children().get(name, pid) != pid)


def test_requests_wait_while_the_web_server_is_started_again(launcher):
    web = launcher.children()["web"]
    for pid in [web, *descendants(web)]:
        os.kill(pid, signal.SIGKILL)
    assert get(f"{launcher.address}/healthz") == "ok\n"


def test_the_processes_of_a_killed_worker_end(launcher):
    trainer = wait_for(lambda: launcher.children().get("trainer"))
    pool = wait_for(lambda: descendants(trainer))
    os.kill(trainer, signal.SIGKILL)
    wait_for(lambda: not any(is_running(pid) for pid in pool))


def test_web_processes_hold_no_torch(launcher):
    for page in ("/healthz", "/login/", "/api/v1/schema/"):
        get(launcher.address + page)
    web = launcher.children()["web"]
    for pid in [web, *descendants(web)]:
        assert "libtorch" not in Path(f"/proc/{pid}/maps").read_text()


def test_it_stops_cleanly_and_leaves_nobody_behind(launcher):
    wait_for(lambda: len(launcher.children()) == 4)
    everybody = descendants(launcher.process.pid)
    began = time.monotonic()
    assert launcher.end() == 0
    assert time.monotonic() - began < 12
    assert "webnas has stopped" in launcher.said
    assert not any(is_running(pid) for pid in everybody)
    assert json.loads((launcher.home / "launcher.lock").read_text() or "{}") == {}


def test_nobody_survives_a_launcher_that_was_killed(launcher):
    killed = Launcher(launcher.home, "--port=0")
    killed.read_until("Ctrl-C")
    wait_for(lambda: len(killed.children()) == 4)
    everybody = descendants(killed.process.pid)
    killed.end(signal.SIGKILL)
    wait_for(lambda: not any(is_running(pid) for pid in everybody))
