"""Every registered space keeps the contract of a search space."""

import json
from itertools import islice
from random import Random

import numpy as np
import pytest

from searches.objectives.cards import UnknownEntry
from searches.spaces.base import InvalidArchitecture
from searches.spaces.registry import FAMILIES, load

PRESETS = [(family, preset) for family, card in FAMILIES.items() for preset in card.presets]


@pytest.fixture(params=PRESETS, ids=["-".join(pair) for pair in PRESETS], scope="module")
def space(request):
    family, preset = request.param
    return load(FAMILIES[family].presets[preset])


@pytest.fixture
def some(space):
    return [space.sample(Random(seed)) for seed in range(20)]


def test_size_is_exact_and_explained(space):
    assert 1 <= space.size() <= space.n_genotypes()
    assert space.size_formula()


def test_same_seed_samples_the_same(space):
    assert space.sample(Random(5)) == space.sample(Random(5))


def test_every_way_to_make_architectures_stays_in_the_space(space, some):
    rng = Random(1)
    made = [space.mutate(genes, rng) for genes in some]
    made += [space.crossover(a, b, rng) for a, b in zip(some, made, strict=True)]
    made += islice(space.neighbours(some[0]), 200)
    made += islice(space.enumerate(), 200)
    assert all(space.validate(genes) == genes for genes in [*some, *made])


def test_mutants_and_neighbours_are_other_architectures(space, some):
    assert all(space.mutate(genes, Random(1)) != genes for genes in some)
    assert all(genes not in islice(space.neighbours(genes), 200) for genes in some)


def test_description_and_genes_are_inverse(space, some):
    for genes in some:
        assert space.parse(json.loads(json.dumps(space.describe(genes)))) == genes


def test_definition_and_space_are_inverse(space, some):
    again = load(json.loads(json.dumps(space.to_json())))
    assert again == space
    assert [again.hash(genes) for genes in some] == [space.hash(genes) for genes in some]


def test_hashes_tell_networks_apart(space):
    listed = list(islice(space.enumerate(), 2000))
    networks = {space.phenotype(genes) for genes in listed}
    assert len({space.hash(genes) for genes in listed}) == len(networks)
    assert space.family == "cells" or len(networks) == len(listed)


def test_operations_are_those_that_the_indices_name(space, some):
    table, rows = space.operation_table(), space.operation_indices(np.array(some))
    assert len(set(table)) == len(table)
    for genes, row in zip(some, rows, strict=True):
        assert space.operations(genes) == tuple(table[index] for index in row if index >= 0)


@pytest.mark.parametrize("aggregate", ["sum", "max"])
def test_nothing_lies_beyond_the_extremes(space, some, aggregate):
    values = np.random.default_rng(0).random(len(space.operation_table()))

    def costs(listed):
        rows = space.operation_indices(np.array(listed))
        nothing = 0.0 if aggregate == "sum" else -np.inf
        return getattr(np.append(values, nothing)[rows], aggregate)(axis=1)

    (low, cheapest), (high, dearest) = (
        space.extreme(values, aggregate=aggregate, largest=largest) for largest in (False, True)
    )
    assert costs([cheapest, dearest]) == pytest.approx([low, high])
    around = costs([*some, *space.neighbours(cheapest), *space.neighbours(dearest)])
    rounding = 1e-12 * max(1.0, abs(low), abs(high))
    assert low - rounding <= around.min() <= around.max() <= high + rounding


def test_impossible_genes_are_refused(space):
    with pytest.raises(InvalidArchitecture):
        space.validate(())
    with pytest.raises(InvalidArchitecture):
        space.validate([len(gene.options) for gene in space.genes])


def test_unknown_family_is_refused_with_the_known_ones():
    with pytest.raises(UnknownEntry, match="ofa_mobilenet_v3"):
        load({"family": "transformers"})
