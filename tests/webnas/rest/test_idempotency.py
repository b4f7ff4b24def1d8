"""A POST with an Idempotency-Key does its work once."""

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from searches.models import Space
from searches.spaces.presets import OFA_MOBILENET_V3_SMALL
from tests.cast import client_of
from webnas.accounts.models import IdempotentAnswer

SPACES = "/api/v1/spaces/"
BODY = {"name": "mine", "definition": OFA_MOBILENET_V3_SMALL}
KEY = {"Idempotency-Key": "k1"}


def test_the_same_request_gets_the_same_answer(as_alice):
    first = as_alice.post(SPACES, BODY, headers=KEY)
    second = as_alice.post(SPACES, BODY, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Space.objects.count() == 1


def test_the_key_of_another_request_is_refused(as_alice):
    as_alice.post(SPACES, BODY, headers=KEY)
    answer = as_alice.post(SPACES, {**BODY, "name": "other"}, headers=KEY)
    assert answer.status_code == 409
    assert "another request" in answer.data["errors"]["Idempotency-Key"][0]


def test_keys_belong_to_their_owner(as_alice, as_bob):
    assert as_alice.post(SPACES, BODY, headers=KEY).status_code == 201
    assert as_bob.post(SPACES, BODY, headers=KEY).status_code == 201
    assert Space.objects.count() == 2


def test_a_refused_request_may_be_corrected_under_its_key(as_alice):
    assert as_alice.post(SPACES, {"name": "mine"}, headers=KEY).status_code == 400
    assert as_alice.post(SPACES, BODY, headers=KEY).status_code == 201


def test_one_that_is_at_work_is_waited_for(as_alice, alice):
    assert as_alice.post(SPACES, BODY, headers=KEY).status_code == 201
    IdempotentAnswer.objects.update(status=None, body=None)
    answer = as_alice.post(SPACES, BODY, headers=KEY)
    assert answer.status_code == 409
    assert answer["Retry-After"] == "2"


def test_one_that_died_at_work_is_forgotten(as_alice, alice):
    as_alice.post(SPACES, BODY, headers=KEY)
    Space.objects.all().delete()
    long_ago = timezone.now() - timedelta(hours=1)
    IdempotentAnswer.objects.update(status=None, created_at=long_ago)
    assert as_alice.post(SPACES, BODY, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 201])
def test_a_key_without_sense_is_refused(as_alice, key):
    answer = as_alice.post(SPACES, BODY, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.data["errors"]


def test_forms_are_told_apart_by_their_files(as_alice):
    def sent(content):
        body = {"name": "d", "file": SimpleUploadedFile("x.json", content)}
        return as_alice.post("/api/v1/devices/upload/", body, format="multipart", headers=KEY)

    assert sent(b"no profile").status_code == 400
    assert not IdempotentAnswer.objects.exists()


def test_a_secret_is_never_kept(as_alice):
    answer = as_alice.post("/api/v1/tokens/", {"label": "x"}, headers=KEY)
    assert answer.status_code == 400
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_do_the_work_once(alice):
    clients = [client_of(alice) for _ in range(4)]
    codes, gate = [], threading.Barrier(len(clients))

    def ask(client):
        gate.wait()
        codes.append(client.post(SPACES, BODY, headers=KEY).status_code)
        connection.close()

    threads = [threading.Thread(target=ask, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) <= {201, 409}
    assert 201 in codes
    assert Space.objects.count() == 1
