"""The network around the cells: stem, stages of cells, what halves the map between them, head."""

from collections.abc import Iterator
from dataclasses import dataclass

from searches.spaces.cell_definition import NORMAL, REDUCTION, RESIDUAL, CellDefinition

STEM = "stem"


@dataclass(frozen=True)
class Feed:
    """What a layer reads.

    Attributes:
        source: kind of the layer that wrote it, or "stem".
        layer: its position, -1 for the stem.
        channels: of one of its states, all of them together if it writes only one.
        stride: 2 where its map is twice as large as that of the newest feed.
    """

    source: str
    layer: int
    channels: int
    stride: int = 1


@dataclass(frozen=True)
class Layer:
    """A cell, or the residual block that halves the map.

    Attributes:
        kind: "normal", "reduction" or "residual".
        channels: of each state.
        side: of the newest feed, and of every input of a cell once it is matched.
        feeds: older ones first.
    """

    kind: str
    channels: int
    side: int
    feeds: tuple[Feed, ...]

    @property
    def stride(self) -> int:
        return 1 if self.kind == NORMAL else 2

    @property
    def side_out(self) -> int:
        return self.side // self.stride


@dataclass(frozen=True)
class Layout:
    """All layers for images of one size; `last` is what the head reads, a map of `side`."""

    layers: tuple[Layer, ...]
    last: Feed
    side: int


def layout(definition: CellDefinition, resolution: int) -> Layout:
    """The layers for square images of this side."""
    stem = Feed(STEM, -1, definition.stem_width)
    written = [(stem, resolution // definition.stem_stride)]  # and the side of its map
    layers: list[Layer] = []
    channels = definition.channels
    for kind in _kinds(definition):
        channels = channels if kind == NORMAL else 2 * channels
        side = written[-1][1]
        sources = written[-1:] if _reads_one(definition, kind) else (written * 2)[-2:]
        feeds = tuple(
            Feed(feed.source, feed.layer, feed.channels, old_side // side)
            for feed, old_side in sources
        )
        layers.append(Layer(kind, channels, side, feeds))
        written.append((Feed(kind, len(layers) - 1, channels), layers[-1].side_out))
    return Layout(tuple(layers), *written[-1])


def _kinds(definition: CellDefinition) -> Iterator[str]:
    between = REDUCTION if definition.reduction == "cell" else RESIDUAL
    for stage in range(definition.n_stages):
        if stage > 0:
            yield between
        yield from [NORMAL] * definition.n_cells


def _reads_one(definition: CellDefinition, kind: str) -> bool:
    """A residual block continues one map; so does a cell of edges, which has one input."""
    return kind == RESIDUAL or definition.topology == "edges"
