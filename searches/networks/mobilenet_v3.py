"""MobileNetV3 with a free choice of kernel, width and depth in every stage; needs PyTorch only.

The building block is an inverted bottleneck: widen with a 1x1 convolution, filter each channel on
its own with a k x k one, optionally weigh the channels by what is in the image, narrow again.
The networks of ProxylessNAS and FBNet consist of the same blocks, with a simpler end.

    A. Howard et al., "Searching for MobileNetV3", ICCV 2019.
    H. Cai et al., "Once for All: Train One Network and Specialize It ...", ICLR 2020 (the layout).
    B. Wu et al., "FBNet: Hardware-Aware Efficient ConvNet Design ...", CVPR 2019 (the groups).

In the comments B is the number of images, C of channels, and H x W the size of a feature map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hswish": F.hardswish,
    "none": lambda x: x,
}


class ConvNorm(nn.Module):
    """Convolution that keeps the size at stride 1, batch norm, activation."""

    def __init__(
        self, cin: int, cout: int, kernel: int, *, stride: int = 1, groups: int = 1, act: str
    ):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(cout)
        self.act = ACTIVATIONS[act]

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))  # [B, cin, H, W] -> [B, cout, H/stride, W/stride]


class SqueezeExcite(nn.Module):
    """Scale each channel by a number in 0..1 that depends on the whole image."""

    def __init__(self, channels: int, squeezed: int):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        scale = x.mean((2, 3), keepdim=True)  # [B, C, H, W] -> [B, C, 1, 1]
        scale = self.expand(F.relu(self.reduce(scale)))  # [B, C, 1, 1]
        return x * F.hardsigmoid(scale)


def shuffled(x: Tensor, groups: int) -> Tensor:
    """Channels of all groups in turn: 0, 1, 2, 3 of two groups become 0, 2, 1, 3."""
    n_images, channels, height, width = x.shape
    x = x.view(n_images, groups, channels // groups, height, width)
    return x.transpose(1, 2).reshape(n_images, channels, height, width)


class MBConv(nn.Module):
    """Inverted bottleneck: expand to `mid` channels, depthwise k x k, squeeze-excite, project.

    As many channels as before need no expansion, unless the block is "pointwise". With "groups"
    both 1x1 convolutions have as many, and channels are shuffled after the first.
    """

    def __init__(self, block: dict[str, Any]):
        super().__init__()
        cin, mid, cout, act = block["cin"], block["mid"], block["cout"], block["act"]
        kernel, stride, squeezed = block["kernel"], block["stride"], block["squeezed"]
        self.groups, is_expanded = block.get("groups", 1), mid != cin or block.get("pointwise")
        self.expand = ConvNorm(cin, mid, 1, groups=self.groups, act=act) if is_expanded else None
        self.depthwise = ConvNorm(mid, mid, kernel, stride=stride, groups=mid, act=act)
        self.squeeze = SqueezeExcite(mid, squeezed) if squeezed else None
        self.project = ConvNorm(mid, cout, 1, groups=self.groups, act="none")
        self.has_shortcut = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else self.expand(x)  # [B, mid, H, W]
        y = y if self.groups == 1 else shuffled(y, self.groups)
        y = self.depthwise(y)  # [B, mid, H/stride, W/stride]
        y = y if self.squeeze is None else self.squeeze(y)
        y = self.project(y)  # [B, cout, H/stride, W/stride]
        return x + y if self.has_shortcut else y


def block_of(block: dict[str, Any]) -> nn.Module:
    """An inverted bottleneck, or a plain convolution if the block has no `mid`."""
    if "mid" in block:
        return MBConv(block)
    cin, cout, kernel = block["cin"], block["cout"], block["kernel"]
    return ConvNorm(cin, cout, kernel, stride=block["stride"], act=block["act"])


class MobileNetV3(nn.Module):
    """Classifies images: float32 in 0..1, [B, in_channels, resolution, resolution] -> logits.

    Normalisation with the mean and standard deviation of the training images is part of the
    network. `config` says everything about its shape:

        {"in_channels": 3, "n_classes": 10, "resolution": 32, "mean": [...], "std": [...],
         "stem": {"cout": 16, "kernel": 3, "stride": 2, "act": "hswish"},
         "blocks": [{"cin": 16, "mid": 64, "cout": 24, "kernel": 5, "stride": 2, "act": "relu",
                     "squeezed": 0}, ...],
         "final": {"cout": 96, "act": "hswish"}, "mix": {"cout": 128, "act": "hswish"}}

    "mix" may be None; a block without "mid" is a plain convolution.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.config = config
        stem, final, mix = config["stem"], config["final"], config["mix"]
        self.register_buffer("mean", torch.tensor(config["mean"]).float().view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(config["std"]).float().view(1, -1, 1, 1))
        cin, cout, kernel = config["in_channels"], stem["cout"], stem["kernel"]
        self.stem = ConvNorm(cin, cout, kernel, stride=stem["stride"], act=stem["act"])
        self.blocks = nn.Sequential(*(block_of(block) for block in config["blocks"]))
        last = [stem, *config["blocks"]][-1]["cout"]
        self.final = ConvNorm(last, final["cout"], 1, act=final["act"])
        self.mix = nn.Conv2d(final["cout"], mix["cout"], 1, bias=False) if mix else None
        self.act = ACTIVATIONS[mix["act"] if mix else "none"]
        self.classifier = nn.Linear((mix or final)["cout"], config["n_classes"])

    def forward(self, images: Tensor) -> Tensor:
        x = (images - self.mean) / self.std  # [B, in_channels, H, W]
        return self.classify(self.blocks(self.stem(x)))

    def classify(self, x: Tensor) -> Tensor:
        """Logits from the feature maps of the last block."""
        x = self.final(x).mean((2, 3), keepdim=True)  # [B, final cout, 1, 1]
        x = x if self.mix is None else self.act(self.mix(x))  # [B, mix cout, 1, 1]
        logits: Tensor = self.classifier(x.flatten(1))  # [B, n_classes]
        return logits
