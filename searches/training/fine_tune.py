"""Training a network further that was taken out of a supernet, or trained before."""

from __future__ import annotations

import copy

from torch import nn

from searches.training.network import NetworkTraining
from searches.training.settings import FineTuneSettings
from searches.training.task import Task


class FineTune(NetworkTraining):
    """Continues from a copy of the network: weights and batch norm statistics."""

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        settings: FineTuneSettings,
        seed: int,
        *,
        provenance: str = "inherited",
    ):
        """Take a copy of `network`; `provenance` says where its weights are from."""
        super().__init__(copy.deepcopy(network), task, settings, seed=seed)
        self.provenance = provenance
