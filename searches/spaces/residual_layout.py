"""Residual networks with choices: stem, stages of blocks, classifier.

A block's input is as wide as the stage before it is in this architecture, so its operation
depends on two width genes where a stage begins.

Sources: He, Zhang, Ren, Sun: Deep Residual Learning, CVPR 2016 (arXiv 1512.03385), figure 5 and
table 1; He, Zhang, Zhang, Zhang, Xie, Li: Bag of Tricks, CVPR 2019 (arXiv 1812.01187), section
4.1 (the average pool before a shortcut's convolution, "ResNet-D").
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np

from devices.profiles.operations import Operation
from devices.profiles.vocabulary import rounded_channels
from searches.spaces.base import Gene
from searches.spaces.factors import FactorSpace, Slot
from searches.spaces.mobile_definition import InvalidSpace

Kind = Literal["basic", "bottleneck"]
Shortcut = Literal["identity", "convolution", "average pool"]
Options = Mapping[int, int] | Sequence[int]  # gene position -> option
POOL_KERNEL, POOL_STRIDE = 3, 2
# Table entries of all slots together: each is an operation that is built and priced.
MOST_ENTRIES = 200_000


@dataclass(frozen=True)
class Choice:
    """What a gene stands for, option by option; one value without a gene."""

    values: tuple[Any, ...]
    gene: int | None = None

    def of(self, genes: Options) -> Any:
        return self.values[0 if self.gene is None else genes[self.gene]]


ALWAYS = Choice((True,))


@dataclass(frozen=True)
class StemConvolution:
    """A 3×3 (or larger) convolution with batch norm and ReLU.

    Attributes:
        is_kept: whether the architecture has it.
        shortcut: adds its input to its output.
    """

    cin: Choice
    cout: Choice
    kernel: int
    stride: int
    is_kept: Choice = ALWAYS
    shortcut: bool = False


@dataclass(frozen=True)
class Block:
    """A residual block that an architecture has when its stage is deeper than `position`.

    Attributes:
        expand: middle channels of a bottleneck as a share of its output channels.
        shortcut: "identity", a 1×1 "convolution", or an "average pool" before that.
    """

    kind: Kind
    shortcut: Shortcut
    stride: int
    stage: int
    position: int
    depth: Choice
    cin: Choice
    cout: Choice
    expand: Choice
    kernel: Choice

    def is_kept(self, genes: Options) -> bool:
        return bool(self.depth.of(genes) > self.position)

    def mid(self, genes: Options) -> int:
        """Channels inside; those of a bottleneck as in OFA, rounded twice."""
        cout: int = self.cout.of(genes)
        if self.kind == "basic":
            return cout
        return middle_channels(cout, self.expand.of(genes))


def middle_channels(cout: int, expand: float) -> int:
    """Channels inside a bottleneck: as in OFA, first to a whole number, then to 8."""
    return rounded_channels(round(cout * expand))


@dataclass(frozen=True)
class Layout:
    """The whole network; `pool` is the 3×3 maximum pool with stride 2 after the stem."""

    in_channels: int
    n_classes: int
    resolution: Choice
    stem: tuple[StemConvolution, ...]
    pool: bool
    blocks: tuple[Block, ...]

    def n_blocks(self, stage: int) -> int:
        """Blocks of a stage at its deepest."""
        return sum(block.stage == stage for block in self.blocks)


class ResidualSpace(FactorSpace):
    """Families give the genes and the layout that refers to them."""

    layout: Layout
    is_chain = True

    def _build(self, genes: Sequence[Gene], layout: Layout) -> None:
        """For `__init__`: takes over genes and layout.

        Raises:
            InvalidSpace: so many choices meet in some blocks that pricing them takes too long.
        """
        self.genes, self.layout = tuple(genes), layout
        n_entries = sum(self._n_entries(_block_choices(layout, block)) for block in layout.blocks)
        if n_entries > MOST_ENTRIES:
            message = f"{n_entries:,} different blocks; at most {MOST_ENTRIES:,} can be priced."
            raise InvalidSpace({"stages": [message]})

    def _n_entries(self, choices: Sequence[Choice]) -> int:
        return prod(len(self.genes[gene].options) for gene in _positions(choices))

    def _slots(self) -> Sequence[Slot]:
        return list(self._all_slots())

    def _all_slots(self) -> Iterator[Slot]:
        layout, stride = self.layout, 1
        for conv in layout.stem:
            yield self._stem_slot(conv, stride)
            stride *= conv.stride
        if layout.pool:
            yield self._pool_slot(layout.stem[-1].cout, stride)
            stride *= POOL_STRIDE
        for block in layout.blocks:
            yield self._block_slot(block, stride)
            stride *= block.stride
        yield from self._head_slots(layout.blocks[-1].cout, stride)

    def _slot(
        self, choices: Sequence[Choice], made: Callable[[Options], Operation | None]
    ) -> Slot:
        """One axis per gene that the choices refer to, each once."""
        positions = _positions(choices)
        table = np.empty([len(self.genes[position].options) for position in positions], object)
        for options in np.ndindex(*table.shape):
            table[options] = made(dict(zip(positions, options, strict=True)))
        return Slot(positions, table)

    def _side(self, genes: Options, stride: int) -> int:
        """Side of the map after strides that multiply to `stride`, each rounded up."""
        return -(-int(self.layout.resolution.of(genes)) // stride)

    def _stem_slot(self, conv: StemConvolution, stride: int) -> Slot:
        def made(genes: Options) -> Operation | None:
            if not conv.is_kept.of(genes):
                return None
            return Operation(
                type="conv",
                h=self._side(genes, stride),
                cin=conv.cin.of(genes),
                cout=conv.cout.of(genes),
                k=conv.kernel,
                s=conv.stride,
                act="relu",
                skip=conv.shortcut,
            )

        return self._slot((self.layout.resolution, conv.cin, conv.cout, conv.is_kept), made)

    def _pool_slot(self, width: Choice, stride: int) -> Slot:
        def made(genes: Options) -> Operation:
            side, channels = self._side(genes, stride), width.of(genes)
            return Operation("pool", tag="max", h=side, cin=channels, k=POOL_KERNEL, s=POOL_STRIDE)

        return self._slot((self.layout.resolution, width), made)

    def _block_slot(self, block: Block, stride: int) -> Slot:
        suffix = "-d" if block.shortcut == "average pool" else ""

        def made(genes: Options) -> Operation | None:
            if not block.is_kept(genes):
                return None
            return Operation(
                type="resblock",
                tag=block.kind + suffix,
                h=self._side(genes, stride),
                cin=block.cin.of(genes),
                mid=block.mid(genes),
                cout=block.cout.of(genes),
                k=block.kernel.of(genes),
                s=block.stride,
                act="relu",
                skip=block.shortcut == "identity",
            )

        return self._slot(_block_choices(self.layout, block), made)

    def _head_slots(self, width: Choice, stride: int) -> Iterator[Slot]:
        resolution, n_classes = self.layout.resolution, self.layout.n_classes
        yield self._slot(
            (resolution, width),
            lambda genes: Operation("gap", h=self._side(genes, stride), cin=width.of(genes)),
        )
        yield self._slot(
            (width,), lambda genes: Operation("linear", cin=width.of(genes), cout=n_classes)
        )


def _block_choices(layout: Layout, block: Block) -> tuple[Choice, ...]:
    found = (layout.resolution, block.depth, block.cin, block.cout, block.kernel)
    return found if block.kind == "basic" else (*found, block.expand)


def _positions(choices: Sequence[Choice]) -> tuple[int, ...]:
    return tuple(sorted({choice.gene for choice in choices if choice.gene is not None}))
