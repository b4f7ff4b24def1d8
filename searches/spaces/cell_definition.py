"""What a cell space is made of: numbers and words only, so that another cell changes no code.

Sources of the three topologies:
    blocks: Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image
        Recognition, CVPR 2018 (arXiv 1707.07012), section 3; Pham, Guan, Zoph, Le, Dean: Efficient
        Neural Architecture Search via Parameter Sharing, ICML 2018 (1802.03268), section 2.3.
    pairs: Liu, Simonyan, Yang: DARTS, ICLR 2019 (1806.09055), section 2.1.
    edges: Dong, Yang: NAS-Bench-201, ICLR 2020 (2001.00326), section 2.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

from searches.spaces.cell_operations import BY_NAME, NOTHING
from searches.spaces.definitions import any_of, number, one_of, options, problems, read
from searches.spaces.mobile_definition import InvalidSpace

FAMILY = "cells"
NORMAL, REDUCTION, RESIDUAL = "normal", "reduction", "residual"
MERGES = ("add", "concat")
# Entries of the largest table of costs that several choices share.
LARGEST_JOINT = 1_000_000
# Positions of a map over which attention is bearable: its scores grow with their square.
MOST_POSITIONS = 256


@dataclass(frozen=True)
class CellDefinition:
    """Everything that fixes the space.

    Attributes:
        topology: "blocks": every node takes two (input, operation) pairs and a merge; "pairs":
            every node adds up two operations on two different earlier states; "edges": an
            operation between any two nodes.
        operations: that an input may pass; in "pairs" `none` is a candidate of a differentiable
            search only, since the derived cell keeps two real inputs per node.
        n_nodes: states that a cell computes; of "edges" also the input, as in NAS-Bench-201.
        channels: of a state in the first stage; doubled from stage to stage.
        resolutions: side of the square input image.
        n_stages: of different resolution, each with half the side of the one before.
        n_cells: of each stage, besides the one that reduces.
        merges: how a block joins its two halves; after "concat" a 1×1 convolution brings the
            channels back.
        inputs: of a block: "fixed", the two inputs of the cell (the outputs of the two layers
            before); "earlier", also the blocks before it.
        output: of blocks: "all" of them, or those that are "unused", concatenated.
        reduction: between stages, a searched "cell" with stride 2 where it reads its inputs, or
            a fixed "residual" block.
        groups: of the grouped convolution.
        heads: of self-attention.
    """

    operations: tuple[str, ...] = any_of(*BY_NAME)
    topology: str = one_of("blocks", "pairs", "edges")
    n_nodes: int = number(1, 12)
    channels: int = number(2, 1024)
    resolutions: tuple[int, ...] = options(8, 512)
    in_channels: int = one_of(1, 3, default=3)
    n_classes: int = number(2, 1_000_000, default=10)
    n_stages: int = number(1, 5, default=3)
    n_cells: int = number(1, 12, default=2)
    stem_width: int = number(1, 1024, default=16)
    stem_stride: int = one_of(1, 2, default=1)
    merges: tuple[str, ...] = any_of(*MERGES, default=("add",))
    inputs: str = one_of("fixed", "earlier", default="earlier")
    output: str = one_of("all", "unused", default="all")
    reduction: str = one_of("cell", RESIDUAL, default=RESIDUAL)
    groups: int = number(2, 64, default=4)
    heads: int = number(1, 16, default=4)
    preset: str = ""
    family: str = one_of(FAMILY, default=FAMILY)

    def __post_init__(self) -> None:
        found = problems(self)
        for check in (_lists, _resolutions, _topology, _widths):
            if not found:
                found = dict(check(self))
        if found:
            raise InvalidSpace(found)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The cells that are searched."""
        searches_reduction = self.reduction == "cell" and self.n_stages > 1
        return (NORMAL, REDUCTION) if searches_reduction else (NORMAL,)

    @property
    def chosen_operations(self) -> tuple[str, ...]:
        """The options of an operation gene."""
        if self.topology != "pairs":
            return self.operations
        return tuple(name for name in self.operations if name != NOTHING)

    @property
    def has_unused_output(self) -> bool:
        """Whether the width of a cell's output follows from the inputs that its blocks take."""
        grows = self.inputs == "earlier" and self.n_nodes > 1
        return self.topology == "blocks" and self.output == "unused" and grows

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CellDefinition":
        """The definition that `data` spells out.

        Raises:
            InvalidSpace: a field is missing, unknown or impossible.
        """
        return read(cls, data)


Problems = Iterator[tuple[str, list[str]]]


def _lists(definition: CellDefinition) -> Problems:
    known = {"operations": tuple(BY_NAME), "merges": MERGES}
    for field, allowed in known.items():
        values = getattr(definition, field)
        if len(set(values)) < len(values):
            yield field, ["Every option may be there once."]
        for index, value in enumerate(values):
            if value not in allowed:
                yield f"{field}[{index}]", [f"“{value}” is none of {', '.join(allowed)}."]


def _resolutions(definition: CellDefinition) -> Problems:
    factor = definition.stem_stride * 2 ** (definition.n_stages - 1)
    wrong = [side for side in definition.resolutions if side % factor]
    if wrong:
        text = f"{wrong[0]} is no multiple of {factor}: the map is halved that often."
        yield "resolutions", [text]


def _topology(definition: CellDefinition) -> Problems:
    if definition.topology == "edges":
        yield from _edges(definition)
    elif not definition.chosen_operations:
        yield "operations", ["At least one besides none is needed."]
    if definition.topology != "blocks":
        plain = {"merges": ("add",), "inputs": "earlier", "output": "all"}
        for field, value in plain.items():
            if getattr(definition, field) != value:
                only = value if isinstance(value, str) else value[0]
                yield field, [f"Of {definition.topology} this can only be “{only}”."]
    if definition.has_unused_output:
        yield from _unused(definition)


def _unused(definition: CellDefinition) -> Problems:
    n_joint = prod((block + 2) ** 2 for block in range(1, definition.n_nodes))
    if n_joint > LARGEST_JOINT:
        text = "With unused outputs at most 5 blocks are possible: the width of the output "
        yield "n_nodes", [text + "depends on all inputs at once."]
    if NOTHING in definition.operations:
        yield "operations", ["With unused outputs, none is no operation of a block."]


def _edges(definition: CellDefinition) -> Problems:
    if definition.n_nodes < 2:
        yield "n_nodes", ["Needs at least 2 nodes, the input and the output."]
    if definition.reduction != RESIDUAL:
        yield "reduction", ["With edges this can only be “residual”."]
    if definition.stem_width != definition.channels:
        yield (
            "stem_width",
            [f"With edges the stem is as wide as the cells: {definition.channels}."],
        )
    n_edges = definition.n_nodes * (definition.n_nodes - 1) // 2
    if NOTHING in definition.operations and len(definition.operations) ** n_edges > LARGEST_JOINT:
        text = f"{len(definition.operations)} operations on {n_edges} edges are too many: with "
        yield "n_nodes", [text + f"none at most {LARGEST_JOINT:,} cells are possible."]


def _widths(definition: CellDefinition) -> Problems:
    width, names = definition.channels, definition.operations
    if "group_conv_3x3" in names and width % definition.groups:
        yield "groups", [f"{width} channels do not split into {definition.groups} groups."]
    if "attention" in names and width % definition.heads:
        yield "heads", [f"{width} channels do not split into {definition.heads} heads."]
    side = definition.resolutions[-1] // definition.stem_stride
    if "attention" in names and side**2 > MOST_POSITIONS:
        most = int(MOST_POSITIONS**0.5)
        text = f"Attention takes maps of at most {most}×{most}, the first stage has {side}×{side}."
        yield "resolutions", [text]
    if definition.in_channels not in (1, 3):
        yield "in_channels", ["Must be 1 (grey) or 3 (colour)."]
