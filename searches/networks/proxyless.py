"""Supernets with several inverted bottlenecks in every layer, and their plain networks.

A layer adds what its candidate computes to its input where it keeps the shape, and there one of
the candidates may be zero. Every candidate has weights of its own.

    H. Cai, L. Zhu, S. Han, "ProxylessNAS: Direct Neural Architecture Search on Target Task and
    Hardware", ICLR 2019, section 3.1 and 4.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from searches.networks import mobilenet_v3
from searches.networks.building import initialise, smaller
from searches.networks.families import NetworkFamily, SharedWeights
from searches.networks.inheritance import mobile
from searches.networks.inheritance.pieces import Piece
from searches.networks.mixed import Choice, Floats, MixedOperation, Mixture
from searches.networks.mobilenet_v3 import MBConv, MobileNetV3, block_of
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.proxyless import (
    FIRST_KERNEL,
    STEM_KERNEL,
    Bottleneck,
    Layer,
    Proxyless,
    ProxylessDefinition,
)


def config_of(
    space: Proxyless,
    genes: Genes,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Configuration of `MobileNetV3`; arguments as `NetworkFamily.config`.

    Layers that are left out are not in it.
    """
    definition, channels = space.definition, space.definition.in_channels
    blocks = [*_first(definition)]
    for layer, option in zip(space.layers, genes[1:], strict=True):
        block = block_config(definition, layer, definition.candidates(layer)[option])
        blocks += [block] if block is not None else []
    act = definition.act
    return {
        "in_channels": channels,
        "n_classes": definition.n_classes,
        "resolution": definition.resolutions[genes[0]],
        "mean": list(mean) if mean is not None else [0.0] * channels,
        "std": list(std) if std is not None else [1.0] * channels,
        "stem": {
            "cout": definition.stem_width,
            "kernel": STEM_KERNEL,
            "stride": definition.stem_stride,
            "act": act,
        },
        "blocks": blocks,
        "final": {"cout": definition.final_width, "act": act},
        "mix": None,
    }


def _first(definition: ProxylessDefinition) -> Iterator[dict[str, Any]]:
    """The fixed bottleneck after the stem, which expands nothing; some spaces have none."""
    width = definition.stem_width
    if definition.first_width:
        yield {
            "cin": width,
            "mid": width,
            "cout": definition.first_width,
            "kernel": FIRST_KERNEL,
            "stride": 1,
            "act": definition.act,
            "squeezed": 0,
        }


def block_config(
    definition: ProxylessDefinition, layer: Layer, candidate: Bottleneck | None
) -> dict[str, Any] | None:
    """A candidate in a layer, None for zero; where the shape changes a convolution replaces it."""
    shape = {"cin": layer.cin, "cout": layer.cout, "stride": layer.stride, "act": definition.act}
    if candidate is None:
        return None if layer.keeps_shape else {**shape, "kernel": 1}
    return {
        **shape,
        "mid": layer.cin * candidate.expand,
        "kernel": candidate.kernel,
        "squeezed": 0,
        "groups": candidate.groups,
        "pointwise": True,
    }


class Zero(nn.Module):
    """Nothing, with a graph: gates that learn multiply candidates by something."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 0


class MixedLayer(nn.Module):
    """The candidates of a layer beside its shortcut, where it has one."""

    def __init__(self, definition: ProxylessDefinition, layer: Layer, *, choice: int):
        super().__init__()
        self.has_shortcut = layer.keeps_shape
        configs = [
            block_config(definition, layer, candidate)
            for candidate in definition.candidates(layer)
        ]
        self.mixed = MixedOperation([_candidate(config) for config in configs], choice=choice)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mixed(x)
        return x + y if self.has_shortcut else y


def _candidate(config: dict[str, Any] | None) -> nn.Module:
    if config is None:
        return Zero()
    module = block_of(config)
    if isinstance(module, MBConv):
        module.has_shortcut = False  # it is the layer's
    return module


@torch.no_grad()
def begin_alike(layer: MixedLayer) -> None:
    """Cut the first weights of all bottlenecks of a layer from the same ones.

    Candidates that begin on their own make features that have nothing to do with each other, and
    whatever follows has to read all of them: with one drawn path per step the shared weights then
    learn many times more slowly. Beside a shortcut all begin as zero (the last norm's scale; Goyal
    et al., "Accurate, Large Minibatch SGD", 2017, section 5.1). From the first step on every
    candidate moves on its own. The paper does not say how its candidates begin.
    """
    by_groups: dict[int, list[MBConv]] = {}
    for candidate in layer.mixed.candidates:
        if isinstance(candidate, MBConv):
            by_groups.setdefault(candidate.groups, []).append(candidate)
            if layer.has_shortcut:
                nn.init.zeros_(candidate.project.norm.weight)
    for groups, alike in by_groups.items():
        shapes = [candidate.depthwise.conv.weight.shape for candidate in alike]  # [mid, 1, k, k]
        widest = alike[shapes.index(max(shapes))]
        side = max(shape[-1] for shape in shapes)
        kernels = torch.empty(max(shapes)[0], 1, side, side)
        nn.init.kaiming_normal_(kernels, mode="fan_out", nonlinearity="relu")
        for candidate in alike:
            _cut(candidate, widest, kernels, groups)


def _cut(candidate: MBConv, widest: MBConv, kernels: Tensor, groups: int) -> None:
    """Take the first channels of each group, and the middle of the kernels [mid, 1, k, k]."""
    mid, _, side, _ = candidate.depthwise.conv.weight.shape
    n, edge = mid // groups, (kernels.shape[-1] - side) // 2

    def first(weight: Tensor) -> Tensor:
        return weight.reshape(groups, -1, *weight.shape[1:])[:, :n].flatten(0, 1)

    inner = kernels[..., edge : edge + side, edge : edge + side]
    candidate.depthwise.conv.weight.copy_(first(inner))
    candidate.project.conv.weight.copy_(widest.project.conv.weight[:, :n])
    if candidate.expand and widest.expand:
        candidate.expand.conv.weight.copy_(first(widest.expand.conv.weight))


class ProxylessSupernet(MobileNetV3, Mixture):
    """All candidates of all layers; starts with the first ones, at the largest resolution.

    The running statistics of its batch norms mix all paths seen in training, so that a network
    must be recalibrated after it was taken out. Candidates of a layer begin alike and layers with
    a shortcut as the identity (see `begin_alike`).
    """

    def __init__(
        self,
        space: Proxyless,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ):
        definition = space.definition
        start = (len(definition.resolutions) - 1, *[0] * len(space.layers))
        super().__init__(config_of(space, start, mean=mean, std=std))
        self.space, self.genes = space, start
        self.n_fixed = len([*_first(definition)])
        for number, layer in enumerate(space.layers):
            self.blocks[self.n_fixed + number] = MixedLayer(definition, layer, choice=number)
        self.choices = tuple(Choice(gene.name, gene.options) for gene in space.genes[1:])
        initialise(self)
        for block in self.blocks:
            if isinstance(block, MixedLayer):
                begin_alike(block)
        self.set_active(start)

    def selected(self, genes: Genes) -> tuple[int, ...]:
        return tuple(genes[1:])

    def set_active(self, genes: Genes) -> dict[str, Any]:
        self.genes = tuple(genes)
        self.select(self.selected(genes))
        return config_of(self.space, genes, mean=self.config["mean"], std=self.config["std"])

    @torch.no_grad()
    def extract(self, genes: Genes) -> MobileNetV3:
        config = self.set_active(genes)
        with torch.device("meta"):  # neither memory nor random numbers for what is replaced below
            network = MobileNetV3(config)
        shared, places = self.state_dict(), [*self._places()]
        weights = {}
        for name in network.state_dict():
            part, _, rest = name.partition(".")
            if part == "blocks":
                number, _, rest = rest.partition(".")
                weights[name] = shared[f"{places[int(number)]}.{rest}"].clone()
            else:
                weights[name] = shared[name].clone()
        network.load_state_dict(weights, assign=True)
        return network.train(self.training)

    def _places(self) -> Iterator[str]:
        """Where the supernet keeps the blocks of the active network, one after the other."""
        for number in range(self.n_fixed):
            yield f"blocks.{number}"
        options = self.selected(self.genes)
        for number, (layer, option) in enumerate(zip(self.space.layers, options, strict=True)):
            if not layer.keeps_shape or self.space.definition.candidates(layer)[option]:
                yield f"blocks.{self.n_fixed + number}.mixed.candidates.{option}"

    def decode(self, weights: Sequence[Tensor | Sequence[float]]) -> Genes:
        """The strongest candidate of every layer, at the resolution that was last active."""
        strongest = (int(torch.as_tensor(weight).argmax()) for weight in weights)
        return (self.genes[0], *strongest)

    def skips(self, genes: Genes) -> tuple[int, int]:
        """Layers left out, of those that can be: where the shape changes a convolution stays."""
        optional = [
            self.space.definition.candidates(layer)[option] is None
            for layer, option in zip(self.space.layers, self.selected(genes), strict=True)
            if layer.keeps_shape and None in self.space.definition.candidates(layer)
        ]
        return sum(optional), len(optional)

    def choice_costs(self, values: npt.ArrayLike) -> tuple[float, list[Floats]]:
        """Exact, at the resolution that was last active."""
        padded = np.append(np.asarray(values, dtype=np.float64), 0.0)  # row -1: nothing runs
        fixed, layers = 0.0, []
        for slot in self.space.slot_rows:
            costs = padded[slot.table]
            costs = costs[self.genes[0]] if 0 in slot.genes else costs
            if len(slot.genes) == 2:
                layers.append(costs)  # [n_options]
            else:
                fixed += float(costs)
        return fixed, layers


class ProxylessNetworks(NetworkFamily):
    """Networks of inverted bottlenecks, alone and as candidates of a supernet."""

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
        return ProxylessSupernet(_checked(space), mean=mean, std=std)


def _block_names(space: Proxyless, genes: Genes) -> list[str]:
    """Blocks by layer, after the one that is fixed."""
    definition = space.definition
    found = [f"first{number}" for number, _ in enumerate(_first(definition))]
    for number, (layer, option) in enumerate(zip(space.layers, genes[1:], strict=True)):
        if not layer.keeps_shape or definition.candidates(layer)[option] is not None:
            found.append(f"layer{number}")
    return found


def _checked(space: SearchSpace) -> Proxyless:
    if not isinstance(space, Proxyless):
        raise TypeError(f"no such networks for spaces of the family {space.family}")
    return space
