"""Proxies look at the networks of every space, and at all of them alike."""

import math
from random import Random

import pytest
import torch

from searches.datasets.features import FeatureData
from searches.evaluators.registry import EVALUATORS
from searches.evaluators.settings import ZeroCostSettings
from searches.evaluators.zero_cost.evaluator import ZeroCostEvaluator, interval
from searches.evaluators.zero_cost.registry import PROXIES
from searches.spaces import registry
from searches.targets.features import FeatureTask
from searches.targets.mobile import MobileTask
from searches.targets.settings import FeatureSettings, MobileSettings
from searches.training.base import always

NEVER = float("inf")
SMALL = ZeroCostSettings(batch_size=8, initialisations=1)
QUICK = tuple(name for name in PROXIES if name != "zen")  # which looks 64 times
# Presets of every family that are small enough to be looked at within a test.
PRESETS = {
    "ofa_mobilenet_v3": "small",
    "ofa_resnet50": "small",
    "residual": "small",
    "proxyless": "small",
    "mlp": "features",
    "mlp_images": "8 pixels",
    "cells": "nas_bench_201_small",
}


def evaluator_of(task, *, wanted=tuple(PROXIES), settings=SMALL, seed=5):
    evaluator = ZeroCostEvaluator(task, settings, seed)
    evaluator.focus(wanted)
    return evaluator


def scores(evaluator, genes):
    candidate = evaluator.candidate(genes, seed=1)
    while not candidate.progress.done:
        candidate.advance(deadline=NEVER, tick=always)
    return candidate.quality("validation")


@pytest.fixture
def feature_data(tiny_data):
    rows = torch.randn(96, 5, generator=torch.Generator().manual_seed(0)).numpy()
    parts = {"train": slice(0, 64), "val": slice(64, 80), "test": slice(80, 96)}
    arrays = {f"x_{name}": rows[part] for name, part in parts.items()}
    arrays |= {name: getattr(tiny_data, name) for name in ("y_train", "y_val", "y_test")}
    return FeatureData(**arrays, classes=tiny_data.classes, columns=(*"abcde", "kind"))


def test_every_family_with_networks_is_in_the_table():
    networks = {n for n, card in registry.FAMILIES.items() if "networks" in card.provides}
    sharing = {n for n, card in registry.FAMILIES.items() if "weight sharing" in card.provides}
    assert PRESETS.keys() >= sharing | {n for n in networks if not n.startswith("sample")}


@pytest.mark.slow
@pytest.mark.parametrize("family", PRESETS)
def test_every_proxy_tells_something_of_the_networks_of_every_space(
    family, tiny_data, feature_data
):
    space = registry.load(registry.FAMILIES[family].presets[PRESETS[family]])
    if "data:features" in registry.FAMILIES[family].requires:
        task = FeatureTask(space, feature_data, FeatureSettings())
    else:
        task = MobileTask(space, tiny_data, MobileSettings())
    smallest = tuple(0 for _ in space.genes)
    largest = max((space.sample(Random(n)) for n in range(20)), key=sum)
    found = [scores(evaluator_of(task), genes) for genes in (smallest, largest)]
    for name in PROXIES:
        assert math.isfinite(found[1][name].value), name
        assert {one[name].provenance for one in found} == {"proxy"}
    assert found[0]["synflow"].value != found[1]["synflow"].value


def test_the_cost_of_the_space_is_what_the_baselines_count(tiny_task):
    genes = tiny_task.space.sample(Random(3))
    found = scores(evaluator_of(tiny_task, wanted=("more_macs", "more_parameters")), genes)
    from searches.runner.costing import Costing

    known = Costing(tiny_task.space, {}).measures([genes])[0]
    assert found["more_parameters"].value == known["parameters"].value
    assert found["more_macs"].value == known["macs"].value


def test_the_same_seed_gives_the_same_scores_and_another_one_others(tiny_task):
    genes = tiny_task.space.sample(Random(1))
    one, again = (scores(evaluator_of(tiny_task, wanted=QUICK), genes) for _ in range(2))
    assert one == again
    other = scores(evaluator_of(tiny_task, wanted=QUICK, seed=6), genes)
    changed = {name for name in QUICK if one[name].value != other[name].value}
    assert changed == {name for name in QUICK if not PROXIES[name].is_baseline}


@pytest.mark.slow
def test_zen_is_repeated_by_its_seed(tiny_task):
    genes = tiny_task.space.sample(Random(1))
    found = [
        scores(evaluator_of(tiny_task, wanted=["zen"], seed=seed), genes)["zen"].value
        for seed in (5, 5, 6)
    ]
    assert found[0] == found[1] != found[2]


def test_all_candidates_are_looked_at_with_the_same_samples_and_seeds(tiny_task):
    evaluator = evaluator_of(tiny_task, wanted=["naswot"])
    genes = tiny_task.space.sample(Random(1))
    first = evaluator.candidate(genes, seed=1)
    second = evaluator.candidate(genes, seed=99)
    for candidate in (first, second):
        candidate.advance(deadline=NEVER, tick=always)
    assert first.quality("validation") == second.quality("test")


def test_scores_do_not_depend_on_the_slices(tiny_task):
    settings = ZeroCostSettings(batch_size=8, initialisations=2)
    evaluator = evaluator_of(tiny_task, wanted=["synflow", "snip"], settings=settings)
    genes = tiny_task.space.sample(Random(2))
    candidate, steps = evaluator.candidate(genes, seed=0), 0
    while not candidate.progress.done:
        candidate.advance(deadline=0.0, tick=always)
        state, candidate = candidate.state(), evaluator.candidate(genes, seed=0)
        candidate.restore(state)
        steps += 1
    assert steps == 4
    assert candidate.quality("validation") == scores(evaluator, genes)


def test_only_what_is_asked_for_is_computed(tiny_task):
    evaluator = evaluator_of(tiny_task, wanted=["macs", "snip", "latency"])
    assert scores(evaluator, tiny_task.space.sample(Random(0))).keys() == {"snip"}


def test_the_interval_is_that_of_a_mean_of_few_values():
    low, high = interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 1.686, 2 + 1.686), abs=1e-3)  # 2.92 / sqrt(3)
    assert interval([1.0]) is None
    assert interval([1.0, math.nan]) is None


def test_the_card_lists_every_proxy_and_no_accuracy():
    names = [measure.name for measure in EVALUATORS["zero_cost"].qualities]
    assert names == list(PROXIES)
    assert "accuracy" not in names
