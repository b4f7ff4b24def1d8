"""The one loop that trains: cut into slices anywhere, the same bit for bit."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from searches.networks.families import Index
from searches.training.base import DivergedTraining, Progress, Tick, Trainable
from searches.training.seeds import generator
from searches.training.settings import TrainingSettings
from searches.training.sgd import SlicedSGD
from searches.training.task import Task

MEMORY = 0.98  # of the moving averages that are shown: about the last 50 batches


class Training(Trainable):
    """Trains a network on a task with a fixed recipe; a step is a batch.

    All random numbers of a step come from the seed and the number of the step.
    """

    def __init__(
        self,
        module: nn.Module,
        task: Task,
        settings: TrainingSettings,
        *,
        seed: int,
        resolution: int,
    ):
        self.module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.task = task
        self.settings = settings
        self.seed = seed
        self.resolution = resolution
        self.step = 0
        self.figures: dict[str, float] = {}
        self.optimiser = SlicedSGD(
            module, momentum=settings.momentum, weight_decay=settings.weight_decay
        )
        self.batch_size = min(settings.batch_size, task.size("train"))
        self.steps_per_epoch = task.size("train") // self.batch_size
        self.total = settings.epochs * self.steps_per_epoch  # of the learning rate's schedule
        self.last = self.total  # where this training ends
        self._epoch: tuple[int, Tensor] = (-1, torch.empty(0, dtype=torch.long))

    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        while not self.progress.done:
            self._advance_once(tick)
            if not tick() or time.monotonic() >= deadline:
                break
        return self.progress

    @property
    def progress(self) -> Progress:
        figures = {
            **self.figures,
            "epoch": self.step / self.steps_per_epoch,
            "learning_rate": self._learning_rate(),
        }
        return Progress(self.step, self.last, self.step >= self.last, figures)

    def state(self) -> dict[str, Any]:
        """Without the momentum once the whole schedule is done: nothing goes on from there."""
        velocity = self.optimiser.velocity if self.step < self.total else {}
        return {
            "step": self.step,
            "network": cloned(self.module),
            "velocity": {name: value.clone() for name, value in velocity.items()},
            "figures": dict(self.figures),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.module.load_state_dict(state["network"])
        for name, value in state["velocity"].items():
            self.optimiser.velocity[name].copy_(value)
        self.figures = dict(state["figures"])

    def begin(self) -> int:
        """Resolution of the coming step's batch; called once before each step."""
        return self.resolution

    def learn(self, inputs: Tensor, targets: Tensor) -> Sequence[Mapping[str, Index]]:
        """Add up the gradients of a step.

        Args:
            inputs: [B, ...] of the resolution that `begin` said.
            targets: [B].

        Returns:
            What of the network each pass has computed with; nothing: all of it.
        """
        self.learn_labels(inputs, targets)
        return ()

    def move(self, paths: Sequence[Mapping[str, Index]]) -> None:
        """Move the weights by the gradients, only those on the paths if there are any."""
        self.optimiser.step(self._learning_rate(), paths)

    def learn_labels(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """One pass whose loss is that of the labels; returns the outputs, without a graph."""
        outputs = self.module(inputs)
        loss = self.task.loss(outputs, targets, smoothing=self.settings.label_smoothing)
        self.backward(loss)
        found: Tensor = outputs.detach()
        self._show({"loss": loss.item(), **self.task.figures(found, targets)})
        return found

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss to those of this step.

        Raises:
            DivergedTraining: The loss is not finite.
        """
        if not math.isfinite(loss.item()):
            raise DivergedTraining(self.step, loss.item())
        torch.autograd.backward(loss)

    def _advance_once(self, tick: Tick) -> None:
        self.module.train()
        self._train_batch()

    def _train_batch(self) -> None:
        resolution = self.begin()
        inputs, targets = self.task.batch(
            "train", self._indices(), resolution, generator(self.seed, "augment", self.step)
        )
        self.move(self.learn(inputs, targets))
        self.step += 1

    def _learning_rate(self) -> float:
        """Of the coming step."""
        warmup = self.settings.warmup_epochs * self.steps_per_epoch
        return scheduled(self.settings.learning_rate, self.step, self.total, warmup=warmup)

    def _indices(self) -> Tensor:
        """Training samples of the coming step: each at most once per epoch, in a new order."""
        epoch, position = divmod(self.step, self.steps_per_epoch)
        if epoch != self._epoch[0]:
            shuffle = generator(self.seed, "shuffle", epoch)
            self._epoch = epoch, torch.randperm(self.task.size("train"), generator=shuffle)
        return self._epoch[1][position * self.batch_size : (position + 1) * self.batch_size]

    def _show(self, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            before = self.figures.get(name, value)
            self.figures[name] = MEMORY * before + (1 - MEMORY) * value


def cloned(module: nn.Module) -> dict[str, Tensor]:
    """A copy of all weights and statistics."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def scheduled(peak: float, step: int, total: int, *, warmup: int) -> float:
    """Learning rate: up in a line, down in half a cosine (Loshchilov, Hutter, ICLR 2017).

    Args:
        peak: After the warm-up.
        step: From 0; at `total` nothing is left.
        total: Steps in all.
        warmup: Steps of the rise, at most half of all.
    """
    warmup = min(warmup, total // 2)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    return peak * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2
