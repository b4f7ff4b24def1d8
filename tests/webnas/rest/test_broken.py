"""What breaks inside is told in the form that the reader expects."""

import pytest
from django.test import Client
from django.urls import reverse

from webnas.accounts.models import OwnedQuerySet


@pytest.fixture
def visitor(django_user_model):
    """Gets the answer that a person would get, not the exception."""
    client = Client(raise_request_exception=False)
    client.force_login(django_user_model.objects.create_user("alice"))
    return client


@pytest.fixture
def broken(monkeypatch):
    for name in ("owned_by", "visible_to"):
        monkeypatch.setattr(OwnedQuerySet, name, lambda *_: 1 / 0)


@pytest.mark.django_db
def test_an_unforeseen_error_below_the_api_is_json(visitor, broken):
    answer = visitor.get("/api/v1/runs/")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/json"
    assert answer.json().keys() == {"detail", "errors"}
    assert "ZeroDivisionError" not in answer.json()["detail"]


@pytest.mark.django_db
def test_an_unforeseen_error_of_a_page_is_a_page(visitor, broken):
    answer = visitor.get(reverse("run-list"))
    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v1/runs/", "application/json"), ("/runs/", "text/html")]
)
def test_a_host_that_is_not_served_is_refused_in_the_same_form(path, kind, settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    answer = Client(raise_request_exception=False).get(path, SERVER_NAME="elsewhere.example")
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith(kind)
