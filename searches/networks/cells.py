"""The networks of cell spaces, as training and export ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import nn

from searches.networks import cell_network
from searches.networks.cell_building import config_of, initialise_cells, smaller
from searches.networks.cell_mixture import CellMixture
from searches.networks.cell_network import CellNetwork
from searches.networks.families import NetworkFamily, SharedWeights
from searches.networks.inheritance import cells
from searches.networks.inheritance.pieces import Piece
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.cells import CellSpace


class CellNetworks(NetworkFamily):
    """Networks of repeated cells, alone and as a mixture with shared weights."""

    source = cell_network

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
        network = CellNetwork(config)
        initialise_cells(network)
        return network

    def smaller(self, config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
        return smaller(config, quantity, share)

    def pieces(self, space: SearchSpace, genes: Genes, network: nn.Module) -> list[Piece]:
        return cells.pieces_of(cast("CellNetwork", network))

    def supernet(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> SharedWeights:
        return CellMixture(_checked(space), mean=mean, std=std)


def _checked(space: SearchSpace) -> CellSpace:
    if not isinstance(space, CellSpace):
        raise TypeError(f"no cells for spaces of the family {space.family}")
    return space
