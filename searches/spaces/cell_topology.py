"""What the three topologies of cells have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from devices.profiles.operations import Operation
from searches.spaces.base import Gene, Genes
from searches.spaces.cell_definition import CellDefinition
from searches.spaces.cell_layout import Layer
from searches.spaces.cell_operations import BY_NAME, NOTHING, Where, conv
from searches.spaces.factors import Slot

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pick:
    """An operation on an earlier state of the cell; its inputs are the first states."""

    state: int
    operation: str


@dataclass(frozen=True)
class Node:
    """A new state: picks that are added up, or concatenated and brought back by a 1×1."""

    picks: tuple[Pick, ...]
    merge: str = "add"


@dataclass(frozen=True)
class Graph:
    """One cell; `outputs` are the states that leave it, concatenated."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """Where a supernet's cell holds several candidates at once.

    Attributes:
        node: position in `Graph.nodes`.
        half: of a block, 0 or 1; 0 otherwise; None where the halves of a block are joined.
        state: that is read; None where halves are joined.
        options: names of operations or merges.
    """

    node: int
    half: int | None
    state: int | None
    name: str
    options: tuple[str, ...]


class Topology(ABC):
    """How the genes of one cell say what it computes.

    Genes are local here: position 0 is the cell's first one.

    Attributes:
        n_inputs: outputs of earlier layers that the cell reads: its first states.
        n_computed: states after them.
        places: of the supernet; every place learns one vector of architecture parameters.
    """

    n_inputs: int
    n_computed: int
    places: tuple[Place, ...]

    def __init__(self, definition: CellDefinition):
        self.definition = definition
        self.n_nodes = self.n_computed = definition.n_nodes
        self.operations = definition.chosen_operations

    @abstractmethod
    def genes(self, kind: str) -> Iterator[Gene]:
        """The genes of the normal or the reduction cell."""

    @abstractmethod
    def graph(self, options: Sequence[int]) -> Graph:
        """The cell; what reaches nothing, or is reached by nothing, is left out of "edges"."""

    @abstractmethod
    def slots(self, layer: Layer) -> Iterator[Slot]:
        """What runs inside a cell of this layer, its output's concatenation included."""

    @abstractmethod
    def formula(self) -> str:
        """The factors of the number of cells."""

    @abstractmethod
    def select(self, graph: Graph) -> tuple[int, ...]:
        """For each place the option with which a supernet computes as the graph."""

    @abstractmethod
    def decode(self, weights: Sequence[Floats]) -> tuple[int, ...]:
        """The cell that probabilities, one vector per place, stand for."""

    def living_options(self, options: Genes) -> Genes:
        """The options of the same cell without those that have no effect; here all have one."""
        return options

    def all_outputs(self) -> tuple[int, ...]:
        """The states that can leave a cell."""
        return tuple(range(self.n_inputs, self.n_inputs + self.n_computed))

    def widths(self) -> tuple[tuple[int, ...], Integers]:
        """Number of states that leave a cell: the genes it depends on, and a table over them."""
        return (), np.array(self.n_nodes)

    def where(self, layer: Layer, state: int) -> Where:
        """The place of an operation on a state: a strided cell halves its inputs only."""
        is_input = state < self.n_inputs
        return Where(
            layer.side if is_input else layer.side_out,
            layer.channels,
            layer.stride if is_input else 1,
            self.definition.groups,
            self.definition.heads,
        )

    def parts(self, layer: Layer, state: int, operation: str) -> tuple[Operation, ...]:
        """What an operation on a state consists of."""
        return BY_NAME[operation](self.where(layer, state))

    def chain(self, layer: Layer, place: Place, option: str) -> tuple[Operation, ...]:
        """What an option of a place consists of."""
        if place.state is None:
            return self.joined(layer, option)
        return self.parts(layer, place.state, option)

    def reference(self) -> tuple[int, ...]:
        """A cell of the first operation that leaves nothing out: all states that can, leave it."""
        return (0,) * sum(1 for _ in self.genes(""))

    def joined(self, layer: Layer, merge: str) -> tuple[Operation, ...]:
        """What brings the two halves of a node together."""
        at = Where(layer.side_out, layer.channels)
        if merge == "add":
            return (Operation("add", h=at.side, cin=at.channels),)
        both = 2 * at.channels
        return (Operation("concat", h=at.side, cout=both), conv(at, 1, cin=both))

    def output(self, layer: Layer, n_states: int) -> Operation | None:
        """The concatenation of the states that leave the cell."""
        if n_states == 1:
            return None
        return Operation("concat", h=layer.side_out, cout=n_states * layer.channels)

    def output_slot(self, layer: Layer) -> Slot:
        return self.slot_by_width(lambda n_states: self.output(layer, n_states))

    def slot_by_width(self, make: Callable[[int], Operation | None]) -> Slot:
        """A slot whose operation follows from how many states leave a cell."""
        genes, counts = self.widths()
        occurs = np.bincount(counts.ravel()) > 0  # sorting large tables would take longer
        listed = np.array([make(int(n_states)) for n_states in np.flatnonzero(occurs)], object)
        positions = (np.cumsum(occurs) - 1).astype(np.int32)
        return Slot(genes, listed, positions[counts])


def slots_of(
    genes: tuple[int, ...], shape: tuple[int, ...], options: Sequence[tuple[Operation, ...]]
) -> Iterator[Slot]:
    """Slots of a place at which each option is a chain of operations, in row-major order."""
    for position in range(max(map(len, options))):
        found = np.full(len(options), None, object)
        for index, chain in enumerate(options):
            found[index] = chain[position] if position < len(chain) else None
        yield Slot(genes, found.reshape(shape))


def candidates(operations: Sequence[str]) -> tuple[str, ...]:
    """Operations beside `none`, the option that stands for a connection that is not there."""
    return (NOTHING, *(name for name in operations if name != NOTHING))
