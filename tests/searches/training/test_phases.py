"""The order in which smaller networks join: every option once, in the published order."""

from itertools import pairwise
from random import Random

import pytest

from searches.spaces.registry import FAMILIES, load
from searches.training.phases import corners_of, phases_of
from searches.training.settings import ShrinkingTrainingSettings

ELASTIC = sorted(name for name, card in FAMILIES.items() if "elastic" in card.provides)
SETTINGS = ShrinkingTrainingSettings(
    epochs=9, kernel_epochs=6, depth_epochs=5, width_epochs=10, learning_rate=0.2, later_rate=0.5
)


@pytest.fixture(scope="module", params=ELASTIC)
def space(request):
    return load({"family": request.param, **FAMILIES[request.param].presets["small"]})


def test_once_for_all_shrinks_as_published():
    space = load(FAMILIES["ofa_mobilenet_v3"].presets["full"])
    phases = phases_of(space, SETTINGS)
    rows = [(phase.name, phase.epochs, phase.subnets) for phase in phases]
    assert rows == [
        ("largest", 9, 1),
        ("kernel", 6, 1),
        ("depth 1", 1, 2),
        ("depth 2", 5, 2),
        ("width 1", 2, 4),
        ("width 2", 10, 4),
    ]
    assert [phase.learning_rate for phase in phases] == [0.2, 0.1, 0.05, 0.05, 0.025, 0.025]


def test_the_first_phase_knows_the_largest_network_at_every_resolution(space):
    first = phases_of(space, SETTINGS)[0]
    drawn = {first.sample(space, Random(seed)) for seed in range(60)}
    assert {genes[1:] for genes in drawn} == {corners_of(space)["largest"][1:]}
    assert len(drawn) == len(space.genes[0].options)


def test_each_phase_allows_what_the_one_before_did_and_more(space):
    phases = phases_of(space, SETTINGS)
    for before, after in pairwise(phases):
        opened = [
            gene.dimension
            for gene, old, new in zip(space.genes, before.least, after.least, strict=True)
            if new != old
        ]
        assert set(opened) == {after.opens}
        assert all(new <= old for old, new in zip(before.least, after.least, strict=True))


def test_the_last_phase_allows_every_network(space):
    assert set(phases_of(space, SETTINGS)[-1].least) == {0}
    assert all(gene.dimension for gene in space.genes)


def test_options_ascend_where_they_make_a_network_larger(space):
    for gene in space.genes:
        if gene.name != "stem.middle":  # left out, kept
            assert list(gene.options) == sorted(gene.options)


def test_networks_of_a_phase_are_within_it(space):
    rng = Random(0)
    for phase in phases_of(space, SETTINGS):
        for _ in range(20):
            genes = phase.sample(space, rng)
            assert space.validate(genes) == genes
            active = [space.is_active(at, genes) for at in range(len(genes))]
            for is_active, option, least in zip(active, genes, phase.least, strict=True):
                assert option >= least or not is_active


def test_space_without_a_choice_of_kernel_has_no_such_phase():
    space = load({"family": "ofa_resnet50", **FAMILIES["ofa_resnet50"].presets["small"]})
    assert not any(phase.opens == "kernel" for phase in phases_of(space, SETTINGS))
    assert "smallest kernel" not in corners_of(space)


def test_part_of_a_space_shrinks_to_what_is_left_of_it():
    preset = FAMILIES["ofa_mobilenet_v3"].presets["small"]
    only = {gene.name: [5] for gene in load(preset).genes if gene.dimension == "kernel"}
    space = load({**preset, "only": only | {"unit1.depth": [2]}})
    phases = phases_of(space, SETTINGS)
    assert [phase.opens for phase in phases] == ["", "depth", "depth", "width", "width"]
    assert space.validate(phases[-1].sample(space, Random(0)))
