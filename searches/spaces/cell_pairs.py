"""Cells whose nodes keep two predecessors with an operation each (Liu et al., 2019, DARTS)."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np

from searches.spaces import formulas
from searches.spaces.base import Gene
from searches.spaces.cell_definition import NORMAL, CellDefinition
from searches.spaces.cell_layout import Layer
from searches.spaces.cell_operations import NOTHING
from searches.spaces.cell_topology import (
    Floats,
    Graph,
    Node,
    Pick,
    Place,
    Topology,
    candidates,
    slots_of,
)
from searches.spaces.factors import Slot

N_GENES = 3  # of a node


class Pairs(Topology):
    """Genes of a node: its pair of predecessors, and an operation on each of them.

    States 0 and 1 are the inputs of the cell, older one first; node n, from 0, writes n + 2. All
    nodes leave the cell, concatenated.
    """

    n_inputs = 2

    def __init__(self, definition: CellDefinition):
        super().__init__(definition)
        self._pairs = [tuple(combinations(range(n + 2), 2)) for n in range(self.n_nodes)]
        options = candidates(self.operations)
        self.places = tuple(
            Place(node, 0, state, f"node {node + 1}, state {state}", options)
            for node in range(self.n_nodes)
            for state in range(node + 2)
        )

    def genes(self, kind: str) -> Iterator[Gene]:
        for node, pairs in enumerate(self._pairs):
            name = f"{kind}.node{node + 1}"
            yield Gene(f"{name}.inputs", pairs, f"{kind} cell")
            for half in (1, 2):
                yield Gene(f"{name}.operation{half}", self.operations, f"{kind} cell")

    def graph(self, options: Sequence[int]) -> Graph:
        nodes = []
        for node, pairs in enumerate(self._pairs):
            pair, *chosen = options[N_GENES * node : N_GENES * (node + 1)]
            names = [self.operations[index] for index in chosen]
            nodes.append(Node(tuple(map(Pick, pairs[pair], names))))
        return Graph(tuple(nodes), self.all_outputs())

    def slots(self, layer: Layer) -> Iterator[Slot]:
        for node in range(self.n_nodes):
            for half in (0, 1):
                yield from self._half_slots(layer, node, half)
            yield from slots_of((), (), [self.joined(layer, "add")])
        yield self.output_slot(layer)

    def _half_slots(self, layer: Layer, node: int, half: int) -> Iterator[Slot]:
        """In a normal cell an operation costs the same on any predecessor."""
        start = N_GENES * node
        pairs = self._pairs[node] if layer.kind != NORMAL else self._pairs[node][:1]
        options = [
            self.parts(layer, pair[half], name) for pair in pairs for name in self.operations
        ]
        own, n_operations = start + 1 + half, len(self.operations)
        if layer.kind == NORMAL:
            yield from slots_of((own,), (n_operations,), options)
        else:
            yield from slots_of((start, own), (len(pairs), n_operations), options)

    def formula(self) -> str:
        pairs = "·".join(str(comb(node + 2, 2)) for node in range(self.n_nodes))
        n = len(self.operations)
        operations = formulas.power(f"({n}×{n})", self.n_nodes)
        return f"{self.n_nodes} nodes: ({pairs}) pairs of inputs × {operations} operations"

    def select(self, graph: Graph) -> tuple[int, ...]:
        found = []
        for place in self.places:
            picks = {pick.state: pick.operation for pick in graph.nodes[place.node].picks}
            name = NOTHING if place.state is None else picks.get(place.state, NOTHING)
            found.append(place.options.index(name))
        return tuple(found)

    def decode(self, weights: Sequence[Floats]) -> tuple[int, ...]:
        """The two strongest edges of each node, `none` left out of both choices (section 2.4)."""
        genes: list[int] = []
        given = iter(weights)
        for node, pairs in enumerate(self._pairs):
            edges = [np.asarray(next(given))[1:] for _ in range(node + 2)]
            strength = [float(edge.max()) for edge in edges]
            ranked = sorted(range(len(edges)), key=lambda state: (-strength[state], state))
            pair = tuple(sorted(ranked[:2]))
            genes.append(pairs.index(pair))
            for state in pair:
                name = self.places[0].options[1 + int(np.argmax(edges[state]))]
                genes.append(self.operations.index(name))
        return tuple(genes)
