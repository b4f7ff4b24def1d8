"""Cell spaces: one small graph is searched, and the network repeats it.

Genes: resolution, if there are several; then those of the normal cell; then those of the
reduction cell, if it is searched. Sources: see `cell_definition`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from searches.spaces import formulas
from searches.spaces.base import Gene, Genes, InvalidArchitecture
from searches.spaces.cell_blocks import Blocks
from searches.spaces.cell_definition import FAMILY, NORMAL, CellDefinition
from searches.spaces.cell_edges import Edges, counted
from searches.spaces.cell_layout import Layout, layout
from searches.spaces.cell_operations import NOTHING
from searches.spaces.cell_pairs import Pairs
from searches.spaces.cell_slots import network_slots
from searches.spaces.cell_topology import Graph, Topology
from searches.spaces.factors import FactorSpace, Slot
from searches.spaces.scaling import channels

TOPOLOGIES: Mapping[str, type[Topology]] = {"blocks": Blocks, "pairs": Pairs, "edges": Edges}
LARGEST_COUNTED = 100_000  # cells whose isomorphisms are worth a second


class CellSpace(FactorSpace):
    """A family of networks that repeat one searched cell, or a normal and a reduction cell.

    Attributes:
        topology: how the genes of a cell say what it computes.
    """

    family = FAMILY
    definition_class = CellDefinition

    def __init__(self, definition: CellDefinition):
        self.definition = definition
        self.topology = TOPOLOGIES[definition.topology](definition)
        genes = []
        if len(definition.resolutions) > 1:
            genes.append(Gene("resolution", definition.resolutions, "input"))
        self._starts: dict[str, int] = {}
        for kind in definition.kinds:
            self._starts[kind] = len(genes)
            genes += self.topology.genes(kind)
        self.genes = tuple(genes)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CellSpace":
        return cls(CellDefinition.from_json(data))

    def to_json(self) -> dict[str, Any]:
        return self.definition.to_json()

    def with_data(self, *, in_channels: int, n_classes: int) -> "CellSpace":
        """The same choices for images of so many channels and so many classes."""
        return CellSpace(replace(self.definition, in_channels=in_channels, n_classes=n_classes))

    def scaled(self, width: float, resolution: int) -> "CellSpace":
        """As `scaling.Scalable`: the states of all cells and the stem alike."""
        of = self.definition
        changed = replace(
            of,
            channels=channels(of.channels, width),
            stem_width=channels(of.stem_width, width),
            resolutions=(resolution,),
            preset="",
        )
        return CellSpace(changed)

    def size_formula(self) -> str:
        text = self.topology.formula()
        if len(self.definition.kinds) > 1:
            text = f"2 cells: ({text})²"
        n_resolutions = len(self.definition.resolutions)
        return f"{n_resolutions} resolutions × ({text})" if n_resolutions > 1 else text

    def size_note(self) -> str:
        if self.definition.topology == "blocks":
            return _blocks_note(self.definition)
        if self.definition.topology == "pairs" and NOTHING in self.definition.operations:
            return "none is a candidate during a differentiable search only."
        n_operations, n_nodes = len(self.definition.operations), self.definition.n_nodes
        if n_operations ** (n_nodes * (n_nodes - 1) // 2) > LARGEST_COUNTED:
            return ""
        n_classes, n_dead = counted(self.definition.operations, n_nodes)
        return (
            f"{n_classes:,} different cells if identities and the order of sums do not count; "
            f"in {n_dead:,} no path leads from the input to the output."
        )

    @property
    def n_shared_genes(self) -> int:
        """How many genes come before those of the cells."""
        return min(self._starts.values())

    def resolution(self, genes: Genes) -> int:
        """Side of the input images of an architecture."""
        resolutions = self.definition.resolutions
        return resolutions[genes[0]] if len(resolutions) > 1 else resolutions[0]

    def phenotype(self, genes: Genes) -> Genes:
        """Without what no path through a cell passes: it is not in the network either."""
        canonical = self.canonical(genes)
        cells = [self.topology.living_options(self.cell(canonical, k)) for k in self._starts]
        return canonical[: self.n_shared_genes] + tuple(
            option for cell in cells for option in cell
        )

    def cell(self, genes: Genes, kind: str) -> Genes:
        """The genes of one of the searched cells."""
        start = self._starts[kind]
        n_genes = (len(self.genes) - self.n_shared_genes) // len(self._starts)
        return genes[start : start + n_genes]

    def graph(self, genes: Genes, kind: str) -> Graph:
        """What a "normal" or "reduction" cell computes."""
        return self.topology.graph(self.cell(genes, kind))

    def layout(self, resolution: int) -> Layout:
        """The layers around and with the cells."""
        return layout(self.definition, resolution)

    # NAS-Bench-201: only spaces of edges have these.

    def to_text(self, genes: Genes) -> str:
        """The cell as NAS-Bench-201 writes it."""
        return self._edges.to_text(self.cell(genes, NORMAL))

    def from_text(self, text: str) -> Genes:
        """The architecture of such a text, at the smallest resolution.

        Raises:
            InvalidArchitecture: the text names no cell of this space.
        """
        return (0,) * self._starts[NORMAL] + self._edges.from_text(text)

    def isomorphism_key(self, genes: Genes) -> str:
        """Equal for architectures that compute the same function, see `Edges.isomorphism_key`."""
        return self._edges.isomorphism_key(self.cell(genes, NORMAL))

    def is_connected(self, genes: Genes) -> bool:
        """Whether anything of the image reaches the classifier."""
        return self._edges.is_connected(self.cell(genes, NORMAL))

    @property
    def _edges(self) -> Edges:
        if not isinstance(self.topology, Edges):
            raise InvalidArchitecture(f"Cells of {self.definition.topology} have no such form.")
        return self.topology

    def _slots(self) -> Sequence[Slot]:
        return network_slots(self.definition, self.topology, self._starts)


def _blocks_note(definition: CellDefinition) -> str:
    """How the formula that is often printed for these cells falls short."""
    m, n, blocks = len(definition.operations), len(definition.merges), definition.n_nodes
    short, full = (2 * m * n) ** blocks, (2 * 2 * m * m * n) ** blocks
    return (
        f"Often printed as (2·M·N)^L, which for M = {m}, N = {n}, L = {blocks} is only "
        f"{formulas.power(f'(2·{m}·{n})', blocks)} = {short:,}: a block takes two inputs and two "
        f"operations, so that with two inputs to choose from it is (2·2·M·M·N)^B = {full:,}."
        + (" Here blocks can read earlier blocks as well." * (definition.inputs == "earlier"))
    )
