"""What a training or an evaluation has to know of a target and its data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Generator, Tensor

from searches.objectives.measures import MeasuredValue
from searches.spaces.base import SearchSpace
from searches.training.base import Tick, always

Network = Callable[[Tensor], Tensor]
Split = Literal["train", "validation", "test"]
JUDGED_AT_ONCE = 200


class Task(ABC):
    """A target on one data set: how inputs are made, what is minimised, what counts.

    Attributes:
        space: With the channels and classes of the data.
        mean: Of each input channel (or feature) over the training split, images in 0..1.
        std: As `mean`.
    """

    space: SearchSpace
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @abstractmethod
    def size(self, split: Split) -> int:
        """Number of samples."""

    @abstractmethod
    def batch(
        self, split: Split, indices: Tensor, resolution: int, generator: Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Inputs as the network takes them, and targets.

        Args:
            split: Where from.
            indices: [B] which samples.
            resolution: Of the inputs; 0 where they have none.
            generator: Source of random augmentation; None: the samples as they are.

        Returns:
            For images float32 [B, C, resolution, resolution] in 0..1, for rows of numbers float32
            [B, n_features]; and labels [B].
        """

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """The number to minimise, averaged over the batch."""

    @torch.no_grad()
    def mean_loss(self, network: Network, split: Split, *, resolution: int) -> float:
        """The loss over a whole split, without smoothing, of a network in evaluation mode."""
        total, n = 0.0, self.size(split)
        for indices in torch.split(torch.arange(n), JUDGED_AT_ONCE):
            inputs, targets = self.batch(split, indices, resolution)
            total += self.loss(network(inputs), targets).item() * len(indices)
        return total / n

    @abstractmethod
    def distillation_loss(self, outputs: Tensor, teacher: Tensor) -> Tensor:
        """How far the outputs are from those of a teacher on the same batch, averaged over it.

        Args:
            outputs: With a graph, as the network gives them.
            teacher: Of the same shape, without a graph.
        """

    @abstractmethod
    def figures(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """What to show of a training batch, such as its accuracy."""

    @abstractmethod
    def signature(self, resolution: int) -> dict[str, Any]:
        """What goes into a network, what comes out, and what to do before: JSON for its card."""

    @abstractmethod
    def example(self, resolution: int) -> str:
        """A program for numpy and onnxruntime that prepares inputs as the training did."""

    @abstractmethod
    def quality(
        self,
        network: Network,
        split: Split,
        *,
        resolution: int,
        provenance: str,
        tick: Tick = always,
    ) -> dict[str, MeasuredValue]:
        """The quality measures of a network in evaluation mode on a whole split.

        Args:
            network: From a batch of inputs to a batch of outputs, in any runtime.
            split: Of which every sample is used, in order.
            resolution: Of the inputs.
            provenance: How the weights came about.
            tick: Called after every batch, as in Trainable; its answer is of no consequence.
        """
