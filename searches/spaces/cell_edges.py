"""Cells with an operation between any two nodes (Dong and Yang, 2020, NAS-Bench-201).

Node 0 is the input, the last node the output; a node is the sum of its incoming edges.

An edge that carries nothing, because no path leads from the input to it or from it to the output,
is left out of the network and of its cost: a runtime would not run it either. The published
parameters and MACs of NAS-Bench-201 count such edges.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from devices.profiles.operations import Operation
from searches.spaces import formulas
from searches.spaces.base import Gene, Genes, InvalidArchitecture
from searches.spaces.cell_definition import CellDefinition
from searches.spaces.cell_layout import Layer
from searches.spaces.cell_operations import IDENTITY, NOTHING
from searches.spaces.cell_topology import (
    Floats,
    Graph,
    Integers,
    Node,
    Pick,
    Place,
    Topology,
)
from searches.spaces.factors import Slot

Edge = tuple[int, int]
# How NAS-Bench-201 writes operations in its strings; others keep their names.
PUBLISHED = {"conv_1x1": "nor_conv_1x1", "conv_3x3": "nor_conv_3x3"}


class Edges(Topology):
    """One gene per edge: first those into node 1, then those into node 2, and so on."""

    n_inputs = 1

    def __init__(self, definition: CellDefinition):
        super().__init__(definition)
        self.n_computed = self.n_nodes - 1
        self.edges = [(i, j) for j in range(1, self.n_nodes) for i in range(j)]
        self._is_there = np.array([name != NOTHING for name in self.operations]).astype(int)
        self.places = tuple(
            Place(j - 1, 0, i, f"edge {i} to {j}", self.operations) for i, j in self.edges
        )

    def genes(self, kind: str) -> Iterator[Gene]:
        for i, j in self.edges:
            yield Gene(f"{kind}.edge{i}-{j}", self.operations, f"{kind} cell")

    def graph(self, options: Sequence[int]) -> Graph:
        names = dict(zip(self.edges, (self.operations[index] for index in options), strict=True))
        there = {edge for edge, name in names.items() if name != NOTHING}
        alive = living(there, self.n_nodes)
        nodes = [
            Node(tuple(Pick(i, names[i, j]) for i in range(j) if (i, j) in alive))
            for j in range(1, self.n_nodes)
        ]
        return Graph(tuple(nodes), self.all_outputs())

    def living_options(self, options: Genes) -> Genes:
        """With `none` on the edges that carry nothing."""
        if NOTHING not in self.operations:
            return options
        nothing = self.operations.index(NOTHING)
        chosen = zip(self.edges, options, strict=True)
        alive = living({edge for edge, option in chosen if option != nothing}, self.n_nodes)
        chosen = zip(self.edges, options, strict=True)
        return tuple(option if edge in alive else nothing for edge, option in chosen)

    def all_outputs(self) -> tuple[int, ...]:
        return (self.n_nodes - 1,)

    def widths(self) -> tuple[tuple[int, ...], Integers]:
        return (), np.array(1)

    def is_connected(self, options: Sequence[int]) -> bool:
        """Whether a path leads from the input to the output."""
        return bool(self.graph(options).nodes[-1].picks)

    def slots(self, layer: Layer) -> Iterator[Slot]:
        for edge in self.edges:
            yield from self._edge_slots(layer, edge)
            if edge[0] > 0:
                yield self._add_slot(layer, edge)

    def _edge_slots(self, layer: Layer, edge: Edge) -> Iterator[Slot]:
        chains = [self.parts(layer, edge[0], name) for name in self.operations]
        genes, alive = self._table([edge], lambda found: edge in found)
        axis = genes.index(self.edges.index(edge))
        option = np.arange(len(chains)).reshape(
            [-1 if a == axis else 1 for a in range(len(genes))]
        )
        for position in range(max(map(len, chains))):
            listed, rows = _listed(chains, position)
            yield Slot(genes, listed, np.where(alive, rows[option], -1).astype(np.int32))

    def _add_slot(self, layer: Layer, edge: Edge) -> Slot:
        """The addition of an edge to those before it into the same node."""
        into = [(i, edge[1]) for i in range(edge[0] + 1)]
        genes, is_added = self._table(
            into, lambda found: edge in found and any(other in found for other in into[:-1])
        )
        (addition,) = self.joined(layer, "add")
        return Slot(
            genes, np.array([addition], object), np.where(is_added, 0, -1).astype(np.int32)
        )

    def _table(
        self, edges: Sequence[Edge], holds: Callable[[Collection[Edge]], bool]
    ) -> tuple[tuple[int, ...], npt.NDArray[np.bool_]]:
        """For what some edges are alive or not: the genes that matter, and a table over them."""
        if NOTHING not in self.operations:
            genes = (self.edges.index(edges[-1]),)
            return genes, np.full(len(self.operations), holds(self.edges))
        matters = [e for e in self.edges if any(_matters(e, edge) for edge in edges)]
        patterns = np.zeros((2,) * len(matters), bool)
        for pattern in product((0, 1), repeat=len(matters)):
            there = {edge for edge, is_there in zip(matters, pattern, strict=True) if is_there}
            patterns[pattern] = holds(_reached(there, edges, self.n_nodes))
        axes = np.ix_(*[self._is_there] * len(matters))
        return tuple(self.edges.index(edge) for edge in matters), patterns[axes]

    def chain(self, layer: Layer, place: Place, option: str) -> tuple[Operation, ...]:
        """Each edge that is there costs an addition; a node has one less than that."""
        own = super().chain(layer, place, option)
        return own if option == NOTHING else own + self.joined(layer, "add")

    def reference(self) -> tuple[int, ...]:
        first = int(np.argmax(self._is_there))
        return (first,) * len(self.edges)

    def formula(self) -> str:
        operations = formulas.power(len(self.operations), len(self.edges))
        return f"{len(self.edges)} edges: {operations} operations"

    def select(self, graph: Graph) -> tuple[int, ...]:
        found = []
        for place in self.places:
            picks = {pick.state: pick.operation for pick in graph.nodes[place.node].picks}
            name = NOTHING if place.state is None else picks.get(place.state, NOTHING)
            found.append(place.options.index(name))
        return tuple(found)

    def decode(self, weights: Sequence[Floats]) -> tuple[int, ...]:
        """The strongest operation of each edge, `none` among them (Dong and Yang, 2020)."""
        return tuple(int(np.argmax(given)) for given in weights)

    def to_text(self, options: Sequence[int]) -> str:
        """As NAS-Bench-201 writes it: |op~0|+|op~0|op~1|+|op~0|op~1|op~2|."""
        names = dict(zip(self.edges, (self.operations[index] for index in options), strict=True))
        nodes = [
            "".join(f"|{PUBLISHED.get(names[i, j], names[i, j])}~{i}" for i in range(j)) + "|"
            for j in range(1, self.n_nodes)
        ]
        return "+".join(nodes)

    def from_text(self, text: str) -> tuple[int, ...]:
        """The inverse of `to_text`.

        Raises:
            InvalidArchitecture: not such a text, or of other nodes and operations.
        """
        names = {PUBLISHED.get(name, name): n for n, name in enumerate(self.operations)}
        nodes = [node.strip("|").split("|") for node in text.strip().split("+")]
        found = []
        for j, node in enumerate(nodes, start=1):
            for i, word in enumerate(node):
                name, _, source = word.partition("~")
                if name not in names or source != str(i) or i >= j:
                    raise InvalidArchitecture(f"{word!r} is no edge {i} to {j} of this space.")
                found.append(names[name])
        if len(nodes) != self.n_nodes - 1 or len(found) != len(self.edges):
            raise InvalidArchitecture(f"{self.n_nodes - 1} nodes with all edges are needed.")
        return tuple(found)

    def isomorphism_key(self, options: Sequence[int]) -> str:
        """See `isomorphism_key`."""
        return isomorphism_key([self.operations[index] for index in options], self.n_nodes)


def isomorphism_key(names: Sequence[str], n_nodes: int) -> str:
    """Equal for cells that compute the same function for a plain reason.

    The canonical text of NAS-Bench-201: a node is the sum of its terms in the order of their
    letters, an identity is its source, and `none` is zero ("#"), as is any operation on a zero
    source. Zeros stay in sums, and an inner sum is not taken apart before its text is sorted, so
    that some equal sums differ: 6,466 classes, as published.

    Args:
        names: the operation of each edge, in the order of the genes.
        n_nodes: input and output included.
    """
    given = iter(names)
    states = ["0"]
    for node in range(1, n_nodes):
        terms = [_term(next(given), states[source]) for source in range(node)]
        states.append("+".join(sorted(terms)))
    return states[-1]


def _term(operation: str, source: str) -> str:
    if operation == NOTHING or source == "#":
        return "#"
    return source if operation == IDENTITY else f"({source})@{operation}"


@lru_cache(maxsize=16)
def counted(operations: tuple[str, ...], n_nodes: int) -> tuple[int, int]:
    """How many classes of isomorphic cells there are, and how many cells without a path."""
    edges = [(i, j) for j in range(1, n_nodes) for i in range(j)]
    keys, n_dead = set(), 0
    for names in product(operations, repeat=len(edges)):
        keys.add(isomorphism_key(names, n_nodes))
        there = {edge for edge, name in zip(edges, names, strict=True) if name != NOTHING}
        n_dead += not _leads(frozenset(there), 0, n_nodes - 1)
    return len(keys), n_dead


def _listed(
    chains: Sequence[tuple[Operation, ...]], position: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int32]]:
    """The operations at one position of the chains, and for each chain the row of its own."""
    found = [chain[position] for chain in chains if position < len(chain)]
    rows = np.cumsum([position < len(chain) for chain in chains]) - 1
    is_there = np.array([position < len(chain) for chain in chains])
    return np.array(found, object), np.where(is_there, rows, -1).astype(np.int32)


def _matters(other: Edge, edge: Edge) -> bool:
    """Whether an edge has a say in another one's being alive: before it, behind it, or itself."""
    return other == edge or other[1] <= edge[0] or other[0] >= edge[1]


def living(there: Collection[Edge], n_nodes: int) -> frozenset[Edge]:
    """The edges that lie on a path from the first to the last node."""
    return _reached(there, tuple(there), n_nodes)


def _reached(there: Collection[Edge], edges: Sequence[Edge], n_nodes: int) -> frozenset[Edge]:
    """Those of `edges` that are there and on a path from the first to the last node."""
    return frozenset(
        (i, j)
        for i, j in edges
        if (i, j) in there
        and _leads(frozenset(there), 0, i)
        and _leads(frozenset(there), j, n_nodes - 1)
    )


@lru_cache(maxsize=65536)
def _leads(there: frozenset[Edge], start: int, end: int) -> bool:
    if start == end:
        return True
    return any((start, to) in there and _leads(there, to, end) for to in range(start + 1, end + 1))
