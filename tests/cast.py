"""The named cast of the REST tests: Alice owns things, Bob owns other things, nobody has come in.

Conftests import the fixtures that their folder needs.
"""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework.test import APIClient

from webnas.accounts.models import ApiToken


@pytest.fixture(autouse=True)
def unthrottled():
    """Every test may call as often as if it were alone."""
    cache.clear()


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db):
    return User.objects.create_user("bob")


@pytest.fixture
def carol(db):
    """Carol runs the server."""
    return User.objects.create_user("carol", is_staff=True)


def client_of(user, **token):
    """A client that sends a token of the user."""
    _, secret = ApiToken.create(owner=user, label="tests", **token)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.fixture
def as_alice(alice):
    return client_of(alice)


@pytest.fixture
def as_bob(bob):
    return client_of(bob)


@pytest.fixture
def as_carol(carol):
    return client_of(carol)


@pytest.fixture
def as_reader(alice):
    """Alice's token that may only read."""
    return client_of(alice, is_read_only=True)


@pytest.fixture
def anonymous(db):
    return APIClient()
