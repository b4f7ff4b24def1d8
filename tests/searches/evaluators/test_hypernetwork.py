"""Judging by predicted weights: trained once, resumed anywhere, with its control."""

import pytest
import torch

from searches.evaluators.hypernetwork import GeneratorEvaluator, GraphEvaluator
from searches.evaluators.prechecks import fits_in_memory
from searches.evaluators.settings import HypernetworkSettings
from searches.spaces.registry import FAMILIES, load
from searches.training import checkpoints
from searches.training.adam import Adam
from searches.training.base import always

NEVER = float("inf")
KINDS = {"generator": GeneratorEvaluator, "graph": GraphEvaluator}
QUICK = {"epochs": 2, "batch_size": 16, "hidden": 4, "networks": 2, "control_networks": 3}


def evaluator(kind, task, **settings):
    return KINDS[kind](task, HypernetworkSettings(**QUICK | settings), 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_training_cut_into_slices_is_bitwise_the_same(kind, tiny_task):
    judge = evaluator(kind, tiny_task)
    whole, cut, on = (judge.prepare() for _ in range(3))
    whole.advance(deadline=NEVER, tick=always)
    ticks = iter([True] * 3 + [False])
    assert not cut.advance(deadline=NEVER, tick=lambda: next(ticks)).done
    on.restore(checkpoints.loads(checkpoints.dumps(cut.state())))
    assert on.advance(deadline=NEVER, tick=always).done
    one, other = whole.state()["network"], on.state()["network"]
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.slow
def test_predicted_weights_do_without_training_and_the_control_is_measured(tiny_task):
    judge = evaluator("generator", tiny_task, epochs=12, networks=1)
    genes = (1,) * len(tiny_task.space.genes)

    def judged():
        candidate = judge.candidate(genes, seed=0)
        candidate.advance(deadline=NEVER, tick=always)
        return candidate.quality("test")

    before, training = judged(), judge.prepare()
    training.advance(deadline=NEVER, tick=always)
    judge.restore(training.state())
    after = judged()
    assert after["accuracy"].provenance == "predicted weights"
    assert after["cross_entropy"].value < before["cross_entropy"].value
    control = training.report()["control"]
    assert control["networks"] == 3
    assert control["gain"] == pytest.approx(control["loss_shuffled"] - control["loss"])
    assert control["largest_change"] > 0


def test_a_generator_for_too_many_weights_is_refused_with_what_fits():
    space = load(FAMILIES["ofa_mobilenet_v3"].presets["full"])
    (reason,) = fits_in_memory(space, HypernetworkSettings(), 1)["evaluator_settings.hidden"]
    assert "at most" in reason
    small = load(FAMILIES["ofa_mobilenet_v3"].presets["small"])
    assert fits_in_memory(small, HypernetworkSettings(), 1) == {}


def test_adam_moves_like_that_of_torch():
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)
    theirs.load_state_dict(ours.state_dict())
    adam = Adam(ours, momentum=0.9, weight_decay=0.0, clip=1e9)
    other = torch.optim.Adam(theirs.parameters(), lr=0.01)
    for step in range(5):
        inputs = torch.randn(8, 4)
        for network in (ours, theirs):
            network(inputs).square().mean().backward()
        adam.step(0.01, step)
        other.step()
        other.zero_grad()
    for one, two in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(one, two, atol=1e-6)
