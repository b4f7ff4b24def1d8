"""Which subnets a step takes: each rule keeps its promise, for every kind of space."""

from collections import Counter
from itertools import chain

import pytest

from searches.objectives.settings import SettingsError, build
from searches.spaces.registry import FAMILIES, load
from searches.training.sampling_rules import RULES, Fair, Sandwich, Uniform
from searches.training.settings import SupernetTrainingSettings

PRESETS = {
    "ofa_mobilenet_v3": "small",
    "ofa_resnet50": "small",
    "residual": "small",
    "proxyless": "small",
    "mlp": "features",
    "mlp_images": "8 pixels",
    "cells": "nas_bench_201_small",
}


@pytest.fixture(scope="module", params=PRESETS)
def space(request):
    card = FAMILIES[request.param]
    preset = PRESETS[request.param]
    name = preset if preset in card.presets else next(iter(card.presets))
    return load({"family": request.param, **card.presets[name]})


def resolutions(space, subnets):
    names = [gene.name for gene in space.genes]
    at = names.index("resolution") if "resolution" in names else None
    return {0 if at is None else genes[at] for genes in subnets}


@pytest.mark.parametrize("rule", RULES)
def test_subnets_of_a_step_are_architectures_at_one_resolution(rule, space):
    drawn = RULES[rule](space, 3, None)
    for step in range(5):
        subnets = drawn.draw(step)
        assert [space.validate(genes) for genes in subnets] == subnets
        assert len(resolutions(space, subnets)) == 1


@pytest.mark.parametrize("rule", RULES)
def test_a_step_is_drawn_alike_wherever_the_training_was_cut(rule, space):
    whole, again = (RULES[rule](space, 3, None) for _ in range(2))
    expected = [whole.draw(step) for step in range(4)]
    assert [again.draw(step) for step in (2, 3)] == expected[2:]
    assert RULES[rule](space, 4, None).draw(0) != expected[0]


@pytest.mark.parametrize("rule", RULES)
def test_steps_go_through_the_resolutions(rule, tiny_space):
    drawn = RULES[rule](tiny_space, 0, None)
    assert (
        len({*chain.from_iterable(resolutions(tiny_space, drawn.draw(s)) for s in range(9))}) > 1
    )


def test_fair_steps_take_every_option_equally_often():
    """Spaces of single choices: no gene depends on another one, so nothing is left out."""
    space = load({"family": "proxyless", **FAMILIES["proxyless"].presets["small"]})
    drawn = Fair(space, 0, None)
    sizes = [len(gene.options) for gene in space.genes]
    n_steps = 6  # 7 subnets each: 42 is a multiple of 6 and of 7
    subnets = [genes for step in range(n_steps) for genes in drawn.draw(step)]
    assert len(subnets) == n_steps * max(sizes)
    for position in range(1, len(sizes)):  # the resolution is drawn by itself
        counts = Counter(genes[position] for genes in subnets)
        assert set(counts.values()) == {len(subnets) // sizes[position]}


def test_one_fair_step_takes_every_option_of_the_largest_choice_once():
    space = load({"family": "proxyless", **FAMILIES["proxyless"].presets["small"]})
    largest = max(len(gene.options) for gene in space.genes)
    for step in range(4):
        columns = zip(*Fair(space, 0, None).draw(step), strict=True)
        for gene, column in zip(space.genes, columns, strict=True):
            if len(gene.options) == largest:
                assert sorted(column) == list(range(largest))


def test_a_sandwich_lies_between_the_largest_and_the_smallest(tiny_space):
    first, *between, last = Sandwich(tiny_space, 0, 5).draw(1)
    assert set(first[1:]) == {1}
    assert set(last[1:]) == {0}
    assert len(between) == 3


def test_the_smallest_sandwich_is_the_two_ends(tiny_space):
    assert len(Sandwich(tiny_space, 0, 2).draw(0)) == 2
    with pytest.raises(SettingsError, match="at least 2"):
        build(SupernetTrainingSettings, {"sampling": "sandwich", "subnets": 1})


def test_uniform_takes_as_many_as_asked_for(tiny_space):
    assert [len(Uniform(tiny_space, 0, n).draw(0)) for n in (None, 1, 3)] == [1, 1, 3]
