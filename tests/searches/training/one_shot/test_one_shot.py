"""What holds for every one-shot strategy."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from searches.objectives.cards import load_object
from searches.objectives.settings import build
from searches.strategies.registry import STRATEGIES, StrategyCard

CARDS = [c for c in STRATEGIES.values() if isinstance(c, StrategyCard) and c.trainable]
NAMES = [card.name for card in CARDS]
VARIANTS = [*((name, {}) for name in NAMES), ("darts", {"order": "second"})]
IDS = [*NAMES, "darts second order"]


def make(name, task, costs=(), seed=3, **settings):
    card = STRATEGIES[name]
    quick = {"epochs": 4, "warmup_epochs": 1, "batch_size": 16, "choice_rate": 0.05}
    known = {"most_skips": 100} if name == "darts" else {}
    chosen = build(card.settings_class(), quick | known | settings)
    return load_object(card.trainable)(task, chosen, seed, costs=costs)


def run(trainable, *, steps=None):
    left = [steps if steps is not None else math.inf]

    def tick():
        left[0] -= 1
        return left[0] > 0

    return trainable.advance(deadline=time.monotonic() + 60, tick=tick)


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


@pytest.fixture(params=VARIANTS, ids=IDS)
def variant(request):
    return request.param


@pytest.mark.slow
def test_training_cut_in_the_middle_goes_on_as_if_it_had_not_been(variant, task, macs):
    name, settings = variant
    whole, cut = (make(name, task, [macs], **settings) for _ in range(2))
    run(whole)
    run(cut, steps=3)
    resumed = make(name, task, [macs], seed=3, **settings)
    resumed.restore(cut.state())
    progress = run(resumed)
    assert progress.done
    assert progress.step == whole.progress.step
    assert same(resumed.state(), whole.state())
    assert resumed.derive(6) == whole.derive(6)


def test_the_same_seed_gives_the_same_choices(variant, task, macs):
    name, settings = variant
    first, second, other = (make(name, task, [macs], seed=s, **settings) for s in (1, 1, 2))
    for trainable in (first, second, other):
        run(trainable, steps=4)
    assert same(first.alphas, second.alphas)
    assert not same(first.alphas, other.alphas)


def test_weights_alone_move_while_it_warms_up(variant, task):
    name, settings = variant
    trainable = make(name, task, warmup_epochs=4, **settings)
    before = [alpha.detach().clone() for alpha in trainable.alphas]
    stem = trainable.network.stem.weight.detach().clone()
    run(trainable)
    assert same(before, [alpha.detach() for alpha in trainable.alphas])
    assert not torch.equal(stem, trainable.network.stem.weight)


def test_samples_of_the_choices_are_not_those_of_the_weights(variant, task):
    name, settings = variant
    trainable = make(name, task, choice_share=0.25, **settings)
    weights, choices = (set(trainable.parts[p].tolist()) for p in ("weights", "choices"))
    assert len(choices) == 16
    assert not weights & choices
    assert weights | choices == set(range(64))


@pytest.mark.slow
def test_a_great_weight_of_the_cost_leads_to_cheap_networks(variant, task, macs):
    name, settings = variant
    heavy = 200.0 if name != "fbnet" else 2.0  # a factor near 0 stops all learning
    trainable = make(name, task, [macs], cost_weight=heavy, warmup_epochs=0, epochs=15, **settings)
    before = trainable.costs[0].normalised(trainable.probabilities()).item()
    run(trainable)
    after = trainable.costs[0].normalised(trainable.probabilities()).item()
    assert before > 0.3
    assert after < 0.7 * before
    assert 0 not in trainable.decoded()  # the 3x3 convolution is the dear one


def test_derived_architectures_differ_and_begin_with_the_preferred_one(variant, task, macs):
    name, settings = variant
    trainable = make(name, task, [macs], **settings)
    run(trainable, steps=6)
    derived = trainable.derive(9)
    assert derived[0] == trainable.decoded()
    assert len(set(derived)) == len(derived)
    assert set(derived) <= set(task.space.enumerate())
    assert {(0, 0), (2, 2)} <= set(derived)  # the dearest and the cheapest, by the trade-offs
    assert len(trainable.derive(3)) == 3


def test_a_limit_steers_what_is_derived_and_not_what_is_learnt(variant, task, macs):
    name, settings = variant
    limit = 0.06 * macs.reference  # two 1x1 convolutions are 0.11 of it, a skip is nothing
    limited = replace(macs, is_objective=False, cheapest=(2, 2))

    def violations(population):
        values = np.append(macs.values, 0.0)
        return np.array([max(0.0, values[list(genes)].sum() - limit) for genes in population])

    free, trainable = (make(name, task, costs, **settings) for costs in ([], [limited]))
    for each in (free, trainable):
        run(each, steps=3)
        each.set_alphas([torch.tensor([3.0, 0.0, -3.0])] * 2)
    assert same(free.state()["network"], trainable.state()["network"])
    assert "expected macs" not in trainable.progress.figures
    derived = trainable.derive(8, violations)
    assert derived[0] == (0, 0)  # the preferred one, though it is outside
    assert set(derived[1:]) == {(1, 2), (2, 1), (2, 2)}  # all there are within
    assert trainable.derive(1, violations) == [(0, 0)]
    assert (2, 2) in trainable.derive(2, violations)  # however short the list


def test_the_report_names_choices_and_their_probabilities(variant, task):
    name, settings = variant
    trainable = make(name, task, **settings)
    run(trainable, steps=4)
    report = trainable.report()
    assert [choice["name"] for choice in report["choices"]] == ["first", "second"]
    for choice in report["choices"]:
        assert choice["options"] == ["conv3", "conv1", "skip_connect"]
        assert sum(choice["weights"]) == pytest.approx(1)
    figures = trainable.progress.figures
    assert 0 < figures["entropy"] <= 1
    assert {"loss", "choice_loss", "skips", "epoch"} <= figures.keys()
