"""One set of weights for all multilayer perceptrons of a space: the first units of each layer.

H. Cai et al., "Once for All: Train One Network and Specialize It for Efficient Deployment",
ICLR 2020, section 3.3 (elastic depth and width).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from searches.networks import mlp
from searches.networks.families import Index, NetworkFamily, SharedWeights
from searches.networks.inheritance import perceptrons
from searches.networks.inheritance.pieces import Piece
from searches.networks.mlp import ACTIVATIONS, MLP
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.mlp import Mlp

ALL = slice(None)


class MlpSupernet(MLP, SharedWeights):
    """The deepest and widest network of a space, computing as any other; starts as the largest.

    A layer is followed by the classifier as soon as the chosen depth is reached: all depths share
    the classifier, too.
    """

    def __init__(
        self,
        space: Mlp,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ):
        largest = tuple(len(gene.options) - 1 for gene in space.genes)
        super().__init__(config_of(space, largest, mean=mean, std=std))
        self.space = space
        self.widths: list[int] = self.config["widths"]
        initialise(self)

    def set_active(self, genes: Genes) -> dict[str, Any]:
        config = config_of(self.space, genes, mean=self.config["mean"], std=self.config["std"])
        self.widths, self.act = config["widths"], ACTIVATIONS[config["act"]]
        return config

    def forward(self, inputs: Tensor) -> Tensor:
        x = self.normalised(inputs)
        for layer, width in zip(self._linears(), self.widths, strict=False):
            weight = layer.weight[:width, : x.shape[1]]
            x = self.act(F.linear(x, weight, layer.bias[:width]))  # [B, width]
        return F.linear(x, self.classifier.weight[:, : x.shape[1]], self.classifier.bias)

    def regions(self) -> dict[str, Index]:
        found: dict[str, Index] = {"mean": (...,), "std": (...,), "classifier.bias": (...,)}
        before = ALL
        for position, width in enumerate(self.widths):
            found[f"layers.{position}.weight"] = (slice(width), before)
            found[f"layers.{position}.bias"] = (slice(width),)
            before = slice(width)
        return found | {"classifier.weight": (ALL, before)}

    @torch.no_grad()
    def extract(self, genes: Genes) -> MLP:
        config = self.set_active(genes)
        with torch.device("meta"):  # neither memory nor random numbers for what is replaced below
            network = MLP(config)
        shared, regions = self.state_dict(), self.regions()
        weights = {name: shared[name][index].clone() for name, index in regions.items()}
        network.load_state_dict(weights, assign=True)
        return network.train(self.training)

    def _linears(self) -> list[nn.Linear]:
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]


class MlpNetworks(NetworkFamily):
    """Multilayer perceptrons, alone and with shared weights."""

    source = mlp

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
        network = MLP(config)
        initialise(network)
        return network

    def smaller(self, config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
        if quantity != "channels":
            return super().smaller(config, quantity, share)
        return config | {"widths": [max(1, round(share * width)) for width in config["widths"]]}

    def pieces(self, space: SearchSpace, genes: Genes, network: nn.Module) -> list[Piece]:
        return perceptrons.pieces_of(cast("MLP", network))

    def enlarged(self, network: nn.Module, config: dict[str, Any]) -> nn.Module:
        return perceptrons.deepened(cast("MLP", network), config["widths"])

    def supernet(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> SharedWeights:
        return MlpSupernet(_checked(space), mean=mean, std=std)


def config_of(
    space: Mlp,
    genes: Genes,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Configuration of `MLP` for an architecture, ready for JSON; see NetworkFamily."""
    definition, choices = space.definition, space.describe(genes)
    channels = definition.in_channels
    return {
        "in_channels": channels,
        "n_classes": definition.n_classes,
        "resolution": definition.side,
        "mean": list(mean) if mean is not None else [0.0] * channels,
        "std": list(std) if std is not None else [1.0] * channels,
        "widths": [choices[f"layer{layer + 1}.width"] for layer in range(choices["depth"])],
        "act": choices["activation"],
    }


def initialise(network: MLP) -> None:
    """Draw the weights anew: hidden layers by fan-in (He et al., 2015), the classifier near 0."""
    for layer in network.layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    nn.init.normal_(network.classifier.weight, std=0.01)
    nn.init.zeros_(network.classifier.bias)


def _checked(space: SearchSpace) -> Mlp:
    if not isinstance(space, Mlp):
        raise TypeError(f"no multilayer perceptron for spaces of the family {space.family}")
    return space
