"""A real browser: headless Chromium, logged in by the link that the launcher prints."""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.conftest import skip_or_fail
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
