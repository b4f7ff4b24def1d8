"""Inverted bottlenecks with elastic width and kernel (Cai et al., ICLR 2020, section 3.3).

H. Cai et al., "Once for All: Train One Network and Specialize It for Efficient Deployment",
ICLR 2020.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from searches.networks.channel_order import (
    importance,
    reorder_made,
    reorder_read,
    sorted_within,
)
from searches.networks.families import Index
from searches.networks.mobilenet_v3 import ConvNorm, MBConv, SqueezeExcite

ALL = slice(None)


class ElasticMBConv(MBConv):
    """The largest block of a slot, computing as any smaller one.

    Smaller kernels come from larger ones through one learnt matrix per step, shared by all
    channels of the block: W5 = T5 vec(centre of W7), W3 = T3 vec(centre of W5). Each starts as the
    identity, so that an untrained smaller kernel is the centre of the larger one.
    """

    def __init__(self, block: dict[str, Any], kernels: Sequence[int]):
        super().__init__(block)
        self.kernels = sorted(kernels, reverse=True)
        self.transforms = nn.ParameterDict(
            {str(k): torch.eye(k * k).view(k, k, k * k) for k in self.kernels[1:]}
        )
        self.active = block

    def forward(self, x: Tensor) -> Tensor:
        mid, expand = self.active["mid"], cast(ConvNorm, self.expand)  # wider than its input
        y = _conv_norm(expand, x, expand.conv.weight[:mid])  # [B, mid, H, W]
        y = _conv_norm(self.depthwise, y, self.kernel())  # [B, mid, H/stride, W/stride]
        if self.squeeze is not None:
            y = _squeeze_excite(self.squeeze, y, self.active["squeezed"])
        y = _conv_norm(self.project, y, self.project.conv.weight[:, :mid])  # [B, cout, ...]
        return x + y if self.has_shortcut else y

    def kernel(self) -> Tensor:
        """Depthwise weights of the active width and kernel size: [mid, 1, k, k]."""
        weight = self.depthwise.conv.weight[: self.active["mid"]]
        for size in self._steps():
            centre = centre_of(weight.shape[-1], size)
            weight = weight[:, :, centre, centre].flatten(1)  # [mid, size * size]
            weight = weight @ self.transforms[str(size)].flatten(0, 1).T
            weight = weight.view(-1, 1, size, size)  # [mid, 1, size, size]
        return weight

    def regions(self) -> Iterator[tuple[str, Index]]:
        """Name and slice of every weight and statistic that the active block computes with."""
        mid, squeezed = slice(self.active["mid"]), slice(self.active["squeezed"])
        sizes = [self.kernels[0], *self._steps()]  # e.g. 7, 5, 3
        centres = [centre_of(a, b) for a, b in zip(sizes, [*sizes[1:], sizes[-1]], strict=True)]
        yield from conv_norm_regions("expand", (mid,), mid)
        yield from conv_norm_regions("depthwise", (mid, ALL, centres[0], centres[0]), mid)
        for size, centre in zip(sizes[1:], centres[1:], strict=True):
            yield f"transforms.{size}", (centre, centre)
        if self.squeeze is not None:
            yield "squeeze.reduce.weight", (squeezed, mid)
            yield "squeeze.reduce.bias", (squeezed,)
            yield "squeeze.expand.weight", (mid, squeezed)
            yield "squeeze.expand.bias", (mid,)
        yield from conv_norm_regions("project", (ALL, mid), ALL)

    def sort_channels(self, kept: Sequence[dict[str, Any]]) -> None:
        """Sort the channels inside; blocks of the shapes `kept` compute what they did before."""
        order = sorted_within(importance(self.project.conv.weight), [b["mid"] for b in kept])
        for layer in (cast(ConvNorm, self.expand), self.depthwise):
            reorder_made(layer.conv, order, layer.norm)
        reorder_read(self.project.conv, order)
        if self.squeeze is not None:
            reduce, expand = self.squeeze.reduce, self.squeeze.expand
            reorder_made(expand, order)
            reorder_read(reduce, order)
            squeezed = [block["squeezed"] for block in kept]
            order = sorted_within(importance(expand.weight), squeezed)
            reorder_made(reduce, order)
            reorder_read(expand, order)

    def _steps(self) -> list[int]:
        """Kernel sizes from below the largest down to the active one."""
        return [size for size in self.kernels[1:] if size >= self.active["kernel"]]


def _conv_norm(layer: ConvNorm, x: Tensor, weight: Tensor) -> Tensor:
    """`layer` with a slice of its weights [cout, cin per group, k, k], on its first channels."""
    conv, norm, n = layer.conv, layer.norm, weight.shape[0]
    groups = 1 if conv.groups == 1 else n
    x = F.conv2d(x, weight, None, conv.stride, weight.shape[-1] // 2, groups=groups)
    return layer.act(sliced_norm(norm, x))


def sliced_norm(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Batch norm with the statistics and weights of as many channels as `x` has."""
    n = x.shape[1]
    return F.batch_norm(
        x,
        norm.get_buffer("running_mean")[:n],
        norm.get_buffer("running_var")[:n],
        norm.weight[:n],
        norm.bias[:n],
        norm.training,
        norm.momentum or 0.0,
        norm.eps,
    )


def _squeeze_excite(layer: SqueezeExcite, x: Tensor, squeezed: int) -> Tensor:
    reduce, expand, n = layer.reduce, layer.expand, x.shape[1]
    scale = x.mean((2, 3), keepdim=True)  # [B, n, 1, 1]
    scale = F.relu(_conv(reduce, scale, squeezed))  # [B, squeezed, 1, 1]
    scale = _conv(expand, scale, n)  # [B, n, 1, 1]
    return x * F.hardsigmoid(scale)


def _conv(layer: nn.Conv2d, x: Tensor, cout: int) -> Tensor:
    """The first `cout` channels of a 1x1 convolution with bias."""
    bias = None if layer.bias is None else layer.bias[:cout]
    return F.conv2d(x, layer.weight[:cout, : x.shape[1]], bias)


def conv_norm_regions(prefix: str, conv: Index, channels: slice) -> Iterator[tuple[str, Index]]:
    """Name and slice of everything in a convolution `conv` and its batch norm `norm`."""
    yield f"{prefix}.conv.weight", conv
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{prefix}.norm.{name}", (channels,)
    yield f"{prefix}.norm.num_batches_tracked", (...,)


def centre_of(size: int, smaller: int) -> slice:
    """Where the smaller kernel lies in the larger one, along one side."""
    start = (size - smaller) // 2
    return slice(start, start + smaller)
