"""Multilayer perceptron: linear layers with an activation between them; needs PyTorch only.

D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors",
Nature 323, 1986.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hswish": F.hardswish,
    "swish": F.silu,
    "gelu": F.gelu,
    "leaky": F.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


class MLP(nn.Module):
    """Classifies rows of numbers, [B, in_channels] float32 as measured, or small images.

    With a resolution other than 0 it takes images, float32 in 0..1, [B, in_channels, resolution,
    resolution]. Normalisation with the mean and standard deviation of the training data is part of
    the network. `config` says everything about its shape:

        {"in_channels": 30, "n_classes": 2, "resolution": 0, "mean": [...], "std": [...],
         "widths": [64, 32], "act": "relu"}
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.config = config
        channels, side, widths = config["in_channels"], config["resolution"], config["widths"]
        shape = (1, -1, 1, 1) if side else (1, -1)
        self.register_buffer("mean", torch.tensor(config["mean"]).float().view(shape))
        self.register_buffer("std", torch.tensor(config["std"]).float().view(shape))
        sizes = [channels * side**2 if side else channels, *widths]
        self.layers = nn.ModuleList(nn.Linear(cin, cout) for cin, cout in pairwise(sizes))
        self.classifier = nn.Linear(sizes[-1], config["n_classes"])
        self.act = ACTIVATIONS[config["act"]]

    def forward(self, inputs: Tensor) -> Tensor:
        x = self.normalised(inputs)
        for layer in self.layers:
            x = self.act(layer(x))  # [B, width]
        logits: Tensor = self.classifier(x)  # [B, n_classes]
        return logits

    def normalised(self, inputs: Tensor) -> Tensor:
        """The numbers of each sample in a row: [B, ...] -> [B, number of inputs]."""
        return ((inputs - self.mean) / self.std).flatten(1)
