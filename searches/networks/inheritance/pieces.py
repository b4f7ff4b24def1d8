"""The tensors of a network by names that mean the same layer in all networks of its space.

Weights can be handed on between two networks once it is known which layer of one is which of the
other, and which of their channels are the same: those of a sum, for instance, whose widths change
together. A piece says this of one tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn


class Channels(NamedTuple):
    """Channels that are computed, and read, together; equal names are the same channels."""

    name: str
    width: int


Axis = tuple[Channels, ...]  # what is concatenated along it


def _as_it_is(value: Tensor) -> Tensor:
    return value


@dataclass(frozen=True)
class Piece:
    """One tensor.

    Attributes:
        name: The same in every network of the space that has the layer.
        tensor: Of the network.
        value: As a layer without groups or dilation would have it: [out, in, ...], or [out, ...].
        axes: Of its first dimensions; those after them are the kernel's.
        fit: From a tensor of the shape of `value` to what the network has; differentiable.
        is_silent: Zeros here make a new layer add nothing.
    """

    name: str
    tensor: Tensor
    value: Tensor
    axes: tuple[Axis, ...]
    fit: Callable[[Tensor], Tensor] = _as_it_is
    is_silent: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether the second axis is summed over."""
        return len(self.axes) > 1

    def store(self, value: Tensor) -> None:
        """Put a tensor of the shape of `value` into the network."""
        self.tensor.data.copy_(self.fit(value))


def axis(name: str, width: int) -> Axis:
    return (Channels(name, width),)


def plain(name: str, tensor: Tensor, *axes: Axis, is_silent: bool = False) -> Piece:
    """A tensor that is stored as it is."""
    return Piece(name, tensor, tensor.detach(), axes, is_silent=is_silent)


def norm_pieces(
    name: str, norm: nn.Module, out: Axis, *, is_silent: bool = False
) -> Iterator[Piece]:
    """Scale, shift and statistics; with `is_silent` a new norm gives zeros."""
    for part in ("weight", "bias", "running_mean", "running_var"):
        tensor = getattr(norm, part, None)
        if tensor is not None:
            ends = is_silent and part in ("weight", "bias")
            yield plain(f"{name}.{part}", tensor, out, is_silent=ends)


def linear_pieces(name: str, layer: nn.Linear, out: Axis, inn: Axis) -> Iterator[Piece]:
    yield plain(f"{name}.weight", layer.weight, out, inn)
    if layer.bias is not None:
        yield plain(f"{name}.bias", layer.bias, out)


def conv_pieces(
    name: str, conv: nn.Conv2d, out: Axis, inn: Axis, *, order: Tensor | None = None
) -> Iterator[Piece]:
    """A convolution: depthwise ones by channel, others as if they had no groups.

    Args:
        name: Of the layer.
        conv: With any groups and dilation.
        out: Its output channels.
        inn: Its input channels; of no consequence for depthwise ones.
        order: [out] the row of the weights behind each of the output channels, where those are
            put into another order afterwards.
    """
    if conv.groups == conv.in_channels == conv.out_channels and conv.groups > 1:
        yield plain(f"{name}.weight", conv.weight, out)
        return
    value, fit = dense(conv, order), _fitting(conv, order)
    yield Piece(f"{name}.weight", conv.weight, value, (out, inn), fit)
    if conv.bias is not None:
        yield plain(f"{name}.bias", conv.bias, out)


def dense(conv: nn.Conv2d, order: Tensor | None = None) -> Tensor:
    """The weights of the same convolution without groups and dilation: [out, in, k, k]."""
    weight, groups = conv.weight.detach(), conv.groups
    n_out, n_in = weight.shape[:2]
    found = weight.new_zeros(n_out, n_in * groups, *_extent(conv))
    rows, columns = (slice(None, None, step) for step in conv.dilation)
    for group in range(groups):
        own = slice(group * n_out // groups, (group + 1) * n_out // groups)
        read = slice(group * n_in, (group + 1) * n_in)
        found[own, read, rows, columns] = weight[own]
    return found if order is None else found[order]


def _extent(conv: nn.Conv2d) -> tuple[int, int]:
    sizes = [
        step * (size - 1) + 1 for step, size in zip(conv.dilation, conv.kernel_size, strict=True)
    ]
    return cast("tuple[int, int]", tuple(sizes))


def _fitting(conv: nn.Conv2d, order: Tensor | None) -> Callable[[Tensor], Tensor]:
    """The inverse of `dense`; what groups and dilation have no place for is left out."""
    if conv.groups == 1 and conv.dilation == (1, 1) and order is None:
        return _as_it_is

    def fit(value: Tensor) -> Tensor:
        if order is not None:
            value = value[order.argsort()]
        rows, columns = (slice(None, None, step) for step in conv.dilation)
        blocks = value[:, :, rows, columns].chunk(conv.groups)
        n_in = value.shape[1] // conv.groups
        return torch.cat([b[:, g * n_in : (g + 1) * n_in] for g, b in enumerate(blocks)])

    return fit


def unshuffled(channels: int, groups: int) -> Tensor:
    """[channels] where each channel was before those of all groups came in turn."""
    return torch.arange(channels).view(groups, -1).T.flatten()


def as_they_are(network: nn.Module) -> list[Piece]:
    """Of a network of which nothing is known but the names and shapes of its tensors."""
    state = network.state_dict(keep_vars=True)
    return [plain(name, tensor) for name, tensor in state.items() if tensor.is_floating_point()]
