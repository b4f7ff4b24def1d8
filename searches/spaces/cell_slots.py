"""The operations of whole networks of cells, as slots."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from devices.profiles.operations import Operation
from searches.spaces.cell_definition import RESIDUAL, CellDefinition
from searches.spaces.cell_layout import Feed, Layer, Layout, layout
from searches.spaces.cell_operations import Where, conv, halved
from searches.spaces.cell_topology import Topology
from searches.spaces.factors import Slot

Make = Callable[[int], Operation]


def network_slots(
    definition: CellDefinition, topology: Topology, starts: Mapping[str, int]
) -> list[Slot]:
    """All slots in network order.

    Args:
        definition: of the space.
        topology: of its cells.
        starts: position of the first gene of each searched cell.
    """
    network = _Network(definition, topology, starts)
    resolutions = definition.resolutions
    networks = [network.slots(layout(definition, resolution)) for resolution in resolutions]
    if len(networks) == 1:
        return networks[0]
    known: dict[tuple[int, ...], Slot] = {}  # slots that repeat each other at every resolution
    found = []
    for slots in zip(*networks, strict=True):
        key = tuple(map(id, slots))
        if key not in known:
            known[key] = _by_resolution(slots)
        found.append(known[key])
    return found


def _by_resolution(slots: Sequence[Slot]) -> Slot:
    """One slot from those of each resolution; the resolution is gene 0."""
    operations: list[Operation | None] = []
    rows = []
    for slot in slots:
        listed = slot.operations.ravel().tolist()
        positions = slot.rows
        if positions is None:
            positions = np.arange(len(listed), dtype=np.int32).reshape(slot.operations.shape)
        rows.append(np.where(positions < 0, -1, positions + len(operations)))
        operations += listed
    table = np.stack(rows).astype(np.int32)
    return Slot((0, *slots[0].genes), np.array(operations, object), table)


@dataclass(frozen=True)
class _Network:
    definition: CellDefinition
    topology: Topology
    starts: Mapping[str, int]

    def slots(self, found: Layout) -> list[Slot]:
        """At one resolution; layers that cost the same share their slots."""
        definition = self.definition
        side = found.layers[0].side * definition.stem_stride
        stem = Where(side, definition.stem_width, definition.stem_stride)
        slots = [_fixed(replace(conv(stem, 3, cin=definition.in_channels), act="none"))]
        known: dict[tuple[object, ...], list[Slot]] = {}
        for layer in found.layers:
            feeds = tuple((f.source, f.channels, f.stride) for f in layer.feeds)
            key = (layer.kind, layer.channels, layer.side, feeds)
            if key not in known:
                known[key] = self._layer(layer)
            slots += known[key]
        return slots + self._head(found)

    def _layer(self, layer: Layer) -> list[Slot]:
        if layer.kind == RESIDUAL:
            return self._residual(layer)
        slots = []
        if self.topology.n_inputs > 1:
            at = Where(layer.side, layer.channels)
            slots = [self._by_width(f, matching(at, f.stride)) for f in layer.feeds]
        start = self.starts[layer.kind]
        for slot in self.topology.slots(layer):
            slots.append(replace(slot, genes=tuple(start + gene for gene in slot.genes)))
        return slots

    def _residual(self, layer: Layer) -> list[Slot]:
        """Two 3×3 convolutions beside an average pool and a 1×1 without norm, as NAS-Bench-201."""
        (feed,) = layer.feeds
        outer = Where(layer.side, layer.channels, 2)
        inner = Where(layer.side_out, layer.channels)

        def pooled(cin: int) -> Operation:
            return Operation("pool", h=layer.side, cin=cin, k=2, s=2, tag="avg")

        def shortcut(cin: int) -> Operation:
            return replace(conv(inner, 1, cin=cin), act="none", norm="none")

        return [
            self._by_width(feed, lambda cin: conv(outer, 3, cin=cin)),
            _fixed(conv(inner, 3)),
            self._by_width(feed, pooled),
            self._by_width(feed, shortcut),
            _fixed(Operation("add", h=inner.side, cin=inner.channels)),
        ]

    def _head(self, found: Layout) -> list[Slot]:
        """Norm and ReLU after a sum, ReLU after blocks, nothing in DARTS; pooling, classifier."""
        side, n_classes = found.side, self.definition.n_classes
        first: dict[str, list[Make]] = {
            "edges": [lambda cin: Operation("norm", h=side, cin=cin, norm="bn", act="relu")],
            "blocks": [lambda cin: Operation("act", h=side, cin=cin, act="relu")],
        }
        makes: list[Make] = [
            *first.get(self.definition.topology, []),
            lambda cin: Operation("gap", h=side, cin=cin),
            lambda cin: Operation("linear", cin=cin, cout=n_classes),
        ]
        return [self._by_width(found.last, make) for make in makes]

    def _by_width(self, feed: Feed, make: Make) -> Slot:
        """A slot whose operation reads all states of a feed."""
        if feed.source not in self.starts:
            return _fixed(make(feed.channels))
        slot = self.topology.slot_by_width(lambda n_states: make(n_states * feed.channels))
        start = self.starts[feed.source]
        return replace(slot, genes=tuple(start + gene for gene in slot.genes))


def matching(at: Where, stride: int) -> Make:
    """What brings an input of a cell to the cell's channels and map."""
    if stride == 1:
        return lambda cin: conv(at, 1, cin=cin)
    twice = replace(at, side=2 * at.side)
    return lambda cin: halved(twice, cin=cin)


def _fixed(operation: Operation) -> Slot:
    return Slot((), np.array([operation], object), np.array(0, np.int32))
