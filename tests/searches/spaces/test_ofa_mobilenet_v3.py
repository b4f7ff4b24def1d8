"""The mobile space counts, prices and varies its architectures exactly."""

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.profiles.operations import Operation
from searches.spaces.base import Architecture, InvalidArchitecture
from searches.spaces.mobile_definition import InvalidSpace, MobileDefinition
from searches.spaces.ofa_mobilenet_v3 import OfaMobileNetV3
from searches.spaces.presets import OFA_MOBILENET_V3_FULL
from searches.spaces.registry import FAMILIES, load

FULL = load(OFA_MOBILENET_V3_FULL)
OPTIONS = {"depths": [1, 2, 3], "kernels": [3, 5, 7], "expands": [2, 3, 4]}
OWN = {  # independent of the preset "small", whose numbers may be tuned
    **OFA_MOBILENET_V3_FULL,
    "resolutions": [16, 20, 24, 28, 32],
    "units": [{**unit, **OPTIONS} for unit in OFA_MOBILENET_V3_FULL["units"][:3]],
}
SMALL = load(OWN)
UNIT = OWN["units"][0]


def tiny(*, n_units=2, depths=(1, 2), kernels=(3, 5), expands=(2, 3), resolutions=(8, 16)):
    units = [
        {**unit, "depths": list(depths), "kernels": list(kernels), "expands": list(expands)}
        for unit in OWN["units"][:n_units]
    ]
    return load({**OWN, "units": units, "resolutions": list(resolutions)})


TINY = tiny()
SPACES = {"full": FULL, "small": SMALL, "tiny": TINY, "gap": tiny(depths=(1, 3), n_units=1)}


@st.composite
def spaces_and_genotypes(draw):
    space = SPACES[draw(st.sampled_from(sorted(SPACES)))]
    return space, tuple(draw(st.integers(0, len(gene.options) - 1)) for gene in space.genes)


CASES = spaces_and_genotypes()


def test_full_space_has_the_published_size():
    assert FULL.size() == 7371**5 * 25
    assert f"{FULL.size() / 25:.2e}" == "2.18e+19"
    assert FULL.n_genotypes() == 3**45 * 25
    assert FULL.size_formula() == "25 × (9² + 9³ + 9⁴)⁵"


def test_full_space_has_the_parameters_of_the_paper():
    values = [operation.parameters() for operation in FULL.operation_table()]
    largest, _ = FULL.extreme(values, aggregate="sum", largest=True)
    assert round(largest / 1e6, 1) == 7.7


def test_full_space_has_as_many_operations_as_counted_elsewhere():
    one = load({**OFA_MOBILENET_V3_FULL, "resolutions": [224]})
    five = load({**OFA_MOBILENET_V3_FULL, "resolutions": list(range(160, 225, 16))})
    counts = [len(space.operation_table()) for space in (one, five, FULL)]
    assert counts == [96, 450, 1257]


@pytest.mark.parametrize(
    "space",
    [TINY, SPACES["gap"], tiny(n_units=1, depths=(2,)), tiny(n_units=1, kernels=(3,))],
    ids=["tiny", "gap", "fixed depth", "fixed kernel"],
)
def test_size_is_the_number_of_enumerated_architectures(space):
    listed = list(space.enumerate())
    assert len(listed) == len(set(listed)) == space.size()
    assert all(space.canonical(genes) == genes for genes in listed)


def test_enumeration_finds_every_architecture_of_every_genotype():
    space = tiny(n_units=1)
    listed = set(space.enumerate())
    assert {space.sample(Random(seed)) for seed in range(500)} == listed


def test_size_formula_names_unequal_units():
    units = list(SMALL.definition.units)
    units[1] = replace(units[1], depths=(2,), kernels=(3,))
    mixed = OfaMobileNetV3(replace(SMALL.definition, units=tuple(units)))
    assert mixed.size_formula() == "5 × (9¹ + 9² + 9³) × (3²) × (9¹ + 9² + 9³)"


@given(CASES)
def test_canonical_form_is_a_projection_that_keeps_the_architecture(case):
    space, genotype = case
    canonical = space.canonical(genotype)
    assert space.canonical(canonical) == canonical
    assert space.hash(genotype) == space.hash(canonical)
    assert space.operations(genotype) == space.operations(canonical)


@given(CASES)
def test_description_can_be_parsed_back(case):
    space, genotype = case
    described = json.loads(json.dumps(space.describe(genotype)))
    assert space.parse(described) == space.canonical(genotype)


@given(
    spaces_and_genotypes(), st.randoms(use_true_random=False), st.sampled_from([None, 0, 0.5, 1])
)
def test_mutation_gives_another_canonical_architecture(case, rng, rate):
    space, genotype = case
    child = space.mutate(genotype, rng, rate=rate)
    assert space.validate(child) == child != space.canonical(genotype)


@given(CASES, st.randoms(use_true_random=False))
def test_crossover_takes_every_active_gene_from_a_parent(case, rng):
    space, genotype = case
    a, b = space.canonical(genotype), space.sample(rng)
    child = space.crossover(a, b, rng)
    assert space.validate(child) == child
    for position, index in enumerate(child):
        if space.is_active(position, child):
            parents = [p for p in (a, b) if space.is_active(position, p)]
            assert index in {parent[position] for parent in parents}


def test_crossover_of_twins_is_the_twin():
    genes = FULL.sample(Random(0))
    assert FULL.crossover(genes, genes, Random(1)) == genes


def test_space_of_one_architecture_mutates_to_itself():
    alone = tiny(n_units=1, depths=(1,), kernels=(3,), expands=(2,), resolutions=(8,))
    assert alone.size() == 1
    assert alone.mutate((0, 0, 0, 0), Random(0)) == (0, 0, 0, 0)
    assert list(alone.neighbours((0, 0, 0, 0))) == []


def test_every_gene_is_sampled_evenly():
    counts = Counter(FULL.sample(Random(seed))[1] for seed in range(3000))
    assert all(abs(count - 1000) < 120 for count in counts.values())  # 4.6 standard deviations


def test_neighbours_are_different_and_one_gene_away():
    space = tiny()
    for genes in islice(space.enumerate(), 0, None, 37):
        around = list(space.neighbours(genes))
        assert len(around) == len(set(around))
        assert genes not in around
        assert all(space.validate(other) == other for other in around)
        for other in around:
            pairs = enumerate(zip(genes, other, strict=True))
            changed = [i for i, (a, b) in pairs if a != b]
            was_active = [i for i in changed if space.is_active(i, genes)]
            assert len([i for i in was_active if space.is_active(i, other)]) <= 1
            assert len([i for i in changed if not space.is_active(i, genes)]) <= 1


def test_neighbours_stay_few_when_a_choice_makes_many_others_active():
    space = tiny(n_units=1, depths=(1, 8), kernels=(3, 5, 7), expands=(2, 3, 4))
    shallow, deep = (1, 0, *[0] * 16), (1, 1, *[2] * 16)
    assert len(list(space.neighbours(shallow))) == 1 + 1 + 14 * 2 + 2 * 2
    assert len(list(space.neighbours(deep))) == 1 + 1 + 16 * 2


def test_neighbours_connect_the_whole_space():
    space = tiny(n_units=1)
    seen, border = set(), {next(space.enumerate())}
    while border:
        seen |= border
        border = {near for genes in border for near in space.neighbours(genes)} - seen
    assert len(seen) == space.size()


@settings(max_examples=30)
@given(
    st.integers(0, 10**9),
    st.sampled_from(["sum", "max"]),
    st.booleans(),
    st.sampled_from(["tiny", "gap"]),
)
def test_extreme_is_the_optimum_of_the_whole_space(seed, aggregate, largest, name):
    space = SPACES[name]
    values = np.random.default_rng(seed).normal(size=len(space.operation_table()))
    everything = np.array(list(space.enumerate()))
    rows = space.operation_indices(everything)
    neutral = 0.0 if aggregate == "sum" else -np.inf
    costs = getattr(np.where(rows >= 0, values[rows], neutral), aggregate)(axis=1)
    found, genes = space.extreme(values, aggregate=aggregate, largest=largest)
    assert found == pytest.approx(costs.max() if largest else costs.min(), abs=1e-12)
    own = [values[space.operation_table().index(o)] for o in space.operations(genes)]
    assert (sum(own) if aggregate == "sum" else max(own)) == pytest.approx(found, abs=1e-12)


def test_extreme_refuses_unknown_costs():
    with pytest.raises(ValueError, match="NaN"):
        TINY.extreme(np.full(len(TINY.operation_table()), np.nan), aggregate="sum", largest=False)


def slow_operations(space, genes):
    """The operations of an architecture, written down layer by layer."""
    made, what, definition = [], space.describe(genes), space.definition
    side = what["resolution"]
    made.append(
        Operation(type="conv", h=side, cin=definition.in_channels, cout=16, k=3, s=2, act="hswish")
    )
    side = (side + 1) // 2
    made.append(
        Operation(type="mbconv", h=side, cin=16, cout=16, mid=16, k=3, act="relu", skip=True)
    )
    cin = 16
    for unit, chosen in zip(definition.units, what["units"], strict=True):
        for position, block in enumerate(chosen["blocks"]):
            stride = unit.stride if position == 0 else 1
            made.append(
                Operation(
                    type="mbconv",
                    h=side,
                    cin=cin,
                    cout=unit.width,
                    mid=cin * block["expand"],
                    k=block["kernel"],
                    s=stride,
                    act=unit.act,
                    se=unit.se,
                    skip=stride == 1 and cin == unit.width,
                )
            )
            side, cin = -(-side // stride), unit.width
    final, wide = definition.final_width, definition.mix_width
    made.append(Operation(type="conv", h=side, cin=cin, cout=final, k=1, act="hswish"))
    made.append(Operation(type="gap", h=side, cin=final))
    made.append(Operation(type="conv", h=1, cin=final, cout=wide, k=1, act="hswish", norm="none"))
    made.append(Operation(type="linear", cin=wide, cout=definition.n_classes))
    return tuple(made)


@pytest.mark.parametrize("seed", range(20))
def test_operations_are_those_of_the_layers_one_by_one(seed):
    genes = FULL.sample(Random(seed))
    assert FULL.operations(genes) == slow_operations(FULL, genes)


def test_operation_indices_of_many_equal_those_of_each():
    genes = [SMALL.sample(Random(seed)) for seed in range(50)]
    many = SMALL.operation_indices(np.array(genes))
    assert many.dtype == np.int32
    assert np.array_equal(many, np.concatenate([SMALL.operation_indices(one) for one in genes]))
    assert SMALL.operation_indices(np.empty((0, len(SMALL.genes)))).shape[0] == 0


def test_space_survives_json_with_its_hash():
    again = load(json.loads(json.dumps(SMALL.to_json())))
    assert again.content_hash() == SMALL.content_hash()
    assert again.genes == SMALL.genes


def test_hash_ignores_the_name_of_the_preset_and_nothing_else():
    renamed = load({**SMALL.to_json(), "preset": "mine"})
    assert renamed.content_hash() == SMALL.content_hash()
    assert renamed == SMALL
    assert len({renamed, SMALL, FULL}) == 2
    other = SMALL.with_data(in_channels=1, n_classes=10)
    assert other.content_hash() != SMALL.content_hash()
    genes = SMALL.sample(Random(0))
    assert renamed.hash(genes) == SMALL.hash(genes) != other.hash(genes)
    assert len(SMALL.hash(genes)) == 16


def test_data_set_changes_stem_and_classifier_only():
    grey = FULL.with_data(in_channels=1, n_classes=7)
    genes = FULL.sample(Random(3))
    changed = [a != b for a, b in zip(FULL.operations(genes), grey.operations(genes), strict=True)]
    assert [i for i, is_changed in enumerate(changed) if is_changed] == [0, len(changed) - 1]
    assert grey.size() == FULL.size()


def test_architecture_survives_json():
    architecture = Architecture(SMALL.content_hash(), SMALL.sample(Random(1)))
    assert Architecture.from_json(json.loads(json.dumps(architecture.to_json()))) == architecture


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        ((0, 0), "22 genes are needed, not 2"),
        ([9] + [0] * 21, "resolution: option 9"),
        ([0.0] + [0] * 21, "whole number"),
        ([True] + [0] * 21, "whole number"),
        ([-1] + [0] * 21, "option -1"),
    ],
)
def test_impossible_genes_are_refused_with_the_gene(genes, message):
    with pytest.raises(InvalidArchitecture, match=message):
        SMALL.validate(genes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resolution": 33}, "resolution: 33 is none of 16, 20, 24, 28, 32"),
        ({"resolution": None}, "resolution: None"),
        ({"units": []}, "3 units"),
        ({"units": [1, 2, 3]}, r"units\[0\]"),
        ({"units": [{"depth": 2, "blocks": []}] * 3}, "as many blocks as the depth"),
        ({"units": [{"depth": 1, "blocks": [{"kernel": 4, "expand": 2}]}] * 3}, "kernel: 4"),
        ({"units": [{"depth": 1, "blocks": [{"kernel": 3}]}] * 3}, "“expand” is missing"),
    ],
)
def test_impossible_descriptions_are_refused_with_the_place(change, message):
    described = SMALL.describe((0,) * len(SMALL.genes))
    with pytest.raises(InvalidArchitecture, match=message):
        SMALL.parse({**described, **change})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"n_classes": 1}, "n_classes"),
        ({"n_classes": "10"}, "n_classes"),
        ({"in_channels": 2}, "in_channels"),
        ({"resolutions": [32, 16]}, "resolutions"),
        ({"resolutions": []}, "resolutions"),
        ({"resolutions": ["16"]}, "resolutions"),
        ({"resolutions": [4, 16]}, "resolutions"),
        ({"stem_act": "gelu"}, "stem_act"),
        ({"final_width": 0}, "final_width"),
        ({"first_stride": 3}, "first_stride"),
        ({"stem_kernel": 4}, "stem_kernel"),
        ({"extra": 1}, "extra"),
        ({"units": []}, "units"),
        ({"units": [7]}, "units[0]"),
        (
            {"units": [{**UNIT, "kernels": [3, 4]}]},
            "units[0].kernels",
        ),
        (
            {"units": [{**UNIT, "expands": [1, 2]}]},
            "units[0].expands",
        ),
        (
            {"units": [{**UNIT, "expands": [2, 2.1]}]},
            "units[0].expands",
        ),
        ({"units": [{**UNIT, "stride": "2"}]}, "units[0].stride"),
    ],
)
def test_impossible_definition_is_refused_with_the_field(change, field):
    with pytest.raises(InvalidSpace) as refusal:
        load({**OWN, **change})
    assert field in refusal.value.problems


def test_missing_field_is_named():
    data = {name: v for name, v in OWN.items() if name != "mix_width"}
    with pytest.raises(InvalidSpace, match="mix_width: This field is missing"):
        load(data)


@pytest.mark.parametrize("preset", ["full", "small"])
def test_presets_are_definitions(preset):
    definition = FAMILIES["ofa_mobilenet_v3"].presets[preset]
    assert MobileDefinition.from_json(definition).preset == preset
