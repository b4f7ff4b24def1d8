"""Every answer below /api/v1/ has one form, and the documentation needs no network."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from webnas.rest.idempotency import IdempotentPosts


@pytest.mark.parametrize("address", ["", "nothing/", "runs/x/", "runs", "a/b?c=d", "a%0Ab", "%00"])
def test_an_unknown_address_is_404_as_json(as_alice, address):
    answer = as_alice.get(f"/api/v1/{address}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail", "errors"}


def test_a_session_may_miss_an_address_with_any_method(alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    answer = strict.delete("/api/v1/runs/-1/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")


def test_a_method_that_is_not_there_is_405(as_alice):
    answer = as_alice.put("/api/v1/runs/", {})
    assert answer.status_code == 405
    assert set(answer.json()) == {"detail", "errors"}


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "*/*", "nonsense"])
def test_any_accept_header_gets_json(as_alice, kind):
    answer = as_alice.get("/api/v1/runs/", headers={"Accept": kind})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


def test_a_wrong_token_is_401(anonymous):
    for value in ("Token", "Token x", "Token a b", "token wn_x", "Token \xff"):
        answer = anonymous.get("/api/v1/runs/", headers={"Authorization": value})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Token"


def test_a_session_needs_the_csrf_token_to_write(alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.get("/api/v1/runs/").status_code == 200
    answer = strict.post("/api/v1/tokens/", {"label": "x"}, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


def test_too_many_calls_are_429(as_alice, monkeypatch):
    from rest_framework.throttling import UserRateThrottle

    monkeypatch.setattr(UserRateThrottle, "get_rate", lambda self: "2/min")
    codes = [as_alice.get("/api/v1/runs/") for _ in range(3)]
    assert [answer.status_code for answer in codes] == [200, 200, 429]
    assert "Retry-After" in codes[-1]
    assert set(codes[-1].data) == {"detail", "errors"}


def test_the_documentation_loads_nothing_from_elsewhere(client, db):
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    html = page.content.decode()
    links = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert links
    assert all(link.startswith("/") for link in links)
    assert "<script>" not in html
    script = next(link for link in links if "script" in link and "static" not in link)
    answer = client.get(script.replace("&amp;", "&"))
    assert answer["Content-Type"].startswith("application/javascript")
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_every_view_that_takes_posts_takes_keys():
    patterns = _patterns(get_resolver().url_patterns)
    views = {p.callback.cls for p in patterns if "post" in getattr(p.callback, "actions", {})}
    assert len(views) >= 5
    assert all(issubclass(view, IdempotentPosts) for view in views)


def _patterns(entries):
    for entry in entries:
        if isinstance(entry, URLPattern):
            yield entry
        else:
            yield from _patterns(entry.url_patterns)
