"""Classification of rows of numbers, such as measurements of one thing each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from searches.datasets.features import FeatureData
from searches.spaces.base import SearchSpace
from searches.targets.classification import ClassificationTask, program
from searches.targets.settings import FeatureSettings
from searches.training.task import Split

EVALUATION_ROWS = 4096


class FeatureTask(ClassificationTask):
    """Rows of one data set, as measured: normalisation is the network's own business."""

    def __init__(self, space: SearchSpace, data: FeatureData, settings: FeatureSettings):
        super().__init__(data)
        self.settings = settings
        self.columns, self.target = data.columns[:-1], data.columns[-1]
        self.space = space.with_data(in_channels=len(self.columns), n_classes=len(data.classes))
        self.mean, deviations = data.moments()
        self.std = tuple(value or 1.0 for value in deviations)  # constants: left as they are
        self._noise = settings.noise * torch.tensor(deviations, dtype=torch.float32)

    def batch(
        self, split: Split, indices: Tensor, resolution: int, generator: Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        rows = self.inputs[split][indices]  # [B, n_features]
        if generator is not None and self.settings.noise:
            rows = rows + self._noise * torch.randn(rows.shape, generator=generator)
        return rows, self.labels[split][indices]

    def signature(self, resolution: int) -> dict[str, Any]:
        return {
            "input": {
                "name": "features",
                "dtype": "float32",
                "shape": ["batch", len(self.columns)],
                "columns": list(self.columns),
            },
            "output": self.output(),
            "preprocessing": ["the columns in this order, as they were measured"],
            "example": "python example.py rows.csv",
        }

    def example(self, resolution: int) -> str:
        constants = {
            "FEATURES": list(self.columns),
            "TARGET": self.target,
            "CLASSES": list(self.classes),
        }
        return program("features.py.txt", constants)

    def evaluation_batch(self, resolution: int) -> int:
        return EVALUATION_ROWS
