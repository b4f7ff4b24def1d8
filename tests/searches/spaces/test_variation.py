"""Canonical forms, mutants and children, gene by gene as their definitions say."""

from random import Random

import pytest

from searches.spaces.presets import OFA_MOBILENET_V3_FULL
from searches.spaces.registry import load

SPACE = load(OFA_MOBILENET_V3_FULL)
SEEDS = range(200)


def genotype(seed):
    rng = Random(seed)
    return tuple(rng.randrange(len(gene.options)) for gene in SPACE.genes)


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_canonical_has_zero_exactly_where_a_gene_is_inactive(seed):
    kept = []
    for position, option in enumerate(genotype(seed)):
        kept.append(option if SPACE.is_active(position, kept) else 0)
    assert SPACE.canonical(genotype(seed)) == tuple(kept)


def test_full_rate_changes_every_active_gene_that_stays_active():
    for seed in SEEDS:
        parent = SPACE.canonical(genotype(seed))
        child = SPACE.mutate(parent, Random(seed), rate=1.0)
        for position, gene in enumerate(SPACE.genes):
            if not SPACE.is_active(position, child):
                assert child[position] == 0
            elif len(gene.options) > 1 and SPACE.is_active(position, parent):
                assert child[position] != parent[position]


def test_zero_rate_changes_one_gene_and_what_it_wakes():
    for seed in SEEDS:
        parent = SPACE.canonical(genotype(seed))
        child = SPACE.mutate(parent, Random(seed), rate=0.0)
        both = [i for i in range(len(child)) if SPACE.is_active(i, parent)]
        stays = [i for i in both if SPACE.is_active(i, child)]
        assert sum(parent[i] != child[i] for i in stays) == 1


def test_genes_that_wake_take_every_option():
    position = next(i for i, gene in enumerate(SPACE.genes) if gene.least == 1)
    controller = SPACE.genes[position].controller
    asleep = tuple(0 for _ in SPACE.genes)
    children = [SPACE.mutate(asleep, Random(seed), rate=0.5) for seed in SEEDS]
    awake = {child[position] for child in children if child[controller] >= 1}
    assert awake == set(range(len(SPACE.genes[position].options)))


def test_every_gene_of_a_child_comes_from_a_parent_in_which_it_is_active():
    for seed in SEEDS:
        parents = [SPACE.canonical(genotype(seed)), SPACE.canonical(genotype(seed + 1000))]
        child = SPACE.crossover(*parents, Random(seed))
        assert child == SPACE.canonical(child)
        for position, option in enumerate(child):
            if SPACE.is_active(position, child):
                offered = {p[position] for p in parents if SPACE.is_active(position, p)}
                assert option in offered
