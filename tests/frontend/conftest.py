"""People, and rows as a search leaves them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.cast import unthrottled  # noqa: F401
from tests.frontend import rows


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """Hashing a password well takes a third of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada(db) -> User:
    return User.objects.create_user("ada", password="ada's own")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob")


@pytest.fixture
def web(ada) -> Client:
    """Ada's browser."""
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def others_web(bob) -> Client:
    """The browser of somebody else."""
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def run(ada):
    """A finished search with 60 networks."""
    found = rows.run(ada)
    rows.trained(found)
    rows.searched(found, 60)
    return found


@pytest.fixture
def member(run):
    """A network of the front."""
    return run.trials.filter(on_front=True).order_by("number").first()
