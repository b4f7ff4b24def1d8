"""Every evaluator that trains keeps the contract; each of the two does what it says."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from searches.evaluators.full import FullEvaluator
from searches.evaluators.registry import EVALUATORS
from searches.evaluators.settings import FullSettings, SupernetSettings
from searches.evaluators.supernet import SupernetEvaluator
from searches.objectives import settings as schemas
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training import checkpoints
from searches.training.base import always

NEVER = float("inf")
TRAINING = sorted(
    name
    for name, card in EVALUATORS.items()
    if "tabular" not in card.requires and not getattr(card, "qualities", ())
)
QUICK = {"epochs": 3, "batch_size": 16, "learning_rate": 0.05, "warmup_epochs": 1}
SMALLER = {"founder_epochs": 3, "control_networks": 2, "hidden": 4}


def prepared(name, task, *, seed=5, **changes):
    card = EVALUATORS[name]
    known = {field.name for field in fields(card.settings_class())}
    quick = QUICK | {name: value for name, value in SMALLER.items() if name in known}
    settings = schemas.build(card.settings_class(), {**quick, **changes})
    assert known >= QUICK.keys()
    evaluator = card.load()(task, settings, seed)
    training = evaluator.prepare()
    if training is not None:
        training.advance(deadline=NEVER, tick=always)
        evaluator.restore(checkpoints.loads(checkpoints.dumps(training.state())))
    return evaluator


def judged(evaluator, genes, *, seed=1):
    candidate = evaluator.candidate(genes, seed=seed)
    assert candidate.advance(deadline=NEVER, tick=always).done
    return candidate


# They train for seconds before they judge anything.
LONG = {"once_for_all", "hypernetwork", "graph_hypernetwork"}


@pytest.fixture(
    params=[pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in TRAINING]
)
def evaluator(request, tiny_task):
    return prepared(request.param, tiny_task)


def test_presets_are_settings_of_the_evaluator():
    for card in map(EVALUATORS.__getitem__, TRAINING):
        assert {"demo", "standard"} <= card.presets.keys()
        for preset in card.presets.values():
            schemas.build(card.settings_class(), preset)


def test_quality_is_measured_on_the_asked_split(evaluator, tiny_task):
    candidate = judged(evaluator, (0,) * len(tiny_task.space.genes))
    for split in ("validation", "test"):
        quality = candidate.quality(split)
        assert quality.keys() == {"accuracy", "cross_entropy"}
        assert all((value.split, value.n) == (split, 16) for value in quality.values())


def test_network_is_the_one_that_was_judged(evaluator, tiny_task):
    candidate = judged(evaluator, (0,) * len(tiny_task.space.genes))
    network = candidate.network()
    assert not network.training
    again = tiny_task.quality(network, "test", resolution=8, provenance="supernet")
    assert again["accuracy"].value == candidate.quality("test")["accuracy"].value


def test_the_same_seed_judges_the_same(evaluator, tiny_task):
    genes = (1,) * len(tiny_task.space.genes)
    one, other = (judged(evaluator, genes).quality("validation") for _ in range(2))
    assert one == other


def test_state_of_a_judged_candidate_brings_it_back(evaluator, tiny_task):
    genes = (0,) * len(tiny_task.space.genes)
    candidate = judged(evaluator, genes)
    back = evaluator.candidate(genes, seed=1)
    back.restore(checkpoints.loads(checkpoints.dumps(candidate.state())))
    assert back.progress.done
    assert back.quality("test") == candidate.quality("test")


def test_supernet_scores_are_labelled_as_such(tiny_task):
    candidate = judged(prepared("supernet", tiny_task), (0,) * len(tiny_task.space.genes))
    assert candidate.quality("validation")["accuracy"].provenance == "supernet"


def test_unwanted_candidate_of_a_supernet_stops_and_can_go_on(tiny_task):
    evaluator = prepared("supernet", tiny_task)
    genes = (0,) * len(tiny_task.space.genes)
    candidate = evaluator.candidate(genes, seed=1)
    assert not candidate.advance(deadline=NEVER, tick=lambda: False).done
    assert candidate.advance(deadline=NEVER, tick=always).done
    assert candidate.quality("test") == judged(evaluator, genes).quality("test")


def test_long_judging_shows_that_it_moves(evaluator, tiny_task):
    candidate = judged(evaluator, (0,) * len(tiny_task.space.genes))
    ticks = []
    candidate.quality("test", tick=lambda: ticks.append(1) or True)
    assert ticks


def test_candidates_of_a_supernet_do_not_disturb_each_other(tiny_task):
    evaluator = prepared("supernet", tiny_task)
    small, large = ((end,) * len(tiny_task.space.genes) for end in (0, 1))
    first = judged(evaluator, small)
    expected = first.quality("validation")
    judged(evaluator, large)
    assert first.quality("validation") == expected
    assert judged(evaluator, small).quality("validation") == expected


def test_recalibration_lifts_the_scores_of_shared_weights(tiny_task):
    evaluator = prepared("supernet", tiny_task, epochs=12)
    gains = []
    for genes in ((0,) * len(tiny_task.space.genes), (1,) * len(tiny_task.space.genes)):
        candidate = evaluator.candidate(genes, seed=0)
        before = candidate.quality("train")["cross_entropy"].value
        candidate.advance(deadline=NEVER, tick=always)
        gains.append(before - candidate.quality("train")["cross_entropy"].value)
    assert sum(gains) > 0


def test_full_training_cut_into_slices_is_bitwise_the_same(tiny_task):
    evaluator = FullEvaluator(tiny_task, FullSettings(**QUICK), 0)
    genes = (1,) * len(tiny_task.space.genes)
    whole = judged(evaluator, genes)
    ticks = iter([True] * 6 + [False])
    cut = evaluator.candidate(genes, seed=1)
    assert not cut.advance(deadline=NEVER, tick=lambda: next(ticks)).done
    resumed = evaluator.candidate(genes, seed=1)
    resumed.restore(checkpoints.loads(checkpoints.dumps(cut.state())))
    assert resumed.advance(deadline=NEVER, tick=always).done
    expected = whole.network().state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in resumed.network().state_dict().items())


def test_what_ended_early_is_stored_with_all_that_a_higher_fidelity_needs(tiny_task):
    evaluator = FullEvaluator(tiny_task, FullSettings(**QUICK), 0)
    genes = (1,) * len(tiny_task.space.genes)
    early = evaluator.candidate(genes, seed=1, fidelity="epochs=1")
    assert early.advance(deadline=NEVER, tick=always).done
    higher = evaluator.candidate(genes, seed=1)
    higher.restore(checkpoints.loads(checkpoints.dumps(early.state())))
    assert higher.advance(deadline=NEVER, tick=always).done
    expected = judged(evaluator, genes).network().state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in higher.network().state_dict().items())


def test_full_training_is_labelled_as_such_and_learns(tiny_task):
    candidate = judged(prepared("full", tiny_task, epochs=8), (1,) * len(tiny_task.space.genes))
    quality = candidate.quality("test")["accuracy"]
    assert quality.provenance == "fully trained"
    assert quality.value >= 0.9


def test_another_seed_starts_from_other_weights(tiny_task):
    evaluator = FullEvaluator(tiny_task, FullSettings(**QUICK), 0)
    genes = (0,) * len(tiny_task.space.genes)
    one, other = (evaluator.candidate(genes, seed=seed).network() for seed in (1, 2))
    assert not torch.equal(one.mix.weight, other.mix.weight)


def test_shuffled_labels_leave_it_at_chance(tiny_space, tiny_data):
    """Nothing of the held-out images leaks into training: without a pattern it only guesses."""
    rng = np.random.default_rng(0)
    x_test, y_test = np.tile(tiny_data.x_test, (8, 1, 1, 1)), rng.integers(0, 3, 128)
    shuffled = replace(
        tiny_data, y_train=rng.permutation(tiny_data.y_train), x_test=x_test, y_test=y_test
    )
    task = MobileTask(tiny_space, shuffled, MobileSettings())
    candidate = judged(prepared("full", task, epochs=8), (0,) * len(tiny_space.genes))
    assert abs(candidate.quality("test")["accuracy"].value - 1 / 3) < 0.15


def test_supernet_restores_into_a_fresh_evaluator(tiny_task):
    trained = prepared("supernet", tiny_task)
    fresh = SupernetEvaluator(tiny_task, SupernetSettings(**QUICK), 5)
    fresh.restore({"network": trained.supernet.state_dict()})
    genes = (0,) * len(tiny_task.space.genes)
    assert judged(fresh, genes).quality("test") == judged(trained, genes).quality("test")
