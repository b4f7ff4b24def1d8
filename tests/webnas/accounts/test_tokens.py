"""Scripts come in with tokens, of which only the hash is kept."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import path
from django.utils import timezone
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.test import APIClient

from webnas.accounts.models import ApiToken


@api_view(["GET", "POST"])
def who(request):
    return Response({"user": request.user.get_username()})


urlpatterns = [path("who/", who)]
pytestmark = pytest.mark.urls(__name__)


def client_with(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def test_a_token_speaks_for_its_owner(alice):
    _, secret = ApiToken.create(owner=alice, label="script")
    assert client_with(secret).get("/who/").json() == {"user": "alice"}


def test_the_database_holds_no_secret(alice):
    token, secret = ApiToken.create(owner=alice, label="script")
    kept = [str(value) for value in ApiToken.objects.values_list().get(pk=token.pk)]
    assert not any(secret in value for value in kept)
    assert secret.startswith(token.prefix)
    assert len(token.prefix) < 12


def test_a_read_only_token_reads_but_does_not_write(alice):
    _, secret = ApiToken.create(owner=alice, label="reader", is_read_only=True)
    assert client_with(secret).get("/who/").status_code == 200
    refused = client_with(secret).post("/who/")
    assert refused.status_code == 403
    assert refused.json() == {"detail": "This token may only read.", "errors": {}}


@pytest.mark.parametrize("secret", ["wn_unknown", "", "two words", "\u00fcml\u00e4ut"])
def test_an_unknown_token_is_refused_with_401(db, secret):
    answer = client_with(secret).get("/who/")
    assert answer.status_code == 401
    assert answer.json()["errors"] == {}


def test_an_expired_token_is_refused(alice):
    past = timezone.now() - timedelta(seconds=1)
    _, secret = ApiToken.create(owner=alice, label="old", expires_at=past)
    assert client_with(secret).get("/who/").status_code == 401


def test_a_revoked_token_is_refused(alice):
    token, secret = ApiToken.create(owner=alice, label="script")
    token.delete()
    assert client_with(secret).get("/who/").status_code == 401


def test_the_token_of_an_inactive_user_is_refused(alice):
    _, secret = ApiToken.create(owner=alice, label="script")
    alice.is_active = False
    alice.save()
    assert client_with(secret).get("/who/").status_code == 401


def test_its_last_use_is_noted_at_most_once_a_minute(alice, django_assert_num_queries):
    token, secret = ApiToken.create(owner=alice, label="script")
    with django_assert_num_queries(2):
        ApiToken.find(secret)
    token.refresh_from_db()
    assert token.last_used_at is not None
    with django_assert_num_queries(1):
        ApiToken.find(secret)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite is told to refuse writes")
def test_a_token_works_while_its_use_cannot_be_written(alice):
    token, secret = ApiToken.create(owner=alice, label="script")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            assert client_with(secret).get("/who/").status_code == 200
        finally:
            cursor.execute("PRAGMA query_only = OFF")
    token.refresh_from_db()
    assert token.last_used_at is None


def test_nobody_comes_in_without_a_token_or_session(db):
    assert APIClient().get("/who/").status_code == 401


def test_a_session_needs_the_csrf_token_to_write(alice):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get("/who/").status_code == 200
    assert client.post("/who/").status_code == 403


def test_tokens_are_listed_for_their_owner_only(alice, bob):
    ApiToken.create(owner=alice, label="script")
    assert ApiToken.objects.owned_by(alice).count() == 1
    assert ApiToken.objects.owned_by(bob).count() == 0
