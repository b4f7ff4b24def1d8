"""Whatever is sent wherever: an answer in the agreed form, and never a 500."""

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
BODIES = [
    (b"", "application/json"),
    (b"null", "application/json"),
    (b"[[[]]]", "application/json"),
    (b'"text"', "application/json"),
    (b'{"name": {"a": []}, "file": 1, "budget": true, "settings": null}', "application/json"),
    (b"{", "application/json"),
    (b"\xff\xfe\x00", "application/json"),
    (b"--b\r\nnot a part", "multipart/form-data; boundary=b"),
    (b"", "multipart/form-data"),
    (b"a=1", "application/x-www-form-urlencoded"),
]
PAGES = ("api/v1/docs/", "api/v1/schema/")  # not JSON
QUERY = "?page=%FF&ordering=%00&cursor=%F0%9F&format=%00&version=%E2%88%9E&since=&space=&name[]=x"


def addresses():
    """All addresses below /api/v1/, with ids that are there, and some that cannot be."""
    routes = _routes(get_resolver().url_patterns, "")
    found = [p for p in routes if p.startswith("api/v1/") and p not in PAGES]
    return sorted({_filled(route, one) for route in found for one in ("1", "0", str(2**64))})


def _routes(entries, prefix):
    for entry in entries:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from _routes(entry.url_patterns, route)


def _filled(route, number):
    for name in ("pk", "number"):
        route = route.replace(f"<int:{name}>", number)
    return "/" + route if "(" not in route else "/api/v1/nowhere"


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_no_address_breaks(alice, run, model, method, monkeypatch):
    monkeypatch.setattr(
        "rest_framework.throttling.SimpleRateThrottle.allow_request", lambda *a: True
    )
    client = Client()
    client.force_login(alice)
    send = getattr(client, method)
    for address in addresses():
        answers = [send(address + QUERY)]
        if method in ("post", "put", "patch", "delete"):
            answers += [send(address, data=body, content_type=kind) for body, kind in BODIES]
        for answer in answers:
            assert answer.status_code < 500, address
            if answer.status_code >= 400 and method != "head":
                assert {"detail", "errors"} <= set(answer.json()), address
            consume(answer)


@pytest.mark.parametrize(
    "header",
    [
        {"Accept": "\x00"},
        {"Range": "bytes=0-9999999999"},
        {"If-None-Match": '"' * 500},
        {"Idempotency-Key": "k"},
        {"Content-Type": "multipart/form-data; boundary=" + "b" * 500},
        {"Cookie": "sessionid=\xff; csrftoken=x"},
    ],
)
def test_odd_headers_do_no_harm(as_alice, model, header):
    for tail in ("runs/", f"models/{model.pk}/download/?format=onnx"):
        answer = as_alice.get(f"/api/v1/{tail}", headers=header)
        assert answer.status_code == 200
        consume(answer)


def consume(answer):
    """Read a file to its end, so that it is closed."""
    if answer.streaming:
        list(answer.streaming_content)
