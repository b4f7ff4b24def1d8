"""The OFA-MobileNetV3 supernet: one set of weights, shared by every network of the space.

A subnet is the same computation on slices: the first channels of each widened block, the centre of
each kernel, the first blocks of each unit. No subnet has weights of its own.

    H. Cai et al., "Once for All: Train One Network and Specialize It for Efficient Deployment",
    ICLR 2020, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from searches.networks import mobilenet_v3
from searches.networks.building import config_of, initialise, smaller
from searches.networks.elastic import ElasticMBConv
from searches.networks.families import ElasticWeights, Index, NetworkFamily, SharedWeights
from searches.networks.inheritance import mobile
from searches.networks.inheritance.pieces import Piece
from searches.networks.mobilenet_v3 import MobileNetV3
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.ofa_mobilenet_v3 import OfaMobileNetV3


class OfaMobileNetV3Supernet(MobileNetV3, ElasticWeights):
    """All networks of an OFA-MobileNetV3 space in one; starts as the largest.

    Choose a subnet with `set_active`, compute with `forward`, take it out with `extract`. The
    running statistics of its batch norms mix all subnets seen in training, so that a network must
    be recalibrated after it was taken out.
    """

    def __init__(
        self,
        space: OfaMobileNetV3,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ):
        largest = tuple(len(gene.options) - 1 for gene in space.genes)
        super().__init__(config_of(space, largest, mean=mean, std=std))
        self.space = space
        units = space.definition.units
        kernels = [unit.kernels for unit in units for _ in range(max(unit.depths))]
        self.n_fixed = len(self.blocks) - len(kernels)  # leading blocks without a choice
        for slot, options in enumerate(kernels, self.n_fixed):
            self.blocks[slot] = ElasticMBConv(self.config["blocks"][slot], options)
        elastic = tuple(f"blocks.{slot}." for slot in range(self.n_fixed, len(self.blocks)))
        self.fixed_names = [name for name in self.state_dict() if not name.startswith(elastic)]
        initialise(self)
        self.active: list[int] = []  # slots of `blocks` that the active subnet has
        self.set_active(largest)

    def set_active(self, genes: Genes) -> dict[str, Any]:
        """Compute as this architecture from now on; returns the configuration of its network."""
        config = config_of(self.space, genes)
        config |= {"mean": self.config["mean"], "std": self.config["std"]}
        self.active = list(range(self.n_fixed)) + list(self._slots(genes))
        for slot, block in zip(self.active, config["blocks"], strict=True):
            module = self.blocks[slot]
            if isinstance(module, ElasticMBConv):
                module.active = block
        return config

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem((images - self.mean) / self.std)
        for slot in self.active:
            x = self.blocks[slot](x)
        return self.classify(x)

    def regions(self) -> dict[str, Index]:
        """Name and slice of every weight and statistic that the active subnet computes with.

        What is not in here gets no gradient from the active subnet, and must not be moved by
        momentum or weight decay either (Guo et al., 1904.00420: only the sampled path is trained).
        """
        found: dict[str, Index] = {}
        for slot in self.active:
            module = self.blocks[slot]
            if isinstance(module, ElasticMBConv):
                found |= {f"blocks.{slot}.{name}": index for name, index in module.regions()}
        return found | dict.fromkeys(self.fixed_names, (...,))

    @torch.no_grad()
    def extract(self, genes: Genes) -> MobileNetV3:
        """The architecture as a network of its own, with a copy of its slice of the weights.

        Kernels are stored as the transformed ones. The network is in the mode (training or not)
        of the supernet, whose active subnet this becomes.
        """
        config = self.set_active(genes)
        with torch.device("meta"):  # neither memory nor random numbers for what is replaced below
            network = MobileNetV3(config)
        shared, regions = self.state_dict(), self.regions()
        weights = {}
        for name in network.state_dict():
            shared_name = self._shared_name(name)
            weights[name] = shared[shared_name][regions[shared_name]].clone()
        for block, slot in enumerate(self.active):
            module = self.blocks[slot]
            if isinstance(module, ElasticMBConv):
                weights[f"blocks.{block}.depthwise.conv.weight"] = module.kernel().clone()
        network.load_state_dict(weights, assign=True)
        return network.train(self.training)

    @torch.no_grad()
    def sort_channels(self, kept: Sequence[Genes]) -> None:
        shapes: dict[int, list[dict[str, Any]]] = {}
        for genes in kept:
            blocks = self.set_active(genes)["blocks"]
            for slot, block in zip(self.active, blocks, strict=True):
                shapes.setdefault(slot, []).append(block)
        for slot, module in enumerate(self.blocks):
            if isinstance(module, ElasticMBConv):
                module.sort_channels(shapes.get(slot, []))

    def _shared_name(self, name: str) -> str:
        """Where the supernet keeps what an extracted network of the active subnet calls `name`."""
        if not name.startswith("blocks."):
            return name
        _, block, rest = name.split(".", 2)
        return f"blocks.{self.active[int(block)]}.{rest}"

    def _slots(self, genes: Genes) -> Iterator[int]:
        """Slots of the elastic blocks of an architecture: the first blocks of every unit."""
        start = self.n_fixed
        chosen = self.space.describe(genes)["units"]
        for unit, choice in zip(self.space.definition.units, chosen, strict=True):
            yield from range(start, start + choice["depth"])
            start += max(unit.depths)


class OfaMobileNetV3Networks(NetworkFamily):
    """MobileNetV3 of any depth, width, kernel and resolution, alone and with shared weights."""

    source = mobilenet_v3

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
        network = MobileNetV3(config)
        initialise(network)
        return network

    def smaller(self, config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
        return smaller(config, quantity, share)

    def pieces(self, space: SearchSpace, genes: Genes, network: nn.Module) -> list[Piece]:
        return mobile.pieces_of(cast("MobileNetV3", network), _block_names(_checked(space), genes))

    def supernet(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> SharedWeights:
        return OfaMobileNetV3Supernet(_checked(space), mean=mean, std=std)


def _block_names(space: OfaMobileNetV3, genes: Genes) -> list[str]:
    """Blocks by unit and position, after the one that is fixed."""
    units = enumerate(space.describe(genes)["units"])
    return ["first", *(f"unit{u}.block{b}" for u, unit in units for b in range(unit["depth"]))]


def _checked(space: SearchSpace) -> OfaMobileNetV3:
    if not isinstance(space, OfaMobileNetV3):
        raise TypeError(f"no MobileNetV3 for spaces of the family {space.family}")
    return space
