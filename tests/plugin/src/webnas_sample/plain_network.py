"""The network of a plain space. People get this text, so it imports nothing but torch."""

from typing import Any

import torch
from torch import Tensor, nn


class PlainNetwork(nn.Module):
    """Convolutions, global average pooling, a classifier; normalises its input itself."""

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.tensor(config["mean"]).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(config["std"]).view(1, -1, 1, 1))
        layers: list[nn.Module] = []
        cin = config["in_channels"]
        for _ in range(config["depth"]):
            layers.append(nn.Conv2d(cin, config["width"], 3, padding=1, bias=False))
            layers += [nn.BatchNorm2d(config["width"]), nn.ReLU()]
            cin = config["width"]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(cin, config["n_classes"])

    def forward(self, images: Tensor) -> Tensor:
        maps = self.layers((images - self.mean) / self.std)  # [B, width, r, r]
        return self.classifier(maps.mean(dim=(2, 3)))
