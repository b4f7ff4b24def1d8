"""Training a network that learns from another one besides the labels.

G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", 2015 (1503.02531).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from searches.networks.families import Index
from searches.training.network import NetworkTraining


class TaughtTraining(NetworkTraining):
    """Like any training of a network, until `learn_from` names a teacher."""

    weight = 0.0
    _find_teacher: Callable[[], nn.Module] | None = None
    _teacher: nn.Module | None = None

    def learn_from(self, find_teacher: Callable[[], nn.Module], weight: float) -> None:
        """Give the teacher's outputs a share of the loss.

        Args:
            find_teacher: Called when the first step needs it; the network it brings takes inputs
                of any resolution, or of the same.
            weight: The share, in 0..1; the labels have the rest.
        """
        self._find_teacher, self.weight = find_teacher, weight

    @property
    def awaits_teacher(self) -> bool:
        """Whether the teacher will be asked for, and was not yet."""
        return self._find_teacher is not None and self._teacher is None

    def learn(self, inputs: Tensor, targets: Tensor) -> Sequence[Mapping[str, Index]]:
        if self._find_teacher is None:
            return super().learn(inputs, targets)
        self._teacher = self._teacher or self._find_teacher().eval()
        with torch.no_grad():
            taught = self._teacher(inputs)
        outputs = self.module(inputs)
        labels = self.task.loss(outputs, targets, smoothing=self.settings.label_smoothing)
        teaching = self.task.distillation_loss(outputs, taught)
        loss = (1 - self.weight) * labels + self.weight * teaching
        self.backward(loss)
        self._show({"loss": loss.item(), **self.task.figures(outputs.detach(), targets)})
        return ()
