"""Residual networks with a free choice of depth and width in every stage; needs PyTorch only.

A block adds what its convolutions compute to its input, or to a 1x1 convolution of it where the
shape changes. Basic blocks have two k x k convolutions; bottlenecks narrow with a 1x1 convolution,
filter with a k x k one, and widen again.

    K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    T. He et al., "Bag of Tricks for Image Classification ...", CVPR 2019 (the average pool).

In the comments B is the number of images, C of channels, and H x W the size of a feature map.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """Convolution that keeps the size at stride 1, and batch norm."""

    def __init__(self, cin: int, cout: int, kernel: int, *, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(cout)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))  # [B, cin, H, W] -> [B, cout, H/stride, W/stride]
        return y


class StemConvolution(ConvNorm):
    """Convolution, batch norm, ReLU; with a shortcut the input is added to that."""

    def __init__(self, layer: dict[str, Any]):
        super().__init__(layer["cin"], layer["cout"], layer["kernel"], stride=layer["stride"])
        self.has_shortcut = layer["shortcut"]

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(super().forward(x))
        return x + y if self.has_shortcut else y


class ResidualBlock(nn.Module):
    """Two or three convolutions beside a shortcut, and ReLU after their sum."""

    def __init__(self, block: dict[str, Any]):
        super().__init__()
        cin, mid, cout = block["cin"], block["mid"], block["cout"]
        kernel, stride = block["kernel"], block["stride"]
        layers = [ConvNorm(cin, mid, 1)] if block["kind"] == "bottleneck" else []
        layers.append(ConvNorm(mid if layers else cin, mid, kernel, stride=stride))
        layers.append(ConvNorm(mid, cout, 1 if len(layers) > 1 else kernel))
        self.layers = nn.ModuleList(layers)
        self.pool = stride if block["shortcut"] == "average pool" else 1
        is_identity, left = block["shortcut"] == "identity", stride // self.pool
        self.shortcut = None if is_identity else ConvNorm(cin, cout, 1, stride=left)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.layers[:-1]:
            y = F.relu(layer(y))  # [B, mid, H/stride, W/stride] in the end
        y = self.layers[-1](y)  # [B, cout, H/stride, W/stride]
        if self.shortcut is not None:
            x = self.shortcut(self.pooled(x))  # [B, cout, H/stride, W/stride]
        return F.relu(x + y)

    def pooled(self, x: Tensor) -> Tensor:
        """Means of pool x pool pixels; those at the border of what is there."""
        return x if self.pool == 1 else F.avg_pool2d(x, self.pool, ceil_mode=True)


class ResidualNetwork(nn.Module):
    """Classifies images: float32 in 0..1, [B, in_channels, resolution, resolution] -> logits.

    Normalisation with the mean and standard deviation of the training images is part of the
    network. `config` says everything about its shape:

        {"in_channels": 3, "n_classes": 10, "resolution": 32, "mean": [...], "std": [...],
         "stem": [{"cin": 3, "cout": 16, "kernel": 3, "stride": 1, "shortcut": False}, ...],
         "pool": False,
         "blocks": [{"kind": "basic", "cin": 16, "mid": 32, "cout": 32, "kernel": 3, "stride": 2,
                     "shortcut": "convolution"}, ...]}

    A shortcut is the "identity", a "convolution", or an "average pool" and a convolution.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.tensor(config["mean"]).float().view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(config["std"]).float().view(1, -1, 1, 1))
        self.stem = nn.ModuleList(StemConvolution(layer) for layer in config["stem"])
        self.blocks = nn.ModuleList(ResidualBlock(block) for block in config["blocks"])
        self.classifier = nn.Linear(config["blocks"][-1]["cout"], config["n_classes"])

    def forward(self, images: Tensor) -> Tensor:
        x = (images - self.mean) / self.std  # [B, in_channels, H, W]
        for layer in self.stem:
            x = layer(x)
        x = self.pooled(x)
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.classifier(x.mean((2, 3)))  # [B, cout] -> [B, n_classes]
        return logits

    def pooled(self, x: Tensor) -> Tensor:
        """Half the size, the largest of each 3 x 3 pixels, if the network has such a pool."""
        return F.max_pool2d(x, 3, 2, 1) if self.config["pool"] else x
