"""Image classification for phones and small computers."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from searches.datasets.base import ImageData
from searches.spaces.base import SearchSpace
from searches.targets.classification import ClassificationTask, program
from searches.targets.settings import MobileSettings
from searches.training.task import Split

EVALUATION_PIXELS = 2**16  # per batch and channel: feature maps then stay in the cache


class MobileTask(ClassificationTask):
    """Images of one data set, resized to the architecture's resolution.

    Images stay bytes until they are needed. Normalisation is the network's own business.
    """

    def __init__(self, space: SearchSpace, data: ImageData, settings: MobileSettings):
        super().__init__(data)
        self.settings = settings
        channels = data.x_train.shape[-1]
        self.space = space.with_data(in_channels=channels, n_classes=len(data.classes))
        self.mean, deviations = data.moments()
        self.std = tuple(max(value, 1 / 255) for value in deviations)  # constants: one step

    def batch(
        self, split: Split, indices: Tensor, resolution: int, generator: Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        images = self.inputs[split][indices]  # [B, H, W, C]
        if generator is not None:
            images = augment(images, self.settings.augmentation, generator)
        return preprocess(images, resolution), self.labels[split][indices]

    def signature(self, resolution: int) -> dict[str, Any]:
        shape = ["batch", len(self.mean), resolution, resolution]
        return {
            "input": {"name": "images", "dtype": "float32", "shape": shape, "range": [0, 1]},
            "output": self.output(),
            "preprocessing": [
                f"resize to {resolution} x {resolution}: bilinear between pixel centres, "
                "no antialiasing (align_corners=False)",
                "bytes / 255, channels before rows",
            ],
            "example": "python example.py images.npz  # or picture files and folders, with Pillow",
        }

    def example(self, resolution: int) -> str:
        height, width, channels = self.inputs["train"].shape[1:]
        constants = {
            "RESOLUTION": resolution,
            "CLASSES": list(self.classes),
            "SIZE": (width, height),
            "CHANNELS": channels,
        }
        return program("images.py.txt", constants)

    def evaluation_batch(self, resolution: int) -> int:
        return max(16, EVALUATION_PIXELS // resolution**2)


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
