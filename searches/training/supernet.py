"""Training the shared weights: in each step one subnet, drawn uniformly, and one resolution.

Z. Guo et al., "Single Path One-Shot Neural Architecture Search with Uniform Sampling",
ECCV 2020 (1904.00420), section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from searches.networks.families import Index, SharedWeights, family_of
from searches.training.loop import Training
from searches.training.seeds import derived_seed, rng
from searches.training.settings import TrainingSettings
from searches.training.task import Task


class SupernetTraining(Training):
    """Uniform over the options of every gene, resolution included; not over architectures.

    So a depth of 2 is as frequent as one of 4, although far fewer architectures have it.
    """

    module: SharedWeights

    def __init__(self, task: Task, settings: TrainingSettings, *, seed: int):
        super().__init__(build_supernet(task, seed=seed), task, settings, seed=seed, resolution=0)

    def choose(self) -> tuple[int, Mapping[str, Index] | None]:
        genes = self.task.space.sample(rng(self.seed, "subnet", self.step))
        config = self.module.set_active(genes)
        return config["resolution"], self.module.regions()


def build_supernet(task: Task, *, seed: int) -> SharedWeights:
    """A fresh supernet whose weights depend on the seed; the global RNG is left as it was.

    Raises:
        TypeError: The family of the space has no networks, or none that share weights.
    """
    family = family_of(task.space)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "weights"))
        return family.supernet(task.space, mean=task.mean, std=task.std)
