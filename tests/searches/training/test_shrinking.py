"""Progressive shrinking: phases in order, the same wherever it is cut, and smaller ones learn."""

from dataclasses import replace

import pytest
import torch

from searches.spaces.registry import FAMILIES, load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training import checkpoints
from searches.training.base import always
from searches.training.settings import ShrinkingTrainingSettings
from searches.training.shrinking import Shrinking
from tests.searches.training.test_supernet import states_are_equal

NEVER = float("inf")
SETTINGS = ShrinkingTrainingSettings(
    epochs=1,
    kernel_epochs=1,
    depth_epochs=1,
    width_epochs=1,
    batch_size=32,  # two steps per epoch
    learning_rate=0.05,
    warmup_epochs=0,
)
PHASES = ["largest", "kernel", "depth", "width"]
CORNERS = ["largest", "smallest kernel", "smallest depth", "smallest width", "smallest"]
WORK = len(PHASES) * (2 + len(CORNERS))  # units: two batches and all corners per phase


@pytest.fixture(scope="module")
def task(tiny_space, tiny_data):
    """At one small resolution, so that a step takes milliseconds."""
    space = load({**tiny_space.to_json(), "resolutions": [8]})
    return MobileTask(space, tiny_data, MobileSettings())


@pytest.fixture
def training(task):
    return begun(task)


def begun(task, settings=SETTINGS):
    return Shrinking(task, settings, seed=3, recalibration_images=32)


def done(training):
    """Units of work: batches and looks at corners."""
    return training.step + sum(map(len, training.watched))


def advance(training, units):
    """So many units of work, then the slice ends."""
    target = done(training) + units
    training.advance(deadline=NEVER, tick=lambda: done(training) < target)
    assert done(training) == target


def weights(training):
    return {name: value.clone() for name, value in training.module.state_dict().items()}


def resumed(training, task, settings=SETTINGS):
    """A fresh one that goes on from what would lie on the disk."""
    found = begun(task, settings)
    found.restore(checkpoints.loads(checkpoints.dumps(training.state())))
    return found


@pytest.fixture(scope="module")
def whole(task):
    """Trained in one go, and what was seen of it on the way."""
    training, seen = begun(task), []
    while not training.progress.done:
        advance(training, 1)
        seen.append(training.progress)
    return training, seen


@pytest.mark.slow
def test_every_cut_leads_to_the_same_weights(whole, task):
    """Between steps, between looks at corners, and where a phase begins."""
    cut = begun(task)
    for n_ticks in (1, 4, 3, 9):
        advance(cut, n_ticks)
        torch.rand(3)  # other work in the same process draws from the global generator
        cut = resumed(cut, task)
    assert cut.advance(deadline=NEVER, tick=always).done
    states_are_equal(cut.state(), {**whole[0].state(), "watched": cut.state()["watched"]})
    assert cut.report() == whole[0].report()


def test_phases_come_in_order_and_end_with_all_corners(whole):
    training, seen = whole
    assert len(seen) == WORK
    names = list(dict.fromkeys(progress.phase for progress in seen))
    assert names == [f"{name}, phase {i} of 4" for i, name in enumerate(PHASES, start=1)]
    assert [progress.done for progress in seen] == [False] * (WORK - 1) + [True]
    assert (seen[-1].step, seen[-1].total) == (8, 8)
    rows = training.report()["phases"]
    assert [row["name"] for row in rows] == PHASES
    assert [list(row["corners"]) for row in rows] == [CORNERS] * 4
    assert [(row["first_step"], row["last_step"]) for row in rows] == [
        (0, 2),
        (2, 4),
        (4, 6),
        (6, 8),
    ]


@pytest.mark.slow
def test_slice_whose_lease_is_lost_in_a_look_sees_the_corner_again(training, task):
    advance(training, 2)
    training.advance(deadline=NEVER, tick=lambda: False)
    assert training.report()["phases"][0]["corners"] == {}
    again = resumed(training, task)
    advance(again, 1)
    again.advance(deadline=NEVER, tick=always)
    assert again.report()["phases"][0]["corners"].keys() == set(CORNERS)


def test_only_the_largest_network_is_trained_in_the_first_phase(training):
    advance(training, 1)
    largest = training.corners["largest"]
    assert {genes[1:] for genes in training.drawn} == {largest[1:]}
    transforms = [p for n, p in training.module.named_parameters() if ".transforms." in n]
    for transform in transforms:
        side = transform.shape[-1]
        assert torch.equal(transform.flatten(0, 1), torch.eye(side))


def test_kernel_matrices_learn_in_their_phase(whole):
    transforms = [p for n, p in whole[0].module.named_parameters() if ".transforms." in n]
    assert transforms
    for transform in transforms:
        assert not torch.equal(transform.flatten(0, 1), torch.eye(transform.shape[-1]))


def test_teacher_is_the_largest_network_after_the_first_phase(training, task):
    advance(training, 2 + len(CORNERS))
    images, _ = task.batch("train", torch.arange(8), 8)
    training.module.set_active(training.corners["largest"])
    with torch.no_grad():
        expected = training.module.train()(images)
    advance(training, 1)
    torch.testing.assert_close(training._lesson(images), expected)
    assert torch.equal(training._lesson(images), resumed(training, task)._lesson(images))


def test_teaching_changes_the_course(task):
    taught, alone = (begun(task, replace(SETTINGS, distillation=weight)) for weight in (1.0, 0.0))
    for training in (taught, alone):
        advance(training, 2)
    states_are_equal(weights(taught), weights(alone))
    for training in (taught, alone):
        advance(training, 8)
    assert not torch.equal(taught.module.mix.weight, alone.module.mix.weight)


def test_momentum_does_not_outlive_a_phase(training):
    advance(training, 2 + len(CORNERS))
    assert any(velocity.any() for velocity in training.optimiser.velocity.values())
    training._enter(training.phases[1])
    assert not any(velocity.any() for velocity in training.optimiser.velocity.values())


@pytest.mark.slow
def test_channels_are_sorted_once_when_widths_join(training, monkeypatch):
    calls = []
    sort = training.module.sort_channels
    monkeypatch.setattr(
        training.module, "sort_channels", lambda kept: calls.append(training.step) or sort(kept)
    )
    training.advance(deadline=NEVER, tick=always)
    assert calls == [6]


def test_finished_training_keeps_neither_momentum_nor_teacher(whole, task):
    state = whole[0].state()
    assert (state["velocity"], state["teacher"]) == ({}, {})
    assert resumed(whole[0], task).progress.done


def test_learning_rate_falls_to_nothing_within_each_phase(training):
    for number, phase in enumerate(training.phases):
        training.entered = number + 1
        training.step = training.starts[number]
        assert training._learning_rate() == pytest.approx(phase.learning_rate)
        training.step = training.starts[number + 1]
        assert training._learning_rate() == pytest.approx(0)


def test_space_whose_networks_are_no_parts_of_each_other_is_refused(tiny_data):
    space = load({"family": "proxyless", **FAMILIES["proxyless"].presets["small"]})
    task = MobileTask(space, tiny_data, MobileSettings())
    with pytest.raises(TypeError, match="no parts"):
        Shrinking(task, SETTINGS, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ofa_mobilenet_v3", "ofa_resnet50", "residual"])
def test_smaller_networks_learn_when_they_join(family, tiny_data, tiny_space):
    """On a task of bright bars all of them end far above chance, which is a third."""
    definition = tiny_space.to_json()
    if family != "ofa_mobilenet_v3":
        preset = {"family": family, **FAMILIES[family].presets["small"]}
        definition = {**preset, "resolutions": [8, 12], "stages": preset["stages"][:2]}
    task = MobileTask(load(definition), tiny_data, MobileSettings())
    longer = replace(
        SETTINGS, epochs=12, kernel_epochs=6, depth_epochs=6, width_epochs=6, batch_size=16
    )
    training = Shrinking(task, longer, seed=0)
    training.advance(deadline=NEVER, tick=always)
    first, *_, last = [row["corners"] for row in training.report()["phases"]]
    assert last["smallest"]["accuracy"] >= 0.8
    assert last["largest"]["accuracy"] >= 0.8
    assert last["smallest"]["cross_entropy"] < first["smallest"]["cross_entropy"]
