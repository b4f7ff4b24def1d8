"""Whole networks of a profile: what they consist of, and which of them stay unseen."""

from dataclasses import replace

import pytest

from devices.profiles import networks
from devices.profiles.profile import ModelRow
from tests.devices.real_tables import empty_profile, model_row
from tests.devices.simulated import blocks

BLOCKS = blocks(resolutions=(16,))


def of(*rows, **changes):
    return networks.of_profile(empty_profile(models=rows, **changes))


def test_operations_may_be_spelled_out():
    [found] = of(model_row(BLOCKS[:3], 7.0))

    assert found.operations == tuple(BLOCKS[:3])
    assert found.macs() == sum(op.macs() for op in BLOCKS[:3])
    assert not found.is_held_out


@pytest.mark.parametrize(
    "operations", ["conv", [], [{"type": "convv"}], [{"type": "conv", "h": 0}], {"type": "gap"}]
)
def test_operations_that_cannot_be_leave_the_network_unknown(operations):
    [found] = of(ModelRow({"operations": operations}, 7.0))

    assert found.operations == ()


def test_published_networks_are_known_by_name():
    known, unknown = of(
        ModelRow({"network": "mobilenet_v2"}, 7.0), ModelRow({"network": "x"}, 7.0)
    )

    assert known.macs() == pytest.approx(300e6, rel=0.01)
    assert unknown.operations == ()


def test_a_network_with_one_row_held_out_is_held_out_in_all():
    row = model_row(BLOCKS[:2], 7.0)

    found = of(row, replace(row, mean_ms=7.5, split="holdout"), model_row(BLOCKS[2:4], 3.0))

    assert [network.is_held_out for network in found] == [True, True, False]


def test_of_very_many_networks_a_bounded_number_is_read(monkeypatch):
    monkeypatch.setattr(networks, "MOST_NETWORKS", 4)
    rows = [ModelRow({"layers": n}, 1.0 + n) for n in range(20)]

    assert len(of(*rows)) == 4


def test_encodings_of_spaces_are_read_by_readers_that_register(monkeypatch):
    monkeypatch.setattr(networks, "_readers", [])
    networks.register(lambda arch, space: BLOCKS[:2] if (arch, space) == ({"a": "x"}, "s") else ())

    found = of(ModelRow({"a": "x"}, 1.0), ModelRow({"a": "y"}, 1.0), space="s")

    assert [network.operations for network in found] == [tuple(BLOCKS[:2]), ()]
