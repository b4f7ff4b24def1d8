"""A real browser: headless Chromium, logged in by the link that the launcher prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import expect

from tests.conftest import skip_or_fail
from tests.processes import ROOT, Launcher, environment
from webnas.accounts.models import LoginLink

CHROMIUM = Path(os.environ.get("WEBNAS_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# What comes with webnas, without measuring this machine and without the demo.
ADD_CONTENT = """
from devices import services as devices
from searches.services import datasets, spaces
datasets.add_builtin(), spaces.add_builtin(), devices.add_builtin()
"""
# Playwright runs its loop in this thread, which Django would take for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    if not CHROMIUM.exists():
        skip_or_fail(f"no Chromium at {CHROMIUM}; install it or set WEBNAS_CHROMIUM")
    return {**browser_type_launch_args, "executable_path": str(CHROMIUM), "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1360, "height": 900}}


@pytest.fixture
def ada(transactional_db) -> User:
    return User.objects.create(username="ada", is_staff=True)


@pytest.fixture
def complaints(page) -> list[str]:
    """What the browser complains about: errors of scripts, of the policy, of loading."""
    found: list[str] = []

    def note(message) -> None:
        if message.type in ("error", "warning"):
            found.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    return found


@pytest.fixture
def web(page, live_server, ada, complaints):
    """A browser page that the login link has opened; it must have nothing to complain about."""
    page.goto(live_server.url + reverse("login-link", args=[LoginLink.create(ada)]))
    page.wait_for_url(live_server.url + "/")
    yield page
    assert complaints == []


@pytest.fixture
def launcher(tmp_path):
    """What `make run` starts, on a home folder of its own."""
    home = tmp_path / "home"
    started = Launcher(home)
    try:
        started.read_until("stop  ")
        command = [sys.executable, "manage.py", "shell", "-c", ADD_CONTENT]
        subprocess.run(
            command, cwd=ROOT, env=environment(home), check=True, timeout=60, capture_output=True
        )
        yield started
    finally:
        if started.process.poll() is None:
            started.end()


@pytest.fixture
def started(page, launcher, complaints):
    """A page that the printed link has opened; it must have nothing to complain about."""
    page.goto(re.search(r"http://\S+/login/\S+", launcher.said)[0])
    page.wait_for_url(f"{launcher.address}/")
    expect(page.get_by_role("heading", name="No searches yet")).to_be_visible()
    yield page
    assert complaints == []
