"""Image classification for phones and small computers."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from searches.datasets.base import ImageData
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import SearchSpace
from searches.targets.settings import MobileSettings
from searches.training.base import Tick, always
from searches.training.task import Network, Split, Task

Z90 = 1.645  # two-sided 90 % of a normal distribution, as for latencies
EVALUATION_PIXELS = 2**16  # per batch and channel: feature maps then stay in the cache


class MobileTask(Task):
    """Images of one data set, resized to the architecture's resolution.

    Images stay bytes until they are needed. Normalisation is the network's own business.
    """

    def __init__(self, space: SearchSpace, data: ImageData, settings: MobileSettings):
        self.images = {
            "train": torch.from_numpy(data.x_train),  # [n, H, W, C] uint8
            "validation": torch.from_numpy(data.x_val),
            "test": torch.from_numpy(data.x_test),
        }
        self.labels = {
            "train": torch.from_numpy(data.y_train),  # [n] int64
            "validation": torch.from_numpy(data.y_val),
            "test": torch.from_numpy(data.y_test),
        }
        self.settings = settings
        self.classes = data.classes
        channels = data.x_train.shape[-1]
        self.space = space.with_data(in_channels=channels, n_classes=len(data.classes))
        self.mean, deviations = data.moments()
        self.std = tuple(max(value, 1 / 255) for value in deviations)  # constants: one step

    def size(self, split: Split) -> int:
        return len(self.labels[split])

    def batch(
        self, split: Split, indices: Tensor, resolution: int, generator: Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        images = self.images[split][indices]  # [B, H, W, C]
        if generator is not None:
            images = augment(images, self.settings.augmentation, generator)
        return preprocess(images, resolution), self.labels[split][indices]

    def loss(self, outputs: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
        return F.cross_entropy(outputs, targets, label_smoothing=smoothing)

    def figures(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        return {"accuracy": (outputs.argmax(1) == targets).float().mean().item()}

    def signature(self, resolution: int) -> dict[str, Any]:
        shape = ["batch", len(self.mean), resolution, resolution]
        return {
            "input": {"name": "images", "dtype": "float32", "shape": shape, "range": [0, 1]},
            "output": {
                "name": "logits",
                "dtype": "float32",
                "shape": ["batch", len(self.classes)],
                "classes": list(self.classes),
            },
            "preprocessing": [
                f"resize to {resolution} x {resolution}: bilinear between pixel centres, "
                "no antialiasing (align_corners=False)",
                "bytes / 255, channels before rows",
            ],
        }

    @torch.no_grad()
    def quality(
        self,
        network: Network,
        split: Split,
        *,
        resolution: int,
        provenance: str,
        tick: Tick = always,
    ) -> dict[str, MeasuredValue]:
        """Accuracy and mean cross entropy, each with its 90 % interval."""
        n, batch_size = self.size(split), max(16, EVALUATION_PIXELS // resolution**2)
        n_right, losses = 0, []
        for indices in torch.split(torch.arange(n), batch_size):
            images, labels = self.batch(split, indices, resolution)
            logits = network(images)  # [B, n_classes]
            n_right += int((logits.argmax(1) == labels).sum())
            losses.append(F.cross_entropy(logits, labels, reduction="none"))
            tick()
        all_losses = torch.cat(losses).double()
        entropy, error = all_losses.mean().item(), all_losses.std().item() / math.sqrt(n)
        spread = (entropy - Z90 * error, entropy + Z90 * error)
        return {
            "accuracy": MeasuredValue(
                n_right / n, "", provenance, split=split, spread=wilson(n_right, n), n=n
            ),
            "cross_entropy": MeasuredValue(
                entropy, "nat", provenance, split=split, spread=spread, n=n
            ),
        }


def preprocess(images: Tensor, resolution: int) -> Tensor:
    """Bytes [B, H, W, C] as float32 in 0..1 [B, C, resolution, resolution], channels last.

    Bilinear between pixel centres, without a filter when the image shrinks: simple enough to be
    repeated exactly in any language, which the program on the device has to do.
    """
    pixels = images.permute(0, 3, 1, 2).float() / 255  # [B, C, H, W]
    if pixels.shape[2:] == (resolution, resolution):
        return pixels
    return F.interpolate(pixels, (resolution, resolution), mode="bilinear", align_corners=False)


def augment(images: Tensor, kind: str, generator: Generator) -> Tensor:
    """Every image shifted by its own few pixels, with its edge repeated, and perhaps mirrored.

    Args:
        images: [B, H, W, C].
        kind: "none", "shift" or "shift_flip".
        generator: Source of the shifts.
    """
    if kind == "none":
        return images
    n, height, width, _ = images.shape
    rows = _shifted(n, height, generator)  # [B, H]
    columns = _shifted(n, width, generator)  # [B, W]
    if kind == "shift_flip":
        mirrored = torch.rand(n, 1, generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    return images[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _shifted(n: int, size: int, generator: Generator) -> Tensor:
    """Source coordinate of every target coordinate, [n, size]."""
    most = max(1, size // 8)
    shift = torch.randint(-most, most + 1, (n, 1), generator=generator)
    return (torch.arange(size) + shift).clamp(0, size - 1)


def wilson(n_right: int, n: int) -> tuple[float, float]:
    """90 % interval of a proportion (Wilson, 1927); stays within 0..1, also at 0 and n."""
    share, z2 = n_right / n, Z90 * Z90
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z90 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
