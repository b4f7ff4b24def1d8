"""Pieces of networks of inverted bottlenecks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from torch import Tensor, nn

from searches.networks.inheritance.pieces import (
    Axis,
    Piece,
    axis,
    conv_pieces,
    linear_pieces,
    norm_pieces,
    unshuffled,
)
from searches.networks.mobilenet_v3 import ConvNorm, MBConv, MobileNetV3


def pieces_of(network: MobileNetV3, names: Sequence[str]) -> list[Piece]:
    """All pieces; `names` are those of the blocks, the same wherever the space has the block."""
    stream = axis("stem", network.stem.norm.num_features)
    pixels = axis("pixels", network.stem.conv.in_channels)
    found = [*_conv_norm("stem", network.stem, stream, pixels)]
    for name, block in zip(names, network.blocks, strict=True):
        kind = f"{name}.{type(block).__name__}"
        if isinstance(block, MBConv):
            out = stream if block.has_shortcut else axis(name, block.project.norm.num_features)
            found += _bottleneck(kind, block, out, stream)
        else:
            out = axis(name, cast("ConvNorm", block).norm.num_features)
            found += _conv_norm(kind, block, out, stream)
        stream = out
    final = axis("final", network.final.norm.num_features)
    found += _conv_norm("final", network.final, final, stream)
    last = final
    if network.mix is not None:
        last = axis("mix", network.mix.out_channels)
        found += conv_pieces("mix", network.mix, last, final)
    classes = axis("classes", network.classifier.out_features)
    return [*found, *linear_pieces("classifier", network.classifier, classes, last)]


def _bottleneck(name: str, block: MBConv, out: Axis, inn: Axis) -> Iterator[Piece]:
    """Channels of its middle are named as they are after they were shuffled."""
    width = block.depthwise.norm.num_features
    middle, order = axis(f"{name}.mid", width), None
    if block.groups > 1:
        order = unshuffled(width, block.groups)
    if block.expand is None:
        middle = inn
    else:
        yield from conv_pieces(f"{name}.expand", block.expand.conv, middle, inn, order=order)
        for piece in norm_pieces(f"{name}.expand.norm", block.expand.norm, middle):
            yield piece if order is None else _reordered(piece, order)
    yield from _conv_norm(f"{name}.depthwise", block.depthwise, middle, middle)
    if block.squeeze is not None:
        reduce, expand = block.squeeze.reduce, block.squeeze.expand
        squeezed = axis(f"{name}.squeezed", reduce.out_channels)
        yield from conv_pieces(f"{name}.reduce", reduce, squeezed, middle)
        yield from conv_pieces(f"{name}.excite", expand, middle, squeezed)
    yield from conv_pieces(f"{name}.project", block.project.conv, out, middle)
    silent = block.has_shortcut
    yield from norm_pieces(f"{name}.project.norm", block.project.norm, out, is_silent=silent)


def _reordered(piece: Piece, order: Tensor) -> Piece:
    back = order.argsort()
    return replace(piece, value=piece.value[order], fit=lambda value: value[back])


def _conv_norm(name: str, layer: nn.Module, out: Axis, inn: Axis) -> Iterator[Piece]:
    if not isinstance(layer, ConvNorm):
        raise TypeError(f"{name} is a {type(layer).__name__}, no convolution with a norm")
    yield from conv_pieces(name, layer.conv, out, inn)
    yield from norm_pieces(f"{name}.norm", layer.norm, out)
