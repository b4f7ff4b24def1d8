"""What every answer carries, and the sign of health."""

import pytest
from django.db import OperationalError, connection

from webnas.security import POLICY


def test_every_answer_carries_the_content_security_policy(client, db):
    for address in ("/healthz", "/no/such/page/"):
        assert client.get(address).headers["Content-Security-Policy"] == POLICY


def test_no_script_from_elsewhere_and_none_from_strings():
    scripts = next(part for part in POLICY.split("; ") if part.startswith("script-src"))
    assert scripts == "script-src 'self'"


def test_a_healthy_process_says_so_and_is_asked_anew_each_time(client, db):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_process_without_its_database_is_not_healthy(client, monkeypatch):
    def away():
        raise OperationalError("no database")

    monkeypatch.setattr(connection, "cursor", away)
    with pytest.raises(OperationalError):
        client.get("/healthz")


def test_other_hosts_names_are_refused(client, db):
    assert client.get("/admin/login/", headers={"host": "evil.example"}).status_code == 400
