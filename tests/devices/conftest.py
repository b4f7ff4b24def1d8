"""Profiles to upload, and the people who upload them."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from devices.models import DeviceProfile
from tests.cast import (  # noqa: F401
    alice,
    anonymous,
    as_alice,
    as_bob,
    as_carol,
    as_reader,
    bob,
    carol,
    unthrottled,
)


@pytest.fixture
def document():
    """A small, sound profile in the native form."""
    rows = [
        {"op": {"type": "conv", "h": 32, "cin": 3, "cout": c, "k": 3}, "mean_ms": 0.05 * c}
        for c in (8, 16, 24, 32)
    ]
    return {
        "schema": "webnas.device-profile/1",
        "name": "My board",
        "device": {"kind": "cpu"},
        "runtime": {"engine": "onnxruntime", "dtype": "fp32", "batch": 1, "threads": 1},
        "provenance": {"kind": "measured"},
        "entries": rows,
    }


@pytest.fixture
def as_file():
    """A document, or bytes, as an uploaded file."""

    def made(content, name="profile.json"):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return SimpleUploadedFile(name, data)

    return made


@pytest.fixture
def device(alice, document):  # noqa: F811
    """A device of Alice's, with one version."""
    from devices import services

    data = json.dumps(document).encode()
    version = services.import_profile(owner=alice, data=data, filename="p.json", answers={})
    return DeviceProfile.objects.get(pk=version.device_id)


@pytest.fixture
def builtin(db):
    """A device that comes with webnas."""
    from devices import services

    services.add_builtin()
    return DeviceProfile.objects.filter(owner=None).first()
