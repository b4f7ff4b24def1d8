"""What a deployed network really took makes the next estimates better."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from django.contrib.auth.models import User

from devices.models import DeviceProfile
from devices.versions import add_version
from searches.runner.costing import Costing
from searches.runner.guesses import grounds
from searches.services import measurements
from searches.services.measurements import Measurement
from searches.spaces import registry
from searches.spaces.encodings import spelled_out
from searches.spaces.registry import FAMILIES
from tests.devices.simulated import SimulatedDevice
from webnas.refusals import ConflictingRequest, RefusedRequest

SPACE = registry.load(
    {"family": "ofa_mobilenet_v3", **FAMILIES["ofa_mobilenet_v3"].presets["small"]}
)
REAL = SimulatedDevice(border_ms=0.02)  # a network pays between blocks what no row shows
GENES = [SPACE.sample(Random(seed)) for seed in range(60)]


@pytest.fixture
def owner(db):
    return User.objects.create_user("ada")


@pytest.fixture
def device(owner):
    found = DeviceProfile.objects.create(owner=owner, name="Board")
    add_version(found, REAL.profile(SPACE.operation_table()))
    return found


def measured(genes, **fields):
    ms = REAL.network_ms(SPACE.operations(genes))
    return Measurement(ms, arch=spelled_out(SPACE, genes), **fields)


def off_by(device, genes):
    """Mean error of what a search would expect of networks that nobody has timed."""
    costing = Costing(SPACE, {device.pk: device.latest()})
    truth = np.array([REAL.network_ms(SPACE.operations(one)) for one in genes])
    return np.abs(costing.values(genes, "latency", device.pk) / truth - 1).mean()


@pytest.mark.slow
def test_posted_networks_make_the_estimates_of_others_better(owner, device):
    before = off_by(device, GENES[10:])

    measurements.post(owner=owner, device=device, items=[measured(GENES[0])])
    after_one = off_by(device, GENES[10:])
    measurements.post(owner=owner, device=device, items=list(map(measured, GENES[1:10])))
    after_ten = off_by(device, GENES[10:])

    assert before > 0.1
    assert after_one < 0.6 * before
    assert after_ten < 0.05
    assert device.latest().number == 3


def test_the_answer_tells_what_was_expected_before_and_after(owner, device):
    item = measured(GENES[0])

    found = measurements.post(owner=owner, device=device, items=[item])

    assert found.before_ms[0] < 0.9 * item.latency_ms
    assert found.after_ms[0] == pytest.approx(item.latency_ms, rel=1e-6)
    document = found.version.document
    assert document["models"][0]["arch"]["choices"] == SPACE.describe(GENES[0])
    assert document["provenance"]["parent_sha256"] == device.versions.get(number=1).content_sha256


def test_networks_held_out_judge_and_teach_nothing(owner, device):
    items = [measured(genes, split="holdout") for genes in GENES[:8]]

    found = measurements.post(owner=owner, device=device, items=items)

    assert found.before_ms == found.after_ms
    assert found.version.fits["judgement"]["n"] == 8


def test_three_networks_are_grounds_for_a_limit_on_a_data_sheet(owner):
    facts = {"peak_flops": {"fp32": 2e10}, "bandwidth_bytes_per_s": 8e9}
    found = DeviceProfile.objects.create(owner=owner, name="Sheet")
    profile = REAL.profile([])
    add_version(found, replace(profile, device=replace(profile.device, **facts)))
    costing = Costing(SPACE, {found.pk: found.latest()})
    assert grounds(costing, found.pk).is_guess

    measurements.post(owner=owner, device=found, items=list(map(measured, GENES[:3])))

    now = grounds(Costing(SPACE, {found.pk: found.latest()}), found.pk)
    assert not now.is_guess
    assert now.n_networks == 3
    assert now.interval < grounds(costing, found.pk).interval


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"latency_ms": 0.0}, "measurements.0.latency_ms"),
        ({"latency_ms": float("nan")}, "measurements.0.latency_ms"),
        ({"latency_ms": 1e7}, "measurements.0.latency_ms"),
        ({"latency_ms": 1e5}, "measurements.0.latency_ms"),  # a plausible number of µs
        ({"std_ms": -1.0}, "measurements.0.std_ms"),
        ({"runs": 0}, "measurements.0.runs"),
        ({"split": "train"}, "measurements.0.split"),
        ({"arch": {}}, "measurements.0.arch"),
        ({"arch": {"layers": 3}}, "measurements.0.arch"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(owner, device, fields, place):
    good = measured(GENES[0])
    wrong = Measurement(**{"latency_ms": good.latency_ms, "arch": good.arch} | fields)

    with pytest.raises(RefusedRequest) as refusal:
        measurements.post(owner=owner, device=device, items=[wrong])

    assert place in refusal.value.errors
    assert device.versions.count() == 1


def test_a_device_without_a_profile_takes_no_measurement(owner):
    empty = DeviceProfile.objects.create(owner=owner, name="Empty")

    with pytest.raises(ConflictingRequest):
        measurements.post(owner=owner, device=empty, items=[measured(GENES[0])])
