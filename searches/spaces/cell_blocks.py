"""Cells of blocks: two inputs, two operations and a merge (Zoph et al., 2018, section 3)."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

import numpy as np

from searches.spaces import formulas
from searches.spaces.base import Gene
from searches.spaces.cell_definition import NORMAL, CellDefinition
from searches.spaces.cell_layout import Layer
from searches.spaces.cell_operations import NOTHING
from searches.spaces.cell_topology import (
    Floats,
    Graph,
    Integers,
    Node,
    Pick,
    Place,
    Topology,
    candidates,
    slots_of,
)
from searches.spaces.factors import Slot


class Blocks(Topology):
    """Genes of a block: input, operation, input, operation, and merge if there are several.

    States 0 and 1 are the inputs of the cell, older one first; block b, from 0, writes b + 2.
    """

    n_inputs = 2

    def __init__(self, definition: CellDefinition):
        super().__init__(definition)
        self.merges = definition.merges
        self._per_block = 4 + (len(self.merges) > 1)
        self.places = tuple(self._places())

    def _n_states(self, block: int) -> int:
        """How many states a block, from 0, may read."""
        return 2 if self.definition.inputs == "fixed" else block + 2

    def genes(self, kind: str) -> Iterator[Gene]:
        for block in range(self.n_nodes):
            name = f"{kind}.block{block + 1}"
            states = tuple(range(self._n_states(block)))
            for half in (1, 2):
                yield Gene(f"{name}.input{half}", states, f"{kind} cell")
                yield Gene(f"{name}.operation{half}", self.operations, f"{kind} cell")
            if len(self.merges) > 1:
                yield Gene(f"{name}.merge", self.merges, f"{kind} cell")

    def graph(self, options: Sequence[int]) -> Graph:
        nodes = []
        for start in range(0, len(options), self._per_block):
            first, one, second, other, *merge = options[start : start + self._per_block]
            picks = (Pick(first, self.operations[one]), Pick(second, self.operations[other]))
            nodes.append(Node(picks, self.merges[merge[0] if merge else 0]))
        return Graph(tuple(nodes), self._outputs(options))

    def _outputs(self, options: Sequence[int]) -> tuple[int, ...]:
        used = set()
        if self.definition.has_unused_output:
            n = self._per_block
            used = {*options[::n], *options[2::n]}
        return tuple(state for state in self.all_outputs() if state not in used)

    def widths(self) -> tuple[tuple[int, ...], Integers]:
        if not self.definition.has_unused_output:
            return super().widths()
        genes = [b * self._per_block + g for b in range(1, self.n_nodes) for g in (0, 2)]
        return tuple(genes), _unused_counts(self.n_nodes)

    def slots(self, layer: Layer) -> Iterator[Slot]:
        for block in range(self.n_nodes):
            start = block * self._per_block
            for half in (0, 2):
                yield from self._half_slots(layer, block, start + half)
            merges = [self.joined(layer, merge) for merge in self.merges]
            if len(merges) > 1:
                yield from slots_of((start + 4,), (len(merges),), merges)
            else:
                yield from slots_of((), (), merges)
        yield self.output_slot(layer)

    def _half_slots(self, layer: Layer, block: int, gene: int) -> Iterator[Slot]:
        """In a normal cell an operation costs the same on any input."""
        n_states = 1 if layer.kind == NORMAL else self._n_states(block)
        options = [
            self.parts(layer, state, name) for state in range(n_states) for name in self.operations
        ]
        if layer.kind == NORMAL:
            yield from slots_of((gene + 1,), (len(self.operations),), options)
        else:
            yield from slots_of((gene, gene + 1), (n_states, len(self.operations)), options)

    def formula(self) -> str:
        n, merges = len(self.operations), len(self.merges)
        if self.definition.inputs == "fixed":
            factors = ["2×2 inputs", f"{n}×{n} operations"]
            factors += [f"{merges} merges"] if merges > 1 else []
            inner = f"({' × '.join(factors)})"
            return f"{self.n_nodes} blocks: {formulas.power(inner, self.n_nodes)}"
        inputs = "·".join(str(self._n_states(block)) for block in range(self.n_nodes))
        factors = [f"({inputs})² inputs", f"({n}×{n})"]
        factors[1] = formulas.power(factors[1], self.n_nodes) + " operations"
        factors += [f"{formulas.power(merges, self.n_nodes)} merges"] if merges > 1 else []
        return f"{self.n_nodes} blocks: {' × '.join(factors)}"

    def _places(self) -> Iterator[Place]:
        options = candidates(self.operations)
        for block in range(self.n_nodes):
            name = f"block {block + 1}"
            for half, state in product((0, 1), range(self._n_states(block))):
                text = f"{name}, input {half + 1}, state {state}"
                yield Place(block, half, state, text, options)
            if len(self.merges) > 1:
                yield Place(block, None, None, f"{name}, merge", self.merges)

    def select(self, graph: Graph) -> tuple[int, ...]:
        found = []
        for place in self.places:
            node = graph.nodes[place.node]
            if place.half is None:
                found.append(place.options.index(node.merge))
                continue
            pick = node.picks[place.half]
            name = pick.operation if pick.state == place.state else NOTHING
            found.append(place.options.index(name))
        return tuple(found)

    def decode(self, weights: Sequence[Floats]) -> tuple[int, ...]:
        """Each half keeps its strongest input and operation.

        The papers of these cells are not differentiable; this is the rule of Liu et al., 2019
        (DARTS, section 2.4), which keeps as many edges per node as a node has inputs.
        """
        genes = [0] * (self.n_nodes * self._per_block)
        best: dict[int, float] = {}
        for place, given in zip(self.places, weights, strict=True):
            start = place.node * self._per_block
            if place.half is None or place.state is None:
                genes[start + 4] = int(np.argmax(given))
                continue
            position = start + 2 * place.half
            option = 1 + int(np.argmax(given[1:]))
            if given[option] > best.get(position, -np.inf):
                best[position] = float(given[option])
                genes[position] = place.state
                genes[position + 1] = self.operations.index(place.options[option])
        return tuple(genes)


@lru_cache(maxsize=16)
def _unused_counts(n_nodes: int) -> Integers:
    """Number of blocks that no other one takes as input, by the inputs of all but the first."""
    shape = [block + 2 for block in range(1, n_nodes) for _ in range(2)]
    chosen = np.indices(shape)  # [n_genes, *shape]: the state that each of the genes names
    counts = np.full(shape, n_nodes)
    for state in range(2, n_nodes + 1):
        counts = counts - (chosen == state).any(axis=0)
    counts.setflags(write=False)  # shared by all who ask
    return counts
