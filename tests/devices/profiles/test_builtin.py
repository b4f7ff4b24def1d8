"""The analytic devices say that they are not measured, and cover whatever is asked."""

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


def test_there_is_a_board_and_a_phone():
    assert [p.device.kind for p in PROFILES] == ["cpu", "mobile"]


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


def test_energy_is_known_only_where_the_power_is():
    assert [CostModel(p).table(SPACE).has_energy for p in PROFILES] == [True, False]
