"""The analytic devices say that they are not measured, and cover whatever is asked."""

import numpy as np
import pytest

from devices.profiles import builtin
from devices.profiles.cost import CostModel
from devices.profiles.coverage import coverage
from devices.profiles.estimates import ANALYTIC
from devices.profiles.profile import Profile
from tests.devices.simulated import blocks, stems

SPACE = [*blocks(), *stems()]
PROFILES = builtin.analytic()
by_name = pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.device.model)


def test_there_are_boards_phones_gpus_and_controllers_under_names_of_their_own():
    assert {p.device.kind for p in PROFILES} == {"cpu", "mobile", "gpu", "mcu"}
    assert len({p.name for p in PROFILES}) == len(PROFILES) == 11


@by_name
def test_nothing_is_measured_and_the_profile_says_so(profile):
    assert profile.provenance.kind == "analytic"
    assert "not measured" in profile.provenance.notes
    assert "calibrate" not in profile.provenance.notes  # nothing here does
    assert "analytic" in profile.name
    assert profile.device.facts_source
    assert profile.entries == ()


@by_name
def test_every_operation_has_an_uncertain_latency(profile):
    table = CostModel(profile).table(SPACE)

    assert coverage(profile, SPACE).analytic == len(SPACE)
    assert table.has_latency
    assert set(table.provenance) == {ANALYTIC}
    assert set(table.latency_sigma) == {0.60}
    assert not table.total([[0, 1]]).is_too_analytic.any()


@by_name
def test_the_document_is_complete(profile):
    assert Profile.from_dict(profile.to_dict()) == profile


@pytest.mark.slow
def test_energy_is_known_only_where_the_power_of_work_is():
    known = [p.device.model for p in PROFILES if CostModel(p).table(SPACE).has_energy]
    assert known == ["Raspberry Pi 4B"]


def test_a_controller_s_time_is_proportional_to_the_multiply_accumulates():
    profile = next(p for p in PROFILES if p.device.model == "STM32F746")
    table = CostModel(profile).table(SPACE)
    np.testing.assert_allclose(table.latency_ms, table.macs / 108e6 * 1e3)


def test_a_small_network_on_a_gpu_waits_for_its_kernels():
    profile = next(p for p in PROFILES if p.device.model == "H200 SXM")
    table = CostModel(profile).table(SPACE)
    launches = np.array([0.005 * len(op.decompose()) for op in SPACE])
    assert (table.latency_ms < 1.5 * launches).all()
    assert "kernel" in profile.provenance.notes
