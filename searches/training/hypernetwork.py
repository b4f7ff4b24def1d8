"""Training a network that predicts the weights of all networks of a space.

A. Brock et al., "SMASH: One-Shot Model Architecture Search through HyperNetworks", ICLR 2018
(1708.05344), algorithm 1: each batch draws an architecture anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from searches.networks.families import Index, configuration
from searches.networks.hypernetworks.base import Hypernetwork
from searches.spaces.base import Genes
from searches.training.adam import Adam
from searches.training.base import Progress, Tick
from searches.training.loop import Training
from searches.training.recalibration import recalibrate
from searches.training.sampling_rules import Uniform
from searches.training.seeds import derived_seed, rng
from searches.training.settings import HypernetworkTrainingSettings
from searches.training.task import Task

Z90 = 1.645  # two-sided 90 % of a normal distribution
CLIP = 5.0  # of the gradients' norm (Knyazev et al., 2021)


class HypernetworkTraining(Training):
    """A step moves the hypernetwork by the mean loss of networks with weights it has predicted."""

    module: Hypernetwork
    settings: HypernetworkTrainingSettings

    def __init__(
        self,
        make: Callable[[], Hypernetwork],
        task: Task,
        settings: HypernetworkTrainingSettings,
        *,
        seed: int,
    ):
        super().__init__(
            build_hypernetwork(make, seed=seed), task, settings, seed=seed, resolution=0
        )
        self.adam = Adam(
            self.module, momentum=settings.momentum, weight_decay=settings.weight_decay, clip=CLIP
        )
        self.optimiser.velocity = {}  # of the one that is not used
        self.rule = Uniform(task.space, seed, settings.networks)
        self.drawn: list[Genes] = []
        self.control: list[Row] = []

    def _advance_once(self, tick: Tick) -> None:
        """A step of training, or afterwards a network of the control."""
        if self.step < self.last:
            super()._advance_once(tick)
        else:
            self.control.append(self._controlled(len(self.control)))

    @property
    def progress(self) -> Progress:
        found, n = super().progress, self.settings.control_networks
        left = n - len(self.control)
        return replace(
            found, step=found.step + n - left, total=found.total + n, done=found.done and not left
        )

    def begin(self) -> int:
        self.drawn = self.rule.draw(self.step)
        resolution: int = self.module.set_active(self.drawn[0])["resolution"]
        return resolution

    def learn(self, inputs: Tensor, targets: Tensor) -> Sequence[Mapping[str, Index]]:
        for genes in self.drawn:
            self.module.set_active(genes)
            self.learn_labels(inputs, targets)
        return ()

    def backward(self, loss: Tensor) -> None:
        super().backward(loss / len(self.drawn))

    def move(self, paths: Sequence[Mapping[str, Index]]) -> None:
        self.adam.step(self._learning_rate(), self.step)

    def state(self) -> dict[str, Any]:
        found = super().state() | {"control": [list(row) for row in self.control]}
        if self.step >= self.total:
            return found
        moments = {"velocity": self.adam.velocity, "squares": self.adam.squares}
        copies = {key: {n: v.clone() for n, v in kept.items()} for key, kept in moments.items()}
        return found | {"velocity": {}, "moments": copies}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.control = [Row(*row) for row in state["control"]]
        for key, kept in state.get("moments", {}).items():
            for name, value in kept.items():
                getattr(self.adam, key)[name].copy_(value)

    @torch.no_grad()
    def _controlled(self, number: int) -> Row:
        space, n_images = self.task.space, self.settings.recalibration_images
        genes = space.canonical(space.sample(rng(self.seed, "control", number)))
        pair = [
            predicted(self.module, genes, self.task, n_images=n_images, shuffle=shuffle)
            for shuffle in (None, rng(self.seed, "shuffle", number))
        ]
        side = configuration(pair[0])["resolution"]
        losses = [self.task.mean_loss(net, "validation", resolution=side) for net in pair]
        return Row(losses[0], losses[1], _change(*pair))

    def report(self) -> dict[str, Any]:
        """The control, as far as it has been measured: see `summary`."""
        return {"control": summary(self.control)} if self.control else {}


def build_hypernetwork(make: Callable[[], Hypernetwork], *, seed: int) -> Hypernetwork:
    """A fresh one whose weights depend on the seed; the global RNG is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "weights"))
        return make()


def predicted(
    hypernetwork: Hypernetwork,
    genes: Genes,
    task: Task,
    *,
    n_images: int,
    shuffle: Random | None = None,
) -> nn.Module:
    """A plain network with predicted weights, and the statistics of training images."""
    network = hypernetwork.extract(genes, shuffle=shuffle)
    resolution = configuration(network)["resolution"]
    recalibrate(network, task, resolution=resolution, n_images=n_images)
    return network


class Row(NamedTuple):
    """A network of the control: validation losses, and the largest difference of a weight."""

    own: float
    shuffled: float
    change: float


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Random networks with weights predicted for them, and for another architecture.

    Whoever does not listen to the architecture predicts the same either way.

    Returns:
        JSON: how many networks; the mean validation loss of both; their mean difference with its
        standard error, positive where the own code is better; the share of networks for which
        it is; the largest change of a weight; whether the difference is more than chance.
    """
    own, shuffled, changes = np.array(rows).T  # [n]
    gain = shuffled - own
    error = float(gain.std(ddof=1) / len(gain) ** 0.5) if len(gain) > 1 else None
    return {
        "networks": len(rows),
        "loss": float(own.mean()),
        "loss_shuffled": float(shuffled.mean()),
        "gain": float(gain.mean()),
        "error": error,
        "is_heard": None if error is None else bool(gain.mean() > Z90 * error),
        "share_better": float((gain > 0).mean()),
        "largest_change": float(changes.max()),
    }


def _change(one: nn.Module, other: nn.Module) -> float:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)
