"""Pieces of residual networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from searches.networks.inheritance.pieces import (
    Axis,
    Piece,
    axis,
    conv_pieces,
    linear_pieces,
    norm_pieces,
)
from searches.networks.residual_network import (
    ConvNorm,
    ResidualBlock,
    ResidualNetwork,
    StemConvolution,
)


def pieces_of(
    network: ResidualNetwork, stem_names: Sequence[str], block_names: Sequence[str]
) -> list[Piece]:
    """All pieces; the names are those of the places of the space that the network has."""
    config = network.config
    stream = axis("pixels", config["in_channels"])
    found: list[Piece] = []
    for name, module in zip(stem_names, network.stem, strict=True):
        layer = cast("StemConvolution", module)
        is_beside = bool(layer.has_shortcut)
        out = stream if is_beside else axis(name, layer.norm.num_features)
        found += _conv_norm(name, layer, out, stream, is_silent=is_beside)
        stream = out
    for name, module in zip(block_names, network.blocks, strict=True):
        block = cast("ResidualBlock", module)
        width = cast("ConvNorm", block.layers[-1]).norm.num_features
        out = stream if block.shortcut is None else axis(name, width)
        found += _block(name, block, out, stream)
        stream = out
    classes = axis("classes", network.classifier.out_features)
    return [*found, *linear_pieces("classifier", network.classifier, classes, stream)]


def _block(name: str, block: ResidualBlock, out: Axis, inn: Axis) -> Iterator[Piece]:
    last = len(block.layers) - 1
    read = inn
    for number, module in enumerate(block.layers):
        layer = cast("ConvNorm", module)
        width = layer.norm.num_features
        written = out if number == last else axis(f"{name}.{number}", width)
        is_silent = number == last and block.shortcut is None
        yield from _conv_norm(f"{name}.layers.{number}", layer, written, read, is_silent=is_silent)
        read = written
    if block.shortcut is not None:
        yield from _conv_norm(f"{name}.shortcut", block.shortcut, out, inn)


def _conv_norm(
    name: str, layer: ConvNorm, out: Axis, inn: Axis, *, is_silent: bool = False
) -> Iterator[Piece]:
    yield from conv_pieces(name, layer.conv, out, inn)
    yield from norm_pieces(f"{name}.norm", layer.norm, out, is_silent=is_silent)
