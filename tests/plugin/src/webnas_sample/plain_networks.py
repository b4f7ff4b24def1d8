"""How the architectures of a plain space become networks."""

from collections.abc import Sequence
from typing import Any, cast

from torch import nn

from searches.networks.building import initialise
from searches.networks.families import NetworkFamily, SharedWeights
from searches.spaces.base import Genes, SearchSpace
from webnas_sample import plain_network
from webnas_sample.plain import Plain


class PlainNetworks(NetworkFamily):
    """One network per architecture; nothing is shared."""

    source = plain_network

    def config(
        self,
        space: SearchSpace,
        genes: Genes,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> dict[str, Any]:
        definition, chosen = cast("Plain", space).definition, space.describe(genes)
        channels = definition.in_channels
        return {
            "in_channels": channels,
            "n_classes": definition.n_classes,
            "mean": list(mean) if mean is not None else [0.0] * channels,
            "std": list(std) if std is not None else [1.0] * channels,
            **chosen,
        }

    def network(self, config: dict[str, Any]) -> nn.Module:
        network = plain_network.PlainNetwork(config)
        initialise(network)
        return network

    def supernet(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> SharedWeights:
        raise TypeError("plain networks share no weights")
