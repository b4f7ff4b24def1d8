"""Networks that repeat a small graph of operations, a cell; needs PyTorch only.

    B. Zoph et al., "Learning Transferable Architectures for Scalable ...", CVPR 2018 (NASNet).
    H. Pham et al., "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018.
    H. Liu et al., "DARTS: Differentiable Architecture Search", ICLR 2019.
    X. Dong and Y. Yang, "NAS-Bench-201", ICLR 2020.

In the comments B is the number of images, C of channels, and H x W the size of a feature map,
which is even wherever it is halved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ReluConvNorm(nn.Module):
    """ReLU, convolution that keeps the size at stride 1, batch norm."""

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ):
        super().__init__()
        pad = dilation * (kernel // 2)
        self.conv = nn.Conv2d(cin, cout, kernel, stride, pad, dilation, groups, bias=False)
        self.norm = nn.BatchNorm2d(cout)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(F.relu(x)))  # [B, cout, H/stride, W/stride]
        return y


class Separable(nn.Module):
    """ReLU, a filter per channel, a 1x1 convolution, batch norm."""

    def __init__(self, channels: int, kernel: int, *, stride: int, dilation: int):
        super().__init__()
        pad = dilation * (kernel // 2)
        self.depthwise = nn.Conv2d(
            channels, channels, kernel, stride, pad, dilation, channels, bias=False
        )
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.pointwise(self.depthwise(F.relu(x))))
        return y


class Asymmetric(nn.Module):
    """ReLU, a 1 x k and a k x 1 convolution, batch norm."""

    def __init__(self, channels: int, kernel: int, *, stride: int):
        super().__init__()
        pad = kernel // 2
        self.row = nn.Conv2d(channels, channels, (1, kernel), (1, stride), (0, pad), bias=False)
        self.column = nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), (pad, 0), bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.column(self.row(F.relu(x))))
        return y


class Halving(nn.Module):
    """Half the size: two 1x1 convolutions with stride 2, one of them on the other pixels."""

    def __init__(self, cin: int, cout: int):
        super().__init__()
        self.first = nn.Conv2d(cin, cout // 2, 1, 2, bias=False)
        self.second = nn.Conv2d(cin, cout - cout // 2, 1, 2, bias=False)
        self.norm = nn.BatchNorm2d(cout)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        shifted = x[:, :, 1:, 1:]
        y: Tensor = self.norm(torch.cat([self.first(x), self.second(shifted)], 1))
        return y


class Pool(nn.Module):
    """Average or maximum of k x k pixels; pixels outside of the map do not count."""

    def __init__(self, channels: int, kind: str, kernel: int, *, stride: int, norm: bool):
        super().__init__()
        self.kind, self.kernel, self.stride = kind, kernel, stride
        self.norm = nn.BatchNorm2d(channels, affine=False) if norm else None

    def forward(self, x: Tensor) -> Tensor:
        k, pad = self.kernel, self.kernel // 2
        if self.kind == "max":
            y = F.max_pool2d(x, k, self.stride, pad)
        else:
            y = F.avg_pool2d(x, k, self.stride, pad, count_include_pad=False)
        return y if self.norm is None else self.norm(y)


class Zero(nn.Module):
    """Nothing: exact zeros that still depend on the input."""

    def __init__(self, stride: int):
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :: self.stride, :: self.stride] * 0.0


class Tokens(nn.Module):
    """An operation on the pixels as a sequence; with stride 2 their 2 x 2 averages."""

    def __init__(self, channels: int, stride: int):
        super().__init__()
        self.stride = stride
        self.norm = nn.LayerNorm(channels)

    def compute(self, tokens: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 2:
            x = F.avg_pool2d(x, 2)
        size = x.shape[2:]
        tokens = x.flatten(2).transpose(1, 2)  # [B, H*W, C]
        tokens = self.norm(self.compute(tokens))
        found: Tensor = tokens.transpose(1, 2).unflatten(2, size)  # [B, C, H, W]
        return found


class Linear(Tokens):
    """ReLU, one linear layer for all pixels, layer norm."""

    def __init__(self, channels: int, stride: int):
        super().__init__(channels, stride)
        self.linear = nn.Linear(channels, channels)

    def compute(self, tokens: Tensor) -> Tensor:
        y: Tensor = self.linear(F.relu(tokens))
        return y


class Attention(Tokens):
    """Self-attention of all pixels, layer norm."""

    def __init__(self, channels: int, stride: int, *, heads: int):
        super().__init__(channels, stride)
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.out = nn.Linear(channels, channels)

    def compute(self, tokens: Tensor) -> Tensor:
        shape = (self.heads, tokens.shape[2] // self.heads)
        query = self.query(tokens).unflatten(2, shape).transpose(1, 2)  # [B, heads, H*W, width]
        key = self.key(tokens).unflatten(2, shape).transpose(1, 2)
        value = self.value(tokens).unflatten(2, shape).transpose(1, 2)
        scores = query @ key.transpose(2, 3) / shape[1] ** 0.5  # [B, heads, H*W, H*W]
        mixed = (scores.softmax(3) @ value).transpose(1, 2).flatten(2)  # [B, H*W, C]
        y: Tensor = self.out(mixed)
        return y


Maker = Callable[[int, int, dict[str, Any]], nn.Module]  # channels, stride, settings


def _conv(kernel: int, *, dilation: int = 1, grouped: bool = False) -> Maker:
    def make(c: int, stride: int, settings: dict[str, Any]) -> nn.Module:
        groups = settings["groups"] if grouped else 1
        return ReluConvNorm(c, c, kernel, stride=stride, dilation=dilation, groups=groups)

    return make


def _twice_separable(kernel: int) -> Maker:
    return lambda c, s, _: nn.Sequential(
        Separable(c, kernel, stride=s, dilation=1), Separable(c, kernel, stride=1, dilation=1)
    )


def _dilated_separable(kernel: int) -> Maker:
    return lambda c, s, _: Separable(c, kernel, stride=s, dilation=2)


def _pool(kind: str, kernel: int) -> Maker:
    return lambda c, s, o: Pool(c, kind, kernel, stride=s, norm=o["pool_norm"])


OPERATIONS: dict[str, Maker] = {
    "none": lambda _, s, __: Zero(s),
    "skip_connect": lambda c, s, _: nn.Identity() if s == 1 else Halving(c, c),
    "conv_1x1": _conv(1),
    "conv_3x3": _conv(3),
    "conv_5x5": _conv(5),
    "conv_1x3_3x1": lambda c, s, _: Asymmetric(c, 3, stride=s),
    "conv_1x7_7x1": lambda c, s, _: Asymmetric(c, 7, stride=s),
    "dilated_conv_3x3": _conv(3, dilation=2),
    "group_conv_3x3": _conv(3, grouped=True),
    "sep_conv_3x3": _twice_separable(3),
    "sep_conv_5x5": _twice_separable(5),
    "sep_conv_7x7": _twice_separable(7),
    "dil_conv_3x3": _dilated_separable(3),
    "dil_conv_5x5": _dilated_separable(5),
    "avg_pool_3x3": _pool("avg", 3),
    "max_pool_3x3": _pool("max", 3),
    "max_pool_5x5": _pool("max", 5),
    "max_pool_7x7": _pool("max", 7),
    "linear": lambda c, s, _: Linear(c, s),
    "attention": lambda c, s, o: Attention(c, s, heads=o["heads"]),
}


def matching(cin: int, cout: int, stride: int) -> nn.Module:
    """Bring an input of a cell to its channels and size."""
    if stride == 2:
        return Halving(cin, cout)
    return ReluConvNorm(cin, cout, 1)


class Node(nn.Module):
    """A new state: operations on earlier ones, added up, or concatenated and narrowed again."""

    def __init__(self, node: dict[str, Any], channels: int, settings: dict[str, Any]):
        super().__init__()
        self.states = [pick["state"] for pick in node["picks"]]
        self.operations = nn.ModuleList(
            OPERATIONS[pick["operation"]](channels, pick["stride"], settings)
            for pick in node["picks"]
        )
        is_concat = node["merge"] == "concat"
        n = len(self.states)
        self.narrow = ReluConvNorm(n * channels, channels, 1) if is_concat else None

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        pairs = zip(self.operations, self.states, strict=True)
        found = [operation(states[state]) for operation, state in pairs]
        if not found:
            return states[0] * 0.0  # nothing reaches this node
        if self.narrow is not None:
            found = [self.narrow(torch.cat(found, 1))]
        total: Tensor = sum(found[1:], found[0])
        return total


class Cell(nn.Module):
    """A graph of operations. Its first states are its inputs, and each node adds a state."""

    def __init__(self, layer: dict[str, Any], settings: dict[str, Any]):
        super().__init__()
        channels = layer["channels"]
        self.inputs = nn.ModuleList(
            matching(feed["cin"], channels, feed["stride"]) for feed in layer["inputs"]
        )
        self.nodes = nn.ModuleList(Node(node, channels, settings) for node in layer["nodes"])
        self.outputs = layer["outputs"]

    def forward(self, *feeds: Tensor) -> Tensor:
        states = list(feeds)
        if self.inputs:
            states = [match(feed) for match, feed in zip(self.inputs, feeds, strict=True)]
        for node in self.nodes:
            states.append(node(states))
        found = [states[index] for index in self.outputs]
        return torch.cat(found, 1) if len(found) > 1 else found[0]


class Residual(nn.Module):
    """Half the size, more channels: two 3x3 convolutions beside an average and a 1x1."""

    def __init__(self, cin: int, cout: int):
        super().__init__()
        self.first = ReluConvNorm(cin, cout, 3, stride=2)
        self.second = ReluConvNorm(cout, cout, 3)
        self.shortcut = nn.Conv2d(cin, cout, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(self.first(x)) + self.shortcut(F.avg_pool2d(x, 2))
        return y


class Head(nn.Module):
    """Norm and ReLU, or ReLU, or neither; then mean over the map and a linear layer."""

    def __init__(self, before: str, cin: int, n_classes: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(cin) if before == "norm" else None
        self.has_relu = before != "none"
        self.classifier = nn.Linear(cin, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x if self.norm is None else self.norm(x)
        x = F.relu(x) if self.has_relu else x
        logits: Tensor = self.classifier(x.mean((2, 3)))  # [B, n_classes]
        return logits


class CellNetwork(nn.Module):
    """Classifies images: float32 in 0..1, [B, in_channels, resolution, resolution] -> logits.

    Normalisation with the mean and standard deviation of the training images is part of the
    network. `config` says everything about its shape; layers read those before them by position,
    -1 is the stem:

        {"in_channels": 3, "n_classes": 10, "resolution": 32, "mean": [...], "std": [...],
         "stem": {"cout": 16, "stride": 1},
         "layers": [{"feeds": [-1, -1], "channels": 16,
                     "inputs": [{"cin": 16, "stride": 1}, {"cin": 16, "stride": 1}],
                     "nodes": [{"picks": [{"state": 0, "operation": "conv_3x3", "stride": 1}, ...],
                                "merge": "add"}, ...],
                     "outputs": [2, 3]},
                    {"feeds": [0], "cin": 32, "cout": 32}, ...],
         "head": {"before": "relu", "cin": 32},
         "settings": {"groups": 4, "heads": 4, "pool_norm": false}}
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.config = config
        stem, head, settings = config["stem"], config["head"], config["settings"]
        self.register_buffer("mean", torch.tensor(config["mean"]).float().view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(config["std"]).float().view(1, -1, 1, 1))
        cin, cout = config["in_channels"], stem["cout"]
        self.stem = nn.Sequential(
            nn.Conv2d(cin, cout, 3, stem["stride"], 1, bias=False), nn.BatchNorm2d(cout)
        )
        self.feeds = [layer["feeds"] for layer in config["layers"]]
        self.layers = nn.ModuleList(
            Cell(layer, settings) if "nodes" in layer else Residual(layer["cin"], layer["cout"])
            for layer in config["layers"]
        )
        self.head = Head(head["before"], head["cin"], config["n_classes"])

    def forward(self, images: Tensor) -> Tensor:
        written = [self.stem((images - self.mean) / self.std)]  # by position + 1
        for feeds, layer in zip(self.feeds, self.layers, strict=True):
            written.append(layer(*(written[position + 1] for position in feeds)))
        logits: Tensor = self.head(written[-1])
        return logits
