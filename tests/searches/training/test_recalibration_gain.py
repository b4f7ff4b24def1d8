"""Networks taken out of a trained supernet are better with statistics of their own."""

from random import Random

import pytest

from searches.datasets.digits import digits
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training.base import always
from searches.training.recalibration import recalibrate
from searches.training.settings import ShrinkingTrainingSettings, SupernetTrainingSettings
from searches.training.shrinking import Shrinking
from searches.training.supernet import SupernetTraining

pytestmark = pytest.mark.slow

TRAININGS = {
    "supernet": (SupernetTraining, SupernetTrainingSettings(epochs=10)),
    "once for all": (
        Shrinking,
        ShrinkingTrainingSettings(epochs=4, kernel_epochs=2, depth_epochs=2, width_epochs=2),
    ),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_thirty_random_networks_are_better_on_average(name, tiny_space):
    """Each with and without; on the digits, after seconds of training."""
    task = MobileTask(tiny_space, digits(), MobileSettings())
    kind, settings = TRAININGS[name]
    training = kind(task, settings, seed=0)
    training.advance(deadline=float("inf"), tick=always)
    rng, gains = Random(0), []
    for _ in range(30):
        network = training.module.extract(task.space.sample(rng)).eval()
        side = network.config["resolution"]
        before = task.quality(network, "validation", resolution=side, provenance="supernet")
        recalibrate(network, task, resolution=side, n_images=1000)
        after = task.quality(network, "validation", resolution=side, provenance="supernet")
        gains.append(after["accuracy"].value - before["accuracy"].value)
    assert sum(gains) / len(gains) > 0
