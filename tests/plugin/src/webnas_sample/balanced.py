"""A target: images, of which every class counts alike."""

import torch
from torch import Tensor

from searches.datasets.base import ImageData
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import SearchSpace
from searches.targets.classification import wilson
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training.base import Tick, always
from searches.training.task import Network, Split


class BalancedTask(MobileTask):
    """Everything but the quality is that of image classification."""

    def __init__(self, space: SearchSpace, data: ImageData, settings: None):
        super().__init__(space, data, MobileSettings(augmentation="none"))

    def quality(
        self,
        network: Network,
        split: Split,
        *,
        resolution: int,
        provenance: str,
        tick: Tick = always,
    ) -> dict[str, MeasuredValue]:
        guesses: list[Tensor] = []

        def noted(images: Tensor) -> Tensor:
            logits = network(images)
            guesses.append(logits.argmax(1))
            return logits

        found = super().quality(
            noted, split, resolution=resolution, provenance=provenance, tick=tick
        )
        labels = self.labels[split]
        is_right = torch.cat(guesses) == labels
        shares = [is_right[labels == one].double().mean() for one in labels.unique()]
        share, n = torch.stack(shares).mean().item(), len(labels)
        spread = wilson(round(share * n), n)
        found["balanced_accuracy"] = MeasuredValue(
            share, "", provenance, split=split, spread=spread, n=n
        )
        return found
