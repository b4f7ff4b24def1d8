"""Training the shared weights: cut anywhere it is the same, and it learns."""

import time
from dataclasses import replace

import pytest
import torch

from searches.training import checkpoints
from searches.training.base import DivergedTraining
from searches.training.recalibration import recalibrate
from searches.training.sampling_rules import RULES
from searches.training.settings import SupernetTrainingSettings
from searches.training.supernet import SupernetTraining

SETTINGS = SupernetTrainingSettings(epochs=4, batch_size=16, learning_rate=0.05, warmup_epochs=1)
NEVER = float("inf")


def steps(n):
    """A tick that ends the slice after n steps."""
    left = iter(range(n - 1, -1, -1))
    return lambda: next(left) > 0


def states_are_equal(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, dict):
            states_are_equal(value, other[name])
        elif isinstance(value, torch.Tensor):
            assert torch.equal(value, other[name]), name
        else:
            assert value == other[name], name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "cut", "total"),
    [
        ({}, 7, 16),  # in the middle of an epoch
        ({"sampling": "fair", "epochs": 1}, 2, 4),
        ({"sampling": "sandwich", "subnets": 3, "epochs": 1}, 2, 4),
    ],
    ids=RULES,
)
def test_two_halves_with_a_checkpoint_between_are_bitwise_one_whole(
    tiny_task, changes, cut, total
):
    settings = replace(SETTINGS, **changes)
    whole = SupernetTraining(tiny_task, settings, seed=3)
    whole.advance(deadline=NEVER, tick=lambda: True)
    first = SupernetTraining(tiny_task, settings, seed=3)
    first.advance(deadline=NEVER, tick=steps(cut))
    second = SupernetTraining(tiny_task, settings, seed=3)
    second.restore(checkpoints.loads(checkpoints.dumps(first.state())))
    torch.rand(5)  # other work in the same process draws from the global generator
    progress = second.advance(deadline=NEVER, tick=lambda: True)
    assert (progress.step, progress.done) == (total, True)
    states_are_equal(second.state(), whole.state())


def test_training_leaves_the_global_generator_alone(tiny_task):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    SupernetTraining(tiny_task, SETTINGS, seed=3).advance(deadline=NEVER, tick=steps(2))
    assert torch.equal(torch.rand(1), expected)


def test_another_seed_trains_otherwise(tiny_task):
    states = []
    for seed in (1, 2):
        training = SupernetTraining(tiny_task, SETTINGS, seed=seed)
        training.advance(deadline=NEVER, tick=steps(1))
        states.append(training.state()["network"]["mix.weight"])
    assert not torch.equal(*states)


def test_slice_ends_at_the_deadline_after_at_least_one_step(tiny_task):
    training = SupernetTraining(tiny_task, SETTINGS, seed=3)
    progress = training.advance(deadline=time.monotonic() - 1, tick=lambda: True)
    assert (progress.step, progress.total, progress.done) == (1, 16, False)


def test_slice_ends_when_the_run_is_no_longer_wanted(tiny_task):
    training = SupernetTraining(tiny_task, SETTINGS, seed=3)
    assert training.advance(deadline=NEVER, tick=steps(3)).step == 3


def test_finished_training_has_nothing_left_to_do(tiny_task):
    training = SupernetTraining(tiny_task, replace(SETTINGS, epochs=1), seed=3)
    assert training.advance(deadline=NEVER, tick=lambda: True).done
    before = training.state()
    assert training.advance(deadline=NEVER, tick=lambda: True).step == 4
    states_are_equal(training.state(), before)


def test_momentum_is_stored_only_while_something_is_to_be_moved(tiny_task):
    training = SupernetTraining(tiny_task, replace(SETTINGS, epochs=1), seed=3)
    training.advance(deadline=NEVER, tick=steps(3))
    half_way = training.state()
    assert half_way["velocity"].keys() == dict(training.module.named_parameters()).keys()
    training.advance(deadline=NEVER, tick=lambda: True)
    done = training.state()
    assert done["velocity"] == {}
    assert len(checkpoints.dumps(done)) < 0.7 * len(checkpoints.dumps(half_way))
    again = SupernetTraining(tiny_task, replace(SETTINGS, epochs=1), seed=3)
    again.restore(checkpoints.loads(checkpoints.dumps(done)))
    assert again.progress.done
    states_are_equal(again.state(), done)


def test_progress_can_be_read_while_it_trains(tiny_task):
    training = SupernetTraining(tiny_task, replace(SETTINGS, epochs=1), seed=3)
    seen = []

    def tick():
        seen.append(training.progress)
        return True

    training.advance(deadline=NEVER, tick=tick)
    assert [progress.step for progress in seen] == [1, 2, 3, 4]
    assert seen[0].figures.keys() == {"loss", "accuracy", "epoch", "learning_rate"}


def test_learning_rate_rises_then_falls_to_nothing(tiny_task):
    training = SupernetTraining(tiny_task, SETTINGS, seed=3)
    rates = []
    for step in range(17):
        training.step = step
        rates.append(training.progress.figures["learning_rate"])
    assert rates[4] == SETTINGS.learning_rate == max(rates)
    assert rates[:5] == sorted(rates[:5])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[15] < 0.02 * SETTINGS.learning_rate
    assert rates[16] == pytest.approx(0)


def test_every_epoch_uses_each_sample_once(tiny_task):
    training = SupernetTraining(tiny_task, SETTINGS, seed=3)
    epochs = []
    for epoch in range(2):
        seen = []
        for step in range(4):
            training.step = 4 * epoch + step
            seen += training._indices().tolist()
        epochs.append(seen)
        assert sorted(seen) == list(range(64))
    assert epochs[0] != epochs[1]


def test_loss_that_is_not_finite_stops_the_training(tiny_task):
    training = SupernetTraining(tiny_task, replace(SETTINGS, learning_rate=1e30), seed=3)
    with pytest.raises(DivergedTraining, match="step"):
        training.advance(deadline=NEVER, tick=lambda: True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampling", "epochs"),
    [
        ("uniform", 12),
        pytest.param("fair", 8, marks=pytest.mark.slow),
        pytest.param("sandwich", 8, marks=pytest.mark.slow),
    ],
)
def test_small_and_large_subnets_learn(tiny_task, sampling, epochs):
    settings = replace(SETTINGS, epochs=epochs, sampling=sampling)
    training = SupernetTraining(tiny_task, settings, seed=0)
    training.advance(deadline=NEVER, tick=lambda: True)
    space = tiny_task.space
    for genes in (tuple(0 for _ in space.genes), tuple(len(g.options) - 1 for g in space.genes)):
        network = training.module.extract(genes)
        resolution = network.config["resolution"]
        recalibrate(network, tiny_task, resolution=resolution)
        quality = tiny_task.quality(network, "test", resolution=resolution, provenance="supernet")
        assert quality["accuracy"].value >= 0.8


def gradients(training):
    found = {n: p.grad for n, p in training.module.named_parameters() if p.grad is not None}
    return {name: gradient.clone() for name, gradient in found.items()}


def test_only_the_largest_of_a_sandwich_sees_labels(tiny_task):
    """With wrong labels for all but the first pass, the gradients would differ."""
    training = SupernetTraining(tiny_task, replace(SETTINGS, sampling="sandwich"), seed=3)
    inputs, targets = tiny_task.batch("train", torch.arange(16), training.begin())
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        loss = tiny_task.loss
        patch.setattr(tiny_task, "loss", lambda *a, **b: asked.append(1) or loss(*a, **b))
        paths = training.learn(inputs, targets)
    assert (len(asked), len(paths)) == (1, 4)


def test_distilling_is_to_approach_the_teachers_probabilities(tiny_task):
    """Its gradient is that of the divergence, and nothing pulls once both agree."""
    outputs = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(4, 3, dtype=torch.float64)
    tiny_task.distillation_loss(outputs, teacher).backward()
    expected = (outputs.detach().softmax(1) - teacher.softmax(1)) / 4
    torch.testing.assert_close(outputs.grad, expected)


def test_gradients_of_the_subnets_of_a_step_add_up(tiny_task):
    training = SupernetTraining(tiny_task, replace(SETTINGS, subnets=2), seed=3)
    inputs, targets = tiny_task.batch("train", torch.arange(16), training.begin())
    training.learn(inputs, targets)
    together = gradients(training)
    apart = []
    for genes in training.drawn:
        training.module.zero_grad()
        training.module.set_active(genes)
        training.learn_labels(inputs, targets)
        apart.append(gradients(training))
    for name, gradient in together.items():
        parts = [part[name] for part in apart if name in part]
        torch.testing.assert_close(gradient, sum(parts), rtol=1e-3, atol=1e-5)
