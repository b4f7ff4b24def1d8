"""A cell that holds all operations at all places.

Inside, batch and layer norms have no scale and shift of their own, and pooling in cells of blocks
and pairs is followed by a batch norm: otherwise an operation could make up in scale for what a
small weight takes away (as in the published search network of Liu et al., 2019, DARTS).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from devices.profiles.operations import Operation
from searches.networks.cell_network import OPERATIONS, ReluConvNorm, Zero, matching
from searches.networks.mixed import Floats, MixedOperation, Single
from searches.spaces.cell_definition import CellDefinition
from searches.spaces.cell_layout import Layer
from searches.spaces.cell_topology import Place
from searches.spaces.cells import CellSpace


class AddHalves(nn.Module):
    """The sum of the two halves of the channels."""

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, 1)
        return first + second


class MixedCell(nn.Module):
    """A cell of the supernet.

    Args:
        space: What is searched.
        layer: Where the cell is.
        widths: Channels of its inputs, when everything that can be there is there.
        first_choice: Position of its first place in the choices of the mixture.
    """

    def __init__(
        self, space: CellSpace, layer: Layer, widths: Sequence[int], *, first_choice: int
    ):
        super().__init__()
        self.topology, self.definition, channels = space.topology, space.definition, layer.channels
        self.layer, self.first_choice = layer, first_choice
        feeds = zip(widths, layer.feeds, strict=True) if self.topology.n_inputs > 1 else ()
        self.inputs = nn.ModuleList(matching(cin, channels, feed.stride) for cin, feed in feeds)
        self.places = nn.ModuleList(
            MixedOperation(self._candidates(place), choice=first_choice + index)
            for index, place in enumerate(self.topology.places)
        )
        self.halves, self.merges = _by_node(self.topology.places)
        is_narrowed = self.definition.merges == ("concat",)  # where there is nothing to choose
        self.narrow = nn.ModuleList(
            ReluConvNorm(2 * channels, channels, 1)
            for _ in range(self.topology.n_computed * is_narrowed)
        )
        without_scale(self)

    def _candidates(self, place: Place) -> list[nn.Module]:
        channels = self.layer.channels
        if place.state is None:
            both = 2 * channels
            return [
                AddHalves() if name == "add" else ReluConvNorm(both, channels, 1)
                for name in place.options
            ]
        stride = self.topology.where(self.layer, place.state).stride
        settings = mixture_settings(self.definition)
        return [OPERATIONS[name](channels, stride, settings) for name in place.options]

    def forward(self, *feeds: Tensor) -> Tensor:
        states = list(feeds)
        if self.inputs:
            states = [match(feed) for match, feed in zip(self.inputs, feeds, strict=True)]
        for node in range(self.topology.n_computed):
            halves = [self._sum(places, states) for places in self.halves[node]]
            states.append(self._joined(node, halves))
        found = [states[index] for index in self.outputs()]
        return torch.cat(found, 1) if len(found) > 1 else found[0]

    def _sum(self, places: Sequence[tuple[int, int]], states: Sequence[Tensor]) -> Tensor:
        """What reaches a node, or a half of it; what surely is zero is not computed."""
        found = [
            self.places[index](states[state])
            for index, state in places
            if not is_silent(self.places[index])
        ]
        if not found:
            index, state = places[0]
            found = [self.places[index](states[state])]
        return _total(found)

    def _joined(self, node: int, halves: Sequence[Tensor]) -> Tensor:
        merge = self.merges.get(node)
        if merge is not None:
            return self.places[merge](torch.cat(tuple(halves), 1))  # type: ignore[no-any-return]
        if self.narrow:
            return self.narrow[node](torch.cat(tuple(halves), 1))  # type: ignore[no-any-return]
        return _total(halves)

    def outputs(self) -> tuple[int, ...]:
        """The states that leave the cell under the present gates."""
        every = self.topology.all_outputs()
        is_certain = all(isinstance(place.gate, Single) for place in self.places)
        if not self.definition.has_unused_output or not is_certain:
            return every
        used = {
            place.state
            for place, mixed in zip(self.topology.places, self.places, strict=True)
            if not is_silent(mixed)
        }
        return tuple(state for state in every if state not in used)

    def active_parts(self) -> Iterator[tuple[str, nn.Module]]:
        """What runs, by the names of the plain cell, when every place runs one operation."""
        for index, match in enumerate(self.inputs):
            yield f"inputs.{index}.", match
        for node, halves in enumerate(self.halves):
            for half, places in enumerate(halves):
                active = [index for index, _ in places if not is_silent(self.places[index])]
                for number, index in enumerate(active):
                    yield f"nodes.{node}.operations.{half + number}.", _running(self.places[index])
            if node in self.merges:
                yield f"nodes.{node}.narrow.", _running(self.places[self.merges[node]])
            elif self.narrow:
                yield f"nodes.{node}.narrow.", self.narrow[node]

    def costs(self, layer: Layer, cost: Callable[[Operation], float]) -> list[Floats]:
        """For each place, what each option adds to a cost of this cell in a layer like its own."""
        found = []
        for place in self.topology.places:
            chains = [self.topology.chain(layer, place, name) for name in place.options]
            found.append(np.array([sum(map(cost, chain)) for chain in chains], np.float64))
        return found


def _by_node(
    places: Sequence[Place],
) -> tuple[list[list[list[tuple[int, int]]]], dict[int, int]]:
    """By node and half: index and state of each place; and by node, the place of its merge."""
    halves: dict[tuple[int, int], list[tuple[int, int]]] = {}
    merges: dict[int, int] = {}
    for index, place in enumerate(places):
        if place.half is None or place.state is None:
            merges[place.node] = index
        else:
            halves.setdefault((place.node, place.half), []).append((index, place.state))
    by_node: dict[int, list[list[tuple[int, int]]]] = {}
    for (node, _), listed in sorted(halves.items()):
        by_node.setdefault(node, []).append(listed)
    return [by_node[node] for node in sorted(by_node)], merges


def is_silent(place: nn.Module) -> bool:
    """Whether nothing but zeros comes out."""
    if not isinstance(place, MixedOperation) or not isinstance(place.gate, Single):
        return False
    return isinstance(place.candidates[place.gate.index], Zero)


def _running(place: nn.Module) -> nn.Module:
    if not isinstance(place, MixedOperation) or not isinstance(place.gate, Single):
        raise TypeError("only a Single gate says which candidate runs")
    return place.candidates[place.gate.index]


def _total(tensors: Sequence[Tensor]) -> Tensor:
    found: Tensor = sum(tensors[1:], tensors[0])
    return found


def without_scale(module: nn.Module) -> None:
    """Take scale and shift from all norms inside."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d | nn.LayerNorm):
            part.register_parameter("weight", None)
            part.register_parameter("bias", None)


def mixture_settings(definition: CellDefinition) -> dict[str, Any]:
    """Of all operations inside the supernet, and of the networks taken out of it."""
    pool_norm = definition.topology != "edges"
    return {"groups": definition.groups, "heads": definition.heads, "pool_norm": pool_norm}
