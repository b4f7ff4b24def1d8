"""The launcher with real processes, on a home folder and a port of its own."""

import json
import os
import re
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.processes import Launcher, descendants, is_running, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]


def get(address: str) -> str:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(address, timeout=20) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    launcher = Launcher(tmp_path_factory.mktemp("launcher") / "home")
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
    second = Launcher(launcher.home)
    output = second.process.communicate(timeout=30)[0]
    assert second.process.returncode == 1
    assert f"process {launcher.process.pid} at {launcher.address}" in output


def test_a_taken_port_is_refused_with_another_proposed(launcher, tmp_path):
    port = int(launcher.address.rpartition(":")[2])
    second = Launcher(tmp_path / "home", port=port)
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
    killed = Launcher(launcher.home)
    killed.read_until("Ctrl-C")
    wait_for(lambda: len(killed.children()) == 4)
    everybody = descendants(killed.process.pid)
    killed.end(signal.SIGKILL)
    wait_for(lambda: not any(is_running(pid) for pid in everybody))
