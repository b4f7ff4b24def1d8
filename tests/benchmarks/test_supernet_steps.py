"""How fast shared weights are trained, beside a loop written by hand for the same network."""

import statistics
import time
from random import Random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from searches.datasets.base import ImageData
from searches.networks.building import initialise
from searches.networks.mobilenet_v3 import MobileNetV3
from searches.spaces.registry import FAMILIES, load
from searches.targets.mobile import MobileTask, preprocess
from searches.targets.settings import MobileSettings
from searches.training.settings import SupernetTrainingSettings
from searches.training.supernet import SupernetTraining

pytestmark = pytest.mark.benchmark

BATCH, ROUNDS, STEPS = 64, 7, 4


@pytest.fixture(scope="module")
def task():
    """Noise of CIFAR-10's shape: what is in the images takes no time."""
    rng = np.random.default_rng(0)
    arrays = {}
    for name, n in (("train", 640), ("val", 64), ("test", 64)):
        arrays[f"x_{name}"] = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
        arrays[f"y_{name}"] = (np.arange(n) % 10).astype(np.int64)
    data = ImageData(**arrays, classes=tuple("0123456789"))
    space = load({"family": "ofa_mobilenet_v3", **FAMILIES["ofa_mobilenet_v3"].presets["small"]})
    return MobileTask(space, data, MobileSettings(augmentation="none"))


class Plain:
    """What anybody would write for one network: forward, backward, torch's own optimiser."""

    def __init__(self, task, config):
        torch.manual_seed(0)
        self.network = MobileNetV3(config)
        initialise(self.network)
        self.network.to(memory_format=torch.channels_last).train()
        self.images, self.labels = task.inputs["train"], task.labels["train"]
        self.side = config["resolution"]
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": 3e-4}, {"params": others}]
        self.optimiser = torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True)

    def step(self):
        chosen = torch.randint(len(self.images), (BATCH,))
        outputs = self.network(preprocess(self.images[chosen], self.side))
        loss = F.cross_entropy(outputs, self.labels[chosen], label_smoothing=0.1)
        loss.item()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


def seconds_of(step):
    """CPU time of some steps: other work on the machine counts little."""
    began = time.process_time()
    for _ in range(STEPS):
        step()
    return (time.process_time() - began) / STEPS


@pytest.mark.parametrize("which", ["largest", "random", "smallest"])
def test_a_step_of_a_supernet_takes_as_long_as_a_plain_one(task, which, capsys):
    torch.set_num_threads(1)
    training = SupernetTraining(task, SupernetTrainingSettings(batch_size=BATCH), seed=0)
    genes = {
        "largest": tuple(len(g.options) - 1 for g in task.space.genes),
        "random": task.space.sample(Random(1)),
        "smallest": tuple(0 for _ in task.space.genes),
    }[which]
    training.rule.draw = lambda step: [task.space.canonical(genes)]
    plain = Plain(task, training.module.set_active(genes))
    training.module.train()
    pairs = []
    for _ in range(ROUNDS + 1):  # in turns: what slows the machine down slows both
        pairs.append((seconds_of(training._train_batch), seconds_of(plain.step)))
    ours, theirs = (statistics.median(column) for column in zip(*pairs[1:], strict=True))
    with capsys.disabled():
        print(f"\n{which}: {1e3 * ours:.1f} ms of CPU a step, plain {1e3 * theirs:.1f} ms")
    assert ours <= 1.1 * theirs
