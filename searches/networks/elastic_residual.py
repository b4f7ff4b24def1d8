"""Supernets of residual networks: one set of weights for every depth, width and kernel.

A subnet is the same computation on slices: the first channels of every convolution, input as well
as output, since widths change between stages; the centre of each kernel; the first blocks of each
stage. Shortcuts are sliced, too. Unlike the kernels of MobileNetV3 those of a dense convolution
are not transformed: the centre is used as it is.

    H. Cai et al., "Once for All: Train One Network and Specialize It for Efficient Deployment",
    ICLR 2020, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from searches.networks import residual_network
from searches.networks.building import initialise
from searches.networks.channel_order import (
    importance,
    reorder_made,
    reorder_read,
    sorted_within,
)
from searches.networks.elastic import centre_of, conv_norm_regions, sliced_norm
from searches.networks.families import (
    ElasticWeights,
    Index,
    NetworkFamily,
    SharedWeights,
    fewer_pixels,
)
from searches.networks.inheritance import residual
from searches.networks.inheritance.pieces import Piece
from searches.networks.residual_network import (
    ConvNorm,
    ResidualBlock,
    ResidualNetwork,
    StemConvolution,
)
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.residual_layout import Block, ResidualSpace
from searches.spaces.residual_layout import StemConvolution as StemChoice

PARTS = ("stem", "blocks")
WIDTHS = ("cin", "mid", "cout")


def config_of(
    space: ResidualSpace,
    genes: Genes,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Configuration of `ResidualNetwork`; arguments as `NetworkFamily.config`."""
    layout, channels = space.layout, space.layout.in_channels
    return {
        "in_channels": channels,
        "n_classes": layout.n_classes,
        "resolution": layout.resolution.of(genes),
        "mean": list(mean) if mean is not None else [0.0] * channels,
        "std": list(std) if std is not None else [1.0] * channels,
        "stem": [_stem(layer, genes) for layer in layout.stem if layer.is_kept.of(genes)],
        "pool": layout.pool,
        "blocks": [_block(block, genes) for block in layout.blocks if block.is_kept(genes)],
    }


def _stem(layer: StemChoice, genes: Genes) -> dict[str, Any]:
    return {
        "cin": layer.cin.of(genes),
        "cout": layer.cout.of(genes),
        "kernel": layer.kernel,
        "stride": layer.stride,
        "shortcut": layer.shortcut,
    }


def _block(block: Block, genes: Genes) -> dict[str, Any]:
    return {
        "kind": block.kind,
        "cin": block.cin.of(genes),
        "mid": block.mid(genes),
        "cout": block.cout.of(genes),
        "kernel": block.kernel.of(genes),
        "stride": block.stride,
        "shortcut": block.shortcut,
    }


@dataclass
class Stream:
    """Channels that several places write to, by adding to each other's outputs."""

    names: list[str] = field(default_factory=list)
    makers: list[ConvNorm] = field(default_factory=list)
    readers: list[nn.Conv2d | nn.Linear] = field(default_factory=list)


class ElasticStem(StemConvolution):
    """The widest convolution at a place of the stem, computing as any narrower one."""

    def __init__(self, layer: dict[str, Any]):
        super().__init__(layer)
        self.active = layer

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(sliced(self, x, self.active["cout"], self.active["kernel"]))
        return x + y if self.has_shortcut else y

    def keeps_stream(self) -> bool:
        """Whether its output is added to its input."""
        return bool(self.has_shortcut)

    def makers(self) -> list[ConvNorm]:
        """What adds up to the output."""
        return [self]

    def readers(self) -> list[nn.Conv2d]:
        """What reads the input, the identity apart."""
        return [self.conv]

    def regions(self) -> Iterator[tuple[str, Index]]:
        """Name and slice of every weight and statistic that the active layer computes with."""
        cin, cout, kernel = (self.active[name] for name in ("cin", "cout", "kernel"))
        for name, index in _regions("", self, cin, cout, kernel):
            yield name.removeprefix("."), index


class ElasticBlock(ResidualBlock):
    """The largest block of a place, computing as any smaller one."""

    def __init__(self, block: dict[str, Any]):
        super().__init__(block)
        self.active = block

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for number, (layer, shape) in enumerate(zip(self.layers, self._shapes(), strict=True)):
            y = F.relu(y) if number else y
            y = sliced(cast(ConvNorm, layer), y, *shape[1:])
        if self.shortcut is not None:
            x = sliced(self.shortcut, self.pooled(x), self.active["cout"], 1)
        return F.relu(x + y)

    def sort_channels(self, kept: Sequence[dict[str, Any]]) -> None:
        """Sort the channels inside; blocks of the shapes `kept` compute what they did before."""
        widths, layers = [block["mid"] for block in kept], cast(list[ConvNorm], [*self.layers])
        for made, read in pairwise(layers):
            order = sorted_within(importance(read.conv.weight), widths)
            reorder_made(made.conv, order, made.norm)
            reorder_read(read.conv, order)

    def keeps_stream(self) -> bool:
        """Whether its output is added to its input as it is."""
        return self.shortcut is None

    def makers(self) -> list[ConvNorm]:
        """What adds up to the output."""
        last = cast(ConvNorm, self.layers[-1])
        return [last] if self.shortcut is None else [last, self.shortcut]

    def readers(self) -> list[nn.Conv2d]:
        """What reads the input, the identity apart."""
        first = cast(ConvNorm, self.layers[0])
        return [first.conv] if self.shortcut is None else [first.conv, self.shortcut.conv]

    def regions(self) -> Iterator[tuple[str, Index]]:
        """Name and slice of every weight and statistic that the active block computes with."""
        for number, (layer, shape) in enumerate(zip(self.layers, self._shapes(), strict=True)):
            yield from _regions(f"layers.{number}", cast(ConvNorm, layer), *shape)
        if self.shortcut is not None:
            cin, cout = self.active["cin"], self.active["cout"]
            yield from _regions("shortcut", self.shortcut, cin, cout, 1)

    def _shapes(self) -> list[tuple[int, int, int]]:
        """(input channels, output channels, kernel) of every convolution."""
        cin, mid, cout, kernel = (self.active[n] for n in ("cin", "mid", "cout", "kernel"))
        if self.active["kind"] == "basic":
            return [(cin, mid, kernel), (mid, cout, kernel)]
        return [(cin, mid, 1), (mid, mid, kernel), (mid, cout, 1)]


def sliced(layer: ConvNorm, x: Tensor, cout: int, kernel: int) -> Tensor:
    """`layer` from the channels of x to its first `cout`, with the centre of its kernel."""
    conv = layer.conv
    centre = centre_of(conv.weight.shape[-1], kernel)
    weight = conv.weight[:cout, : x.shape[1], centre, centre]  # [cout, cin, kernel, kernel]
    return sliced_norm(layer.norm, F.conv2d(x, weight, None, conv.stride, kernel // 2))


def _regions(
    prefix: str, layer: ConvNorm, cin: int, cout: int, kernel: int
) -> Iterator[tuple[str, Index]]:
    centre = centre_of(layer.conv.weight.shape[-1], kernel)
    return conv_norm_regions(prefix, (slice(cout), slice(cin), centre, centre), slice(cout))


class ResidualSupernet(ResidualNetwork, ElasticWeights):
    """All networks of a residual space in one; starts as the largest.

    The running statistics of its batch norms mix all subnets seen in training, so that a network
    must be recalibrated after it was taken out.
    """

    def __init__(
        self,
        space: ResidualSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ):
        largest = tuple(len(gene.options) - 1 for gene in space.genes)
        super().__init__(config_of(space, largest, mean=mean, std=std))
        self.space = space
        self.stem = nn.ModuleList(ElasticStem(layer) for layer in self.config["stem"])
        self.blocks = nn.ModuleList(ElasticBlock(block) for block in self.config["blocks"])
        initialise(self)
        self.active: list[str] = []  # names of the places that the active subnet has
        self.set_active(largest)

    def set_active(self, genes: Genes) -> dict[str, Any]:
        config = config_of(self.space, genes)
        config |= {"mean": self.config["mean"], "std": self.config["std"]}
        layout = self.space.layout
        kept = [f"stem.{i}" for i, stem in enumerate(layout.stem) if stem.is_kept.of(genes)]
        kept += [f"blocks.{i}" for i, block in enumerate(layout.blocks) if block.is_kept(genes)]
        self.active = kept
        for place, shape in zip(self._places(), config["stem"] + config["blocks"], strict=True):
            place.active = shape
        return config

    def forward(self, images: Tensor) -> Tensor:
        x = (images - self.mean) / self.std  # [B, in_channels, H, W]
        for place in self._places(ElasticStem):
            x = place(x)
        x = self.pooled(x)
        for place in self._places(ElasticBlock):
            x = place(x)
        x = x.mean((2, 3))  # [B, cout]
        return F.linear(x, self.classifier.weight[:, : x.shape[1]], self.classifier.bias)

    def regions(self) -> dict[str, Index]:
        found: dict[str, Index] = {"mean": (...,), "std": (...,), "classifier.bias": (...,)}
        for name, place in zip(self.active, self._places(), strict=True):
            found |= {f"{name}.{inner}": index for inner, index in place.regions()}
        width = self._places()[-1].active["cout"]
        return found | {"classifier.weight": (slice(None), slice(width))}

    @torch.no_grad()
    def extract(self, genes: Genes) -> ResidualNetwork:
        config = self.set_active(genes)
        with torch.device("meta"):  # neither memory nor random numbers for what is replaced below
            network = ResidualNetwork(config)
        shared, regions = self.state_dict(), self.regions()
        weights = {}
        for name in network.state_dict():
            shared_name = self._shared_name(name)
            weights[name] = shared[shared_name][regions[shared_name]].clone()
        network.load_state_dict(weights, assign=True)
        return network.train(self.training)

    @torch.no_grad()
    def sort_channels(self, kept: Sequence[Genes]) -> None:
        shapes: dict[str, list[dict[str, Any]]] = {}
        for genes in kept:
            config = self.set_active(genes)
            for name, shape in zip(self.active, config["stem"] + config["blocks"], strict=True):
                shapes.setdefault(name, []).append(shape)
        for number, block in enumerate(self.blocks):
            cast(ElasticBlock, block).sort_channels(shapes.get(f"blocks.{number}", []))
        for stream in self._streams():
            widths = [shape["cout"] for name in stream.names for shape in shapes.get(name, [])]
            order = sorted_within(importance(*(r.weight for r in stream.readers)), widths)
            for made in stream.makers:
                reorder_made(made.conv, order, made.norm)
            for read in stream.readers:
                reorder_read(read, order)

    def _streams(self) -> list[Stream]:
        """All places whose outputs are added to each other share their channels."""
        streams: list[Stream] = []
        places = [(f"stem.{i}", place) for i, place in enumerate(self.stem)]
        places += [(f"blocks.{i}", place) for i, place in enumerate(self.blocks)]
        for name, module in places:
            place = cast("ElasticStem | ElasticBlock", module)
            if streams:
                streams[-1].readers.extend(place.readers())
            if not streams or not place.keeps_stream():
                streams.append(Stream())
            streams[-1].names.append(name)
            streams[-1].makers.extend(place.makers())
        streams[-1].readers.append(self.classifier)
        return streams

    def _shared_name(self, name: str) -> str:
        """Where the supernet keeps what an extracted network of the active subnet calls `name`."""
        part, _, rest = name.partition(".")
        if part not in ("stem", "blocks"):
            return name
        number, _, rest = rest.partition(".")
        places = [place for place in self.active if place.startswith(part)]
        return f"{places[int(number)]}.{rest}"

    def _places(
        self, kind: type[ElasticStem] | type[ElasticBlock] | None = None
    ) -> list[ElasticStem | ElasticBlock]:
        """The active places, those of one kind or all of them."""
        places = (self.get_submodule(name) for name in self.active)
        kinds = kind or (ElasticStem, ElasticBlock)
        return [cast(ElasticBlock, place) for place in places if isinstance(place, kinds)]


class ResidualNetworks(NetworkFamily):
    """Residual networks of any depth, width and kernel, alone and with shared weights."""

    source = residual_network

    def config(
        self,
        space: SearchSpace,
        genes: Genes,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> dict[str, Any]:
        return config_of(_checked(space), genes, mean=mean, std=std)

    def network(self, config: dict[str, Any]) -> nn.Module:
        network = ResidualNetwork(config)
        initialise(network)
        return network

    def smaller(self, config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
        if quantity == "resolution":
            return fewer_pixels(config, share)
        found = {part: [_fewer(layer, share) for layer in config[part]] for part in PARTS}
        found["stem"][0]["cin"] = config["in_channels"]
        return config | found

    def pieces(self, space: SearchSpace, genes: Genes, network: nn.Module) -> list[Piece]:
        layout = _checked(space).layout
        stem = [f"stem{i}" for i, conv in enumerate(layout.stem) if conv.is_kept.of(genes)]
        blocks = [f"block{i}" for i, block in enumerate(layout.blocks) if block.is_kept(genes)]
        return residual.pieces_of(cast("ResidualNetwork", network), stem, blocks)

    def supernet(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> SharedWeights:
        return ResidualSupernet(_checked(space), mean=mean, std=std)


def _fewer(layer: dict[str, Any], share: float) -> dict[str, Any]:
    """The layer with a share of its channels; equal numbers stay equal, as shortcuts need."""
    return layer | {name: max(1, round(share * layer[name])) for name in WIDTHS if name in layer}


def _checked(space: SearchSpace) -> ResidualSpace:
    if not isinstance(space, ResidualSpace):
        raise TypeError(f"no residual networks for spaces of the family {space.family}")
    return space
