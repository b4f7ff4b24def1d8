"""Uploads by the pages are counted, with those by REST, and refused when they are too many."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.throttling import SimpleRateThrottle

from searches.models import Space
from tests.frontend import rows

UPLOADS = (
    "dataset-upload",
    "dataset-register",
    "device-upload",
    "device-answer",
    "device-save",
    "device-version",
    "space-create",
)


@pytest.fixture(autouse=True)
def one_a_minute(monkeypatch):
    rates = {"upload": "1/min", "user": "99/min", "anon": "99/min"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)


@pytest.fixture
def address_of(ada):
    """Where the pages take an upload; rows of Ada's stand in the addresses."""
    owned = {"device-version": rows.device(ada), "space-create": rows.space(ada)}

    def found(name):
        return reverse(name, args=[owned[name].pk] if name in owned else [])

    return found


def sent(web, address):
    return web.post(address, {"name": "x", "file": SimpleUploadedFile("x.npz", b"no data set")})


@pytest.mark.parametrize("name", UPLOADS)
def test_one_upload_too_many_is_told_when_to_come_again(web, address_of, name):
    assert sent(web, address_of("dataset-upload")).status_code == 400
    refused = sent(web, address_of(name))
    assert refused.status_code == 429
    seconds = int(refused["Retry-After"])
    assert 1 <= seconds <= 60
    page = refused.content.decode()
    assert "Too many uploads" in page
    assert f"Wait {seconds} second" in page
    assert "1 upload may come within 60 seconds" in page


@pytest.mark.parametrize("name", UPLOADS)
def test_each_page_that_takes_uploads_counts(web, address_of, name):
    assert sent(web, address_of(name)).status_code != 429
    assert sent(web, address_of("dataset-upload")).status_code == 429


def test_an_upload_too_many_stores_nothing(web, address_of):
    described = {"name": "mine", "definition": json.dumps(rows.space(name="other").definition)}
    assert sent(web, address_of("dataset-upload")).status_code == 400
    assert web.post(address_of("space-create"), described).status_code == 429
    assert not Space.objects.filter(name="mine").exists()


def test_pages_and_rest_count_together(web, address_of):
    assert sent(web, address_of("dataset-upload")).status_code == 400
    described = {"name": "mine", "definition": {}}
    for address in ("datasets", "devices", "spaces"):
        answer = web.post(f"/api/v1/{address}/", described, content_type="application/json")
        assert answer.status_code == 429, address


def test_everybody_is_counted_alone_and_reading_is_not_counted(web, others_web, address_of):
    assert sent(web, address_of("dataset-upload")).status_code == 400
    assert sent(others_web, address_of("dataset-upload")).status_code == 400
    assert web.get(reverse("dataset-list")).status_code == 200
