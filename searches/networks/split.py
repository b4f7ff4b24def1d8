"""Layers that read several states at once, each of which may be missing.

The output of a cell is the concatenation of those of its states that nothing else reads, so that
the layers behind it are as wide as the architecture says. A supernet keeps the weights for each
state apart and joins those of the states that are there (as Pham et al., 2018, ENAS, section 2.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Split(nn.Module):
    """Weights by state.

    Attributes:
        active: the states that the input consists of, ascending.
    """

    def __init__(self, layer: nn.Conv2d | nn.Linear, n_parts: int):
        super().__init__()
        parts = layer.weight.detach().chunk(n_parts, 1)
        self.parts = nn.ParameterList(nn.Parameter(part.clone()) for part in parts)
        self.active: tuple[int, ...] = tuple(range(n_parts))

    def weight(self) -> Tensor:
        """That of the plain layer: [cout, cin of the active states, ...]."""
        return torch.cat([self.parts[index] for index in self.active], 1)

    def idle(self) -> Iterator[str]:
        """Names of the weights of states that are not there."""
        indices = set(range(len(self.parts))) - set(self.active)
        return (f"parts.{index}" for index in indices)


class SplitConv(Split):
    """A convolution without bias."""

    def __init__(self, layer: nn.Conv2d, n_parts: int):
        super().__init__(layer, n_parts)
        self.stride, self.padding = layer.stride, layer.padding

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight(), None, self.stride, self.padding)


class SplitLinear(Split):
    """A linear layer; the bias is shared."""

    def __init__(self, layer: nn.Linear, n_parts: int):
        super().__init__(layer, n_parts)
        self.bias = nn.Parameter(layer.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight(), self.bias)


def split_readers(module: nn.Module, names: Sequence[str], n_parts: int) -> list[Split]:
    """Replace the layers of these names by ones whose input may lack some of its parts."""
    found: list[Split] = []
    for name in names:
        parent, _, own = name.rpartition(".")
        layer = module.get_submodule(name)
        if isinstance(layer, nn.Linear):
            found.append(SplitLinear(layer, n_parts))
        elif isinstance(layer, nn.Conv2d):
            found.append(SplitConv(layer, n_parts))
        setattr(module.get_submodule(parent), own, found[-1])
    return found
