"""Logging in and out; tokens."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from webnas.accounts.models import ApiToken, LoginLink


def local() -> Client:
    """A browser on the machine itself."""
    return Client(headers={"host": "localhost"})


@pytest.fixture
def link(ada) -> str:
    return reverse("login-link", args=[LoginLink.create(ada)])


def test_looking_at_a_link_does_not_use_it_up(link):
    for _ in range(2):
        answer = local().get(link)
        assert answer.status_code == 200
        assert "Continue to webnas" in answer.content.decode()
    assert LoginLink.objects.get().used_at is None


def test_a_link_logs_in_once(link, ada):
    first, second = local(), local()
    assert first.post(link).url == reverse("run-list")
    assert first.get(reverse("run-list")).wsgi_request.user == ada
    assert second.post(link).url == reverse("login")
    assert "used before" in second.get(reverse("login")).content.decode()


def test_the_address_of_a_link_stays_secret(link):
    answer = local().get(link)
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "place",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "webnas.example"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_links_work_on_this_machine_only(link, place, settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert Client().get(link, **place).status_code == 404
    assert Client().post(link, **place).status_code == 404
    assert LoginLink.objects.get().used_at is None


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_loopback_names_are_this_machine(link, host):
    remote = "::1" if host.startswith("[") else "127.0.0.1"
    assert Client().get(link, REMOTE_ADDR=remote, HTTP_HOST=host).status_code == 200


def test_name_and_password_log_in(ada):
    answer = Client().post(reverse("login"), {"username": "ada", "password": "ada's own"})
    assert answer.url == reverse("run-list")


def test_a_wrong_password_is_said_so(ada):
    answer = Client().post(reverse("login"), {"username": "ada", "password": "guess"})
    assert "do not match" in answer.content.decode()


def test_passwords_cannot_be_tried_for_ever(ada):
    cache.clear()
    address = reverse("login")
    for _ in range(10):
        Client().post(address, {"username": ada.username, "password": "wrong"})
    right = {"username": ada.username, "password": "ada's own"}
    refused = Client().post(address, right)
    assert refused.status_code == 429
    assert "wait ten minutes" in refused.content.decode()
    other = Client().post(address, right, REMOTE_ADDR="192.0.2.7")
    assert other.status_code == 302
    cache.clear()


def test_logging_out_takes_a_post(web):
    assert web.get(reverse("logout")).status_code == 405
    assert web.post(reverse("logout")).url == reverse("login")
    assert web.get(reverse("account")).status_code == 302


def test_a_new_token_is_shown_once_and_works(web, ada):
    answer = web.post(reverse("token-create"), {"label": "nightly", "is_read_only": "on"})
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert ApiToken.find(secret).is_read_only
    assert secret not in web.get(reverse("account")).content.decode()


def test_a_token_needs_a_label(web):
    answer = web.post(reverse("token-create"), {"label": ""})
    assert answer.status_code == 400
    assert "required" in answer.content.decode()


def test_a_revoked_token_is_gone(web, ada):
    token, secret = ApiToken.create(owner=ada, label="old")
    web.post(reverse("token-revoke", args=[token.pk]))
    assert ApiToken.find(secret) is None


def test_nobody_revokes_another_persons_token(others_web, ada):
    token, secret = ApiToken.create(owner=ada, label="old")
    assert others_web.post(reverse("token-revoke", args=[token.pk])).status_code == 404
    assert ApiToken.find(secret) is not None
