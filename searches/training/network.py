"""Training one plain network."""

from __future__ import annotations

from searches.networks.mobilenet_v3 import MobileNetV3
from searches.objectives.measures import MeasuredValue
from searches.training.base import Tick, always
from searches.training.loop import Training
from searches.training.settings import TrainingSettings
from searches.training.task import Split, Task


class NetworkTraining(Training):
    """Trains the given network, at its own resolution."""

    module: MobileNetV3
    provenance = "fully trained"

    def __init__(self, network: MobileNetV3, task: Task, settings: TrainingSettings, *, seed: int):
        resolution = network.config["resolution"]
        super().__init__(network, task, settings, seed=seed, resolution=resolution)

    def network(self) -> MobileNetV3:
        """The network with its weights of now, in evaluation mode."""
        return self.module.eval()

    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        """The quality measures of the target on a split."""
        return self.task.quality(
            self.network(),
            split,
            resolution=self.resolution,
            provenance=self.provenance,
            tick=tick,
        )
