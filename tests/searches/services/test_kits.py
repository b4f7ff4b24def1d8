"""What of a space a kit holds: the blocks that say most, and networks to check them with."""

import pytest

from devices.profiles.kit import onnx_blocks
from devices.profiles.kit.networks import refuse_other_than_chain
from devices.profiles.operations import Operation
from searches.models import Space
from searches.services import kits
from searches.spaces import registry
from searches.spaces.base import Architecture
from searches.spaces.registry import FAMILIES
from webnas.refusals import RefusedRequest

CHAINS = [
    (family, preset)
    for family, card in FAMILIES.items()
    for preset in card.presets
    if family not in ("cells", "table") and (family, preset) != ("ofa_resnet50", "full")
]


def space(family="ofa_mobilenet_v3", preset="small") -> Space:
    definition = {"family": family, "preset": preset, **FAMILIES[family].presets[preset]}
    return Space(name=f"{family} {preset}", family=family, definition=definition)


def kit(found=None, **choice):
    return kits.kit_for(space=found or space(), choice=kits.Choice(**choice))


@pytest.mark.parametrize(("family", "preset"), CHAINS)
def test_networks_of_every_space_without_branches_are_chains_that_the_kit_can_write(
    family, preset
):
    found = registry.load(space(family, preset).definition)
    for network in kits.networks_of(found, 3):
        refuse_other_than_chain(network.operations)
        assert all(map(onnx_blocks.is_supported, network.operations))


def test_networks_of_cells_branch_so_there_are_none():
    found = kit(space("cells", "nas_bench_201"))
    assert found.networks == ()
    assert found.operations


def test_a_thinned_kit_holds_the_blocks_that_say_most():
    whole, thinned = kit(thinned=False), kit()
    assert len(thinned.operations) == kits.THINNED_BLOCKS < len(whole.operations)
    assert set(thinned.operations) < set(whole.operations)


def test_a_choice_of_resolutions_leaves_the_blocks_of_the_others_out():
    sides = kits.resolutions_of(space())
    found = kit(thinned=False, resolutions=(sides[0],))
    whole = registry.load(space().definition)
    assert {op.h for op in found.operations if op.cin == 3} == {sides[0]}
    assert {whole.genes[0].options[n.arch["genes"][0]] for n in found.networks} == {sides[0]}


def test_a_network_says_what_it_is_in_two_ways():
    whole = registry.load(space().definition)
    for network in kit(resolutions=(28,)).networks:
        architecture = Architecture.from_json(network.arch)
        assert architecture.space == whole.content_hash()
        assert whole.operations(architecture.genes) == network.operations
        assert tuple(map(Operation.from_dict, network.arch["operations"])) == network.operations


def test_every_other_network_is_held_out_and_none_is_there_twice():
    networks = kit(n_networks=12).networks
    assert [n.split for n in networks] == ["calibrate", "holdout"] * 6
    assert len({tuple(n.arch["genes"]) for n in networks}) == 12


def test_the_same_choice_is_the_same_kit():
    first = kit(n_networks=4)
    kits._kit.cache_clear()
    assert kit(n_networks=4) == first


def test_a_kit_waits_in_a_row_as_json():
    first = kit(n_networks=2, batch=4)
    assert type(first).from_json(first.to_json()) == first


@pytest.mark.parametrize(
    ("found", "choice", "field"),
    [
        (space(), {"resolutions": (17,)}, "resolution"),
        (space("cells", "darts"), {"resolutions": (17,)}, "resolution"),
        (space("ofa_mobilenet_v3", "full"), {"thinned": False}, "thinned"),
        (space("ofa_resnet50", "small"), {"batch": 10**9}, "batch"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(found, choice, field):
    with pytest.raises(RefusedRequest) as refusal:
        kit(found, **choice)
    assert list(refusal.value.errors) == [field]


def test_a_space_without_layers_has_no_kit():
    table = {"family": "table", "table": "0" * 64, "columns": [{"name": "a", "options": ["x"]}]}
    with pytest.raises(RefusedRequest, match="refused") as refusal:
        kit(Space(name="Table", family="table", definition=table))
    assert "no layers" in refusal.value.errors["space"][0]


def test_the_forecast_is_near_the_kit():
    found = kit()
    expected, (_, data) = kits.expected(found), kits.archive_of(found)
    assert 0.6 < len(data) / expected.zip_bytes < 1.6
