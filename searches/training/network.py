"""Training one plain network."""

from __future__ import annotations

from torch import nn

from searches.networks.families import configuration
from searches.objectives.measures import MeasuredValue
from searches.training.base import Tick, always
from searches.training.loop import Training
from searches.training.settings import TrainingSettings
from searches.training.task import Split, Task


class NetworkTraining(Training):
    """Trains the given network, at its own resolution."""

    provenance = "fully trained"

    def __init__(self, network: nn.Module, task: Task, settings: TrainingSettings, *, seed: int):
        resolution = configuration(network)["resolution"]
        super().__init__(network, task, settings, seed=seed, resolution=resolution)

    def network(self) -> nn.Module:
        """The network with its weights of now, in evaluation mode."""
        network: nn.Module = self.module.eval()
        return network

    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        """The quality measures of the target on a split."""
        return self.task.quality(
            self.network(),
            split,
            resolution=self.resolution,
            provenance=self.provenance,
            tick=tick,
        )
