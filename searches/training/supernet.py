"""Training the shared weights: in each step one resolution, and one subnet or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from searches.networks.families import Index, SharedWeights, family_of
from searches.spaces.base import Genes
from searches.training.loop import Training
from searches.training.sampling_rules import RULES
from searches.training.seeds import derived_seed
from searches.training.settings import SupernetTrainingSettings
from searches.training.task import Task


class SupernetTraining(Training):
    """Adds up the gradients of a step's subnets, then moves what any of them used.

    With a rule that distils, the first subnet learns from the labels, and the others from what it
    says of the same batch (J. Yu et al., "BigNAS: Scaling Up Neural Architecture Search with Big
    Single-Stage Models", ECCV 2020, section 3.1: in-place distillation).
    """

    module: SharedWeights
    settings: SupernetTrainingSettings

    def __init__(self, task: Task, settings: SupernetTrainingSettings, *, seed: int):
        super().__init__(build_supernet(task, seed=seed), task, settings, seed=seed, resolution=0)
        self.rule = RULES[settings.sampling](task.space, seed, settings.subnets)
        self.drawn: list[Genes] = []

    def begin(self) -> int:
        self.drawn = self.rule.draw(self.step)
        resolution: int = self.module.set_active(self.drawn[0])["resolution"]
        return resolution

    def learn(self, inputs: Tensor, targets: Tensor) -> Sequence[Mapping[str, Index]]:
        paths, teacher = [], None
        for genes in self.drawn:
            self.module.set_active(genes)
            if teacher is None:
                outputs = self.learn_labels(inputs, targets)
                teacher = outputs if self.rule.distils else None
            else:
                self.backward(self.task.distillation_loss(self.module(inputs), teacher))
            paths.append(self.module.regions())
        return paths


def build_supernet(task: Task, *, seed: int) -> SharedWeights:
    """A fresh supernet whose weights depend on the seed; the global RNG is left as it was.

    Raises:
        TypeError: The family of the space has no networks, or none that share weights.
    """
    family = family_of(task.space)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "weights"))
        return family.supernet(task.space, mean=task.mean, std=task.std)
