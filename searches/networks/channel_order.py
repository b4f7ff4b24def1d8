"""Channels in the order of their importance, without changing what a network computes.

A narrower subnet takes the first channels of a layer. So that these are the best ones, channels
are sorted by the L1 norm of the weights that read them, before any narrower subnet is trained
(Cai et al., ICLR 2020, section 3.3, "elastic width"). The layer that makes the channels and all
that read them get the same order: the sum over channels stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn


def importance(*readers: Tensor) -> Tensor:
    """L1 norm over all weights that read a channel, added over the readers.

    Args:
        readers: [cout, C, ...] weights each; C input channels.

    Returns:
        [C].
    """
    norms = [weight.abs().transpose(0, 1).flatten(1).sum(1) for weight in readers]  # each [C]
    return torch.stack(norms).sum(0)


def sorted_within(importances: Tensor, kept: Iterable[int]) -> Tensor:
    """The most important channels first, but none leaves its segment.

    Args:
        importances: [C].
        kept: Widths whose channels must stay the same ones: the ends of the segments.

    Returns:
        [C] old positions in the new order.
    """
    n = len(importances)
    ends = sorted({0, n, *kept})
    return torch.cat(
        [
            start + importances[start:end].argsort(descending=True, stable=True)
            for start, end in pairwise(ends)
        ]
    )


def reorder_made(layer: nn.Module, order: Tensor, norm: nn.BatchNorm2d | None = None) -> None:
    """Give the output channels of a convolution, and those of its norm, a new order."""
    for module in (layer, norm):
        if module is not None:
            for _, values in [*module.named_parameters(), *module.named_buffers()]:
                if values.ndim:  # all but the count of batches
                    values.data.copy_(values.data[order])


def reorder_read(layer: nn.Conv2d | nn.Linear, order: Tensor) -> None:
    """Give the input channels of a layer a new order."""
    layer.weight.data.copy_(layer.weight.data[:, order])
