"""Pieces of networks of cells: an operation is the same where kind, node and input are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import cast

from torch import nn

from searches.networks.cell_network import (
    Asymmetric,
    Attention,
    Cell,
    CellNetwork,
    Halving,
    Linear,
    Node,
    ReluConvNorm,
    Residual,
    Separable,
)
from searches.networks.inheritance.pieces import (
    Axis,
    Channels,
    Piece,
    axis,
    conv_pieces,
    linear_pieces,
    norm_pieces,
)


def pieces_of(network: CellNetwork) -> list[Piece]:
    """All pieces. A new operation adds nothing at first, as if nothing had been there."""
    conv, norm = cast("nn.Conv2d", network.stem[0]), network.stem[1]
    stem, pixels = axis("stem", conv.out_channels), axis("pixels", conv.in_channels)
    found = [*conv_pieces("stem", conv, stem, pixels), *norm_pieces("stem.norm", norm, stem)]
    written: list[Axis] = [stem]  # by position + 1
    for number, (feeds, layer) in enumerate(zip(network.feeds, network.layers, strict=True)):
        name, read = f"layers.{number}", [written[feed + 1] for feed in feeds]
        shape = network.config["layers"][number]
        if isinstance(layer, Cell):
            found += _cell(name, layer, shape["channels"], read)
            states = (Channels(f"{name}.state{s}", shape["channels"]) for s in shape["outputs"])
            written.append(tuple(states))
        else:
            out = axis(name, shape["cout"])
            found += _residual(name, cast("Residual", layer), out, read[0])
            written.append(out)
    if network.head.norm is not None:
        found += norm_pieces("head.norm", network.head.norm, written[-1])
    classes = axis("classes", network.head.classifier.out_features)
    return [
        *found,
        *linear_pieces("head.classifier", network.head.classifier, classes, written[-1]),
    ]


def _residual(name: str, layer: Residual, out: Axis, inn: Axis) -> Iterator[Piece]:
    inside = axis(f"{name}.inside", layer.first.norm.num_features)
    yield from _operation(f"{name}.first", layer.first, inside, inn)
    yield from _operation(f"{name}.second", layer.second, out, inside)
    yield from conv_pieces(f"{name}.shortcut", layer.shortcut, out, inn)


def _cell(name: str, cell: Cell, channels: int, read: Sequence[Axis]) -> Iterator[Piece]:
    states = list(read)
    for number, match in enumerate(cell.inputs):
        states[number] = axis(f"{name}.input{number}", channels)
        yield from _operation(f"{name}.inputs.{number}", match, states[number], read[number])
    for number, module in enumerate(cell.nodes):
        states.append(axis(f"{name}.state{len(states)}", channels))
        yield from _node(f"{name}.nodes.{number}", cast("Node", module), states)


def _node(name: str, node: Node, states: Sequence[Axis]) -> Iterator[Piece]:
    """What computes the last of the states."""
    seen: Counter[int] = Counter()
    parts: list[Channels] = []
    for state, operation in zip(node.states, node.operations, strict=True):
        place = f"{name}.from{state}.{seen[state]}"
        seen[state] += 1
        parts.append(Channels(place, states[-1][0].width))
        out = states[-1] if node.narrow is None else (parts[-1],)
        kind = f"{place}.{type(operation).__name__}"
        yield from _operation(kind, operation, out, states[state], is_silent=True)
    if node.narrow is not None:
        yield from _operation(f"{name}.narrow", node.narrow, states[-1], tuple(parts))


def _operation(
    name: str, layer: nn.Module, out: Axis, inn: Axis, *, is_silent: bool = False
) -> Iterator[Piece]:
    """An operation; its last norm makes it silent."""
    if isinstance(layer, nn.Sequential):
        last = len(layer) - 1
        for number, inner in enumerate(layer):
            ends = is_silent and number == last
            yield from _operation(f"{name}.{number}", inner, out, inn, is_silent=ends)
        return
    if isinstance(layer, Linear | Attention):
        for part, module in layer.named_children():
            if isinstance(module, nn.Linear):
                yield from linear_pieces(f"{name}.{part}", module, out, inn)
    else:
        yield from _convolutions(name, layer, out, inn)
    if isinstance(norm := getattr(layer, "norm", None), nn.Module):
        yield from norm_pieces(f"{name}.norm", norm, out, is_silent=is_silent)


def _convolutions(name: str, layer: nn.Module, out: Axis, inn: Axis) -> Iterator[Piece]:
    if isinstance(layer, ReluConvNorm):
        yield from conv_pieces(f"{name}.conv", layer.conv, out, inn)
    elif isinstance(layer, Separable):
        yield from conv_pieces(f"{name}.depthwise", layer.depthwise, inn, inn)
        yield from conv_pieces(f"{name}.pointwise", layer.pointwise, out, inn)
    elif isinstance(layer, Asymmetric):
        yield from conv_pieces(f"{name}.row", layer.row, inn, inn)
        yield from conv_pieces(f"{name}.column", layer.column, out, inn)
    elif isinstance(layer, Halving):
        for part in ("first", "second"):
            conv = getattr(layer, part)
            own = axis(f"{name}.{part}", conv.out_channels)
            yield from conv_pieces(f"{name}.{part}", conv, own, inn)
