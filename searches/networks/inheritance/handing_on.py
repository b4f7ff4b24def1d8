"""Weights of a trained network for another one of its space (Net2Net, and whatever else fits).

    T. Chen, I. Goodfellow, J. Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer",
    ICLR 2016 (1511.05641): wider, section 2.3; deeper, section 2.4.
    H. Cai et al., "Efficient Architecture Search by Network Transformation", AAAI 2018
    (1707.04873): noise on copies.
    E. Real et al., "Large-Scale Evolution of Image Classifiers", ICML 2017 (1703.01041), section
    3.3: whatever has the same name and shape is handed on.

Growing preserves the function: additional channels are copies whose readers share the weight,
larger kernels have zeros around the old ones, and a new layer beside a shortcut adds nothing yet.
Shrinking does not: the channels that are read with the largest weights stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from searches.networks.inheritance.pieces import Axis, Channels, Piece


@dataclass(frozen=True)
class Inheritance:
    """What came of it.

    Attributes:
        share: Of the child's numbers that are the parent's, or copies of them.
        operators: What was done, in words.
    """

    share: float
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """Which channel of the parent each channel of the child comes from.

    Attributes:
        source: [child's width] int64.
        copies: [child's width] how many channels of the child have the same source.
        before: The parent's width.
    """

    source: Tensor
    copies: Tensor
    before: int


@torch.no_grad()
def hand_on(
    parent: Sequence[Piece], child: Sequence[Piece], *, generator: Generator, noise: float = 0.0
) -> Inheritance:
    """Put the parent's weights into the child, as far as they fit.

    Args:
        parent: Its pieces; they stay as they are.
        child: Its pieces, with fresh weights.
        generator: Which channels are copied, and the noise.
        noise: On copied weights, as a share of the standard deviation of the tensor's: equal
            channels would learn the same for ever. 0 preserves the function exactly.
    """
    known = {piece.name: piece for piece in parent}
    heir = _Heir(_ways(parent, child, generator))
    done, n_inherited = set(_losses(known, child)), 0
    for piece in child:
        old = known.get(piece.name)
        if old is None or len(old.axes) != len(piece.axes):
            done.add("new layers")
            if piece.is_silent:
                piece.store(torch.zeros_like(piece.value))
            continue
        value = heir.resized(old, piece)
        if noise and value.ndim > 1:
            heir.disturb(value, piece, noise, generator)
        piece.store(value.to(piece.value.dtype))
        n_inherited += piece.value.numel()
    total = sum(piece.value.numel() for piece in child)
    return Inheritance(n_inherited / max(1, total), tuple(sorted(done | heir.done)))


def _losses(known: Mapping[str, Piece], child: Sequence[Piece]) -> list[str]:
    return ["fewer layers"] if known.keys() - {piece.name for piece in child} else []


def _ways(parent: Sequence[Piece], child: Sequence[Piece], generator: Generator) -> dict[str, Way]:
    """By name of the channels, in the order in which they first occur in the child."""
    old = {part.name: part.width for part in _parts(parent)}
    weights = _importance(parent)
    ways: dict[str, Way] = {}
    for part in _parts(child):
        if part.name in ways or part.name not in old:
            continue
        before, now = old[part.name], part.width
        source = torch.arange(min(before, now))
        if now < before:
            important = weights.get(part.name, torch.zeros(before))
            source = important.argsort(descending=True, stable=True)[:now].sort().values
        elif now > before:
            more = torch.randint(before, (now - before,), generator=generator)
            source = torch.cat([source, more])
        counts = torch.bincount(source, minlength=before)
        ways[part.name] = Way(source, counts[source], before)
    return ways


def _parts(pieces: Sequence[Piece]) -> list[Channels]:
    return [part for piece in pieces for found in piece.axes for part in found]


def _importance(pieces: Sequence[Piece]) -> dict[str, Tensor]:
    """By name of the channels, the sum of the absolute weights with which each is read."""
    found: dict[str, Tensor] = {}
    for piece in pieces:
        if not piece.is_dense:
            continue
        read = piece.value.abs().transpose(0, 1).flatten(1).sum(1)  # [in]
        start = 0
        for part in piece.axes[1]:
            own = read[start : start + part.width].double()
            found[part.name] = found.get(part.name, 0) + own
            start += part.width
    return found


class _Heir:
    """Brings tensors into the shape that they have in the child.

    Attributes:
        done: What had to be done, in words.
    """

    def __init__(self, ways: Mapping[str, Way]):
        self.ways = ways
        self.done: set[str] = set()

    def resized(self, old: Piece, new: Piece) -> Tensor:
        """The old tensor in the shape of the new one; rows that nothing fits stay fresh."""
        value = old.value
        for dimension in range(len(new.axes), value.ndim):
            value = self._kernel(value, dimension, new.value.shape[dimension])
        for dimension, axes in enumerate(zip(old.axes, new.axes, strict=True)):
            value = self._along(value, dimension, *axes, fresh=new.value)
        return value

    def disturb(self, value: Tensor, piece: Piece, noise: float, generator: Generator) -> None:
        """Noise on the rows that are copies."""
        scale, at = noise * float(value.std()) if value.numel() > 1 else 0.0, 0
        for part in piece.axes[0] if piece.axes else ():
            way = self.ways.get(part.name)
            if way is not None and part.width > way.before:
                rows = value[at + way.before : at + part.width]
                rows += scale * torch.randn(rows.shape, generator=generator, dtype=value.dtype)
            at += part.width

    def _kernel(self, value: Tensor, dimension: int, size: int) -> Tensor:
        """Zeros on both sides of a dimension, or its centre."""
        before = value.shape[dimension]
        if size > before:
            self.done.add("larger kernels")
            grown = list(value.shape)
            grown[dimension] = size
            found = value.new_zeros(grown)
            found.narrow(dimension, (size - before) // 2, before).copy_(value)
            return found
        if size < before:
            self.done.add("smaller kernels")
        return value.narrow(dimension, (before - size) // 2, size)

    def _along(
        self, value: Tensor, dimension: int, before: Axis, now: Axis, *, fresh: Tensor
    ) -> Tensor:
        """Channels along a dimension; readers of copies share the weight."""
        if len(before) == len(now) == 1 and before[0].name != now[0].name:
            return _as_far_as(value, dimension, now[0].width)
        starts, start = {}, 0
        for part in before:
            starts[part.name] = start
            start += part.width
        found, at = [], 0
        for part in now:
            if part.name in starts:
                way = self.ways[part.name]
                found.append(_chosen(value, dimension, way, starts[part.name]))
                self.done |= _words(way)
            else:
                rows = fresh if dimension else fresh.narrow(0, at, part.width)
                found.append(_unknown(value, dimension, part.width, rows))
            at += part.width
        return torch.cat(found, dimension)


def _chosen(value: Tensor, dimension: int, way: Way, start: int) -> Tensor:
    chosen = value.index_select(dimension, way.source + start)
    if dimension == 0:
        return chosen
    return chosen / way.copies.to(value.dtype).view(1, -1, *[1] * (value.ndim - 2))


def _unknown(value: Tensor, dimension: int, width: int, fresh: Tensor) -> Tensor:
    """Channels that the parent does not have: read with a weight of zero, written as they are."""
    if dimension == 0 and fresh.shape[1:] == value.shape[1:]:
        return fresh.to(value.dtype)
    shape = [*value.shape]
    shape[dimension] = width
    return value.new_zeros(shape)


def _as_far_as(value: Tensor, dimension: int, width: int) -> Tensor:
    """The first channels of others in their place; zeros for those that are too many."""
    kept = value.narrow(dimension, 0, min(width, value.shape[dimension]))
    shape = [*value.shape]
    shape[dimension] = width - kept.shape[dimension]
    return torch.cat([kept, value.new_zeros(shape)], dimension)


def _words(way: Way) -> set[str]:
    change = len(way.source) - way.before
    return {"wider"} if change > 0 else {"narrower"} if change < 0 else set()


def centred(value: Tensor, shape: Sequence[int], *, n_channels: int) -> Tensor:
    """A part of a larger tensor: the first channels, and the centre of the kernel.

    Args:
        value: At least as large as `shape` along every dimension.
        shape: Wanted.
        n_channels: Dimensions of channels, before those of the kernel.
    """
    for dimension, size in enumerate(shape):
        more = value.shape[dimension] - size
        value = value.narrow(dimension, 0 if dimension < n_channels else more // 2, size)
    return value
