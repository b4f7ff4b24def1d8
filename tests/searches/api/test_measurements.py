"""Posting what a network took: by its owner alone, on a device of one's own."""

import pytest

from devices.models import DeviceProfile
from devices.versions import add_version
from tests.devices.simulated import SimulatedDevice


@pytest.fixture
def board(alice, tiny_space):
    found = DeviceProfile.objects.create(owner=alice, name="Board")
    add_version(found, SimulatedDevice().profile(tiny_space.operation_table()))
    return found


@pytest.fixture
def address(board):
    return f"/api/v1/devices/{board.pk}/measurements/"


@pytest.fixture
def arch(tiny_space):
    operations = tiny_space.operations((0,) * len(tiny_space.genes))
    return {"operations": [op.to_dict() for op in operations]}


def body(**fields):
    return {"measurements": [fields]}


def test_a_measured_network_makes_a_version(as_alice, board, address, arch):
    answer = as_alice.post(address, body(arch=arch, latency_ms=0.5, runs=30))

    assert answer.status_code == 201, answer.data
    assert answer.data["version"]["number"] == 2
    assert answer.data["calibration"]["n_networks"] == 1
    assert answer.data["networks"][0]["after_ms"] == pytest.approx(0.5)
    detail = as_alice.get(f"/api/v1/devices/{board.pk}/").data
    assert detail["calibration"]["n_networks"] == 1
    assert detail["judgement"] is None


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"latency_ms": 1}, "measurements.0"),
        ({"latency_ms": 1, "trial": 3}, "measurements.0"),
        ({"latency_ms": 1, "model": 99}, "measurements"),
        ({"latency_ms": "fast", "arch": {}}, "measurements"),
        ({"latency_ms": 1, "arch": {"a": "b"}}, "measurements.0.arch"),
        ({"latency_ms": 1, "arch": {"a": 1}, "wrong": 1}, "measurements"),
    ],
)
def test_nonsense_is_named(as_alice, board, address, fields, place):
    answer = as_alice.post(address, body(**fields))

    assert answer.status_code == 400
    assert any(name.startswith(place) for name in answer.data["errors"])
    assert board.versions.count() == 1


def test_only_ones_own_device_takes_measurements(
    as_bob, as_carol, as_reader, anonymous, device, address, arch
):
    good = body(arch=arch, latency_ms=0.5)

    assert as_bob.post(address, good).status_code == 404
    assert anonymous.post(address, good).status_code == 401
    assert as_reader.post(address, good).status_code == 403
    builtin = f"/api/v1/devices/{device.pk}/measurements/"
    assert as_bob.post(builtin, good).status_code == 403
