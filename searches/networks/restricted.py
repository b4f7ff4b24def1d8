"""Networks of spaces with options left out: those of the whole space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from torch import Tensor, nn

from searches.networks.families import ElasticWeights, Index, NetworkFamily, SharedWeights
from searches.networks.inheritance.pieces import Piece
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.restriction import Restricted


class RestrictedNetworks(NetworkFamily):
    """Like the family of the whole space, but for genes of a `Restricted` one."""

    def __init__(self, whole: NetworkFamily):
        self.whole, self.source = whole, whole.source

    def config(
        self,
        space: SearchSpace,
        genes: Genes,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> dict[str, Any]:
        found = cast("Restricted", space)
        return self.whole.config(found.base, found.widened(genes), mean=mean, std=std)

    def network(self, config: dict[str, Any]) -> nn.Module:
        return self.whole.network(config)

    def smaller(self, config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
        return self.whole.smaller(config, quantity, share)

    def pieces(self, space: SearchSpace, genes: Genes, network: nn.Module) -> list[Piece]:
        found = cast("Restricted", space)
        return self.whole.pieces(found.base, found.widened(genes), network)

    def enlarged(self, network: nn.Module, config: dict[str, Any]) -> nn.Module:
        return self.whole.enlarged(network, config)

    def supernet(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> SharedWeights:
        found = cast("Restricted", space)
        whole = self.whole.supernet(found.base, mean=mean, std=std)
        if isinstance(whole, ElasticWeights):
            return RestrictedElasticWeights(found, whole)
        return RestrictedWeights(found, whole)


class RestrictedWeights(SharedWeights):
    """Weights of the whole space, of which the options left out are never trained."""

    def __init__(self, space: Restricted, whole: SharedWeights):
        super().__init__()
        self.space, self.whole = space, whole

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.whole(x)
        return logits

    def set_active(self, genes: Genes) -> dict[str, Any]:
        return self.whole.set_active(self.space.widened(genes))

    def regions(self) -> Mapping[str, Index]:
        return {f"whole.{name}": index for name, index in self.whole.regions().items()}

    def extract(self, genes: Genes) -> nn.Module:
        return self.whole.extract(self.space.widened(genes))


class RestrictedElasticWeights(RestrictedWeights, ElasticWeights):
    """The same for networks that are parts of the largest one that is left."""

    def sort_channels(self, kept: Sequence[Genes]) -> None:
        whole = cast("ElasticWeights", self.whole)
        whole.sort_channels([self.space.widened(genes) for genes in kept])
