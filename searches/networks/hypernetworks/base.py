"""What networks that predict the weights of others have in common.

The weights go through PyTorch's `functional_call` into a plain network of the space, so that the
loss of that network is differentiated down to whatever predicted them.

    A. Brock, T. Lim, J. Ritchie, N. Weston, "SMASH: One-Shot Model Architecture Search through
    HyperNetworks", ICLR 2018 (1708.05344).
    C. Zhang, M. Ren, R. Urtasun, "Graph HyperNetworks for Neural Architecture Search", ICLR 2019
    (1810.05749).
    B. Knyazev et al., "Parameter Prediction for Unseen Deep Architectures", NeurIPS 2021
    (2110.13100), section 4: scales of what is predicted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from searches.networks.families import build, configuration, family_of
from searches.networks.inheritance.pieces import Piece
from searches.spaces.base import Genes, SearchSpace

SKELETONS_KEPT = 64
TINY = 1e-6


@dataclass(frozen=True)
class Skeleton:
    """A plain network of which only the shapes count.

    Attributes:
        learnt: the pieces of its parameters; statistics are not among them.
        targets: names of these parameters in the network, in the same order.
    """

    network: nn.Module
    learnt: tuple[Piece, ...]
    targets: tuple[str, ...]


class Hypernetwork(nn.Module, ABC):
    """Predicts the weights of any network of a space.

    Life: `set_active` names the network, then the module computes as that network would with the
    predicted weights. `extract` gives it as a plain network.
    """

    def __init__(self, space: SearchSpace, *, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        self.space, self.statistics = space, {"mean": mean, "std": std}
        self._skeletons: OrderedDict[Genes, Skeleton] = OrderedDict()
        self.genes: Genes = space.canonical((0,) * len(space.genes))

    @abstractmethod
    def raw(self, genes: Genes, skeleton: Skeleton, *, shuffle: Random | None) -> list[Tensor]:
        """A tensor of the shape of each piece's value, on no particular scale.

        Args:
            genes: Of the network.
            skeleton: Of the network.
            shuffle: Breaks up what is known of the architecture, without changing the shapes: a
                hypernetwork that learnt to listen to it then predicts worse. None: as it is.
        """

    def set_active(self, genes: Genes) -> dict[str, Any]:
        """Compute as this architecture from now on; returns its configuration."""
        self.genes = self.space.canonical(genes)
        return configuration(self.skeleton(self.genes).network)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits [B, n_classes] of the active network, by the statistics of this batch."""
        skeleton = self.skeleton(self.genes)
        network = skeleton.network.train()
        statistics = {name: value.clone() for name, value in network.named_buffers()}
        weights = self.weights(self.genes)
        found: Tensor = functional_call(network, {**statistics, **weights}, (inputs,))
        return found

    def weights(self, genes: Genes, *, shuffle: Random | None = None) -> dict[str, Tensor]:
        """By name of the parameter in the plain network."""
        skeleton = self.skeleton(genes)
        found = self.raw(genes, skeleton, shuffle=shuffle)
        triples = zip(skeleton.learnt, skeleton.targets, found, strict=True)
        return {name: piece.fit(scaled(value, piece)) for piece, name, value in triples}

    @torch.no_grad()
    def extract(self, genes: Genes, *, shuffle: Random | None = None) -> nn.Module:
        """A plain network with the predicted weights; its norms have no statistics yet."""
        family = family_of(self.space)
        config = family.config(self.space, genes, **self.statistics)
        network = build(family, config, seed=0)
        for name, value in self.weights(self.space.canonical(genes), shuffle=shuffle).items():
            network.get_parameter(name).copy_(value)
        return network.eval()

    def skeleton(self, genes: Genes) -> Skeleton:
        if genes not in self._skeletons:
            self._skeletons[genes] = skeleton_of(self.space, genes, self.statistics)
            while len(self._skeletons) > SKELETONS_KEPT:
                self._skeletons.popitem(last=False)
        self._skeletons.move_to_end(genes)
        return self._skeletons[genes]


def skeleton_of(
    space: SearchSpace, genes: Genes, statistics: Mapping[str, Sequence[float]]
) -> Skeleton:
    family = family_of(space)
    config = family.config(space, genes, mean=statistics["mean"], std=statistics["std"])
    network = build(family, config, seed=0)
    names = {id(value): name for name, value in network.named_parameters()}
    learnt = [p for p in family.pieces(space, genes, network) if id(p.tensor) in names]
    return Skeleton(network, tuple(learnt), tuple(names[id(p.tensor)] for p in learnt))


def scaled(value: Tensor, piece: Piece) -> Tensor:
    """Weights with mean 0 and variance 2 / fan-in (1 / fan-in by channel); others near 1 or 0.

    Scales and shifts of norms: 2 sigmoid(x / 2) and tanh(x / 5), as in Knyazev et al., 2021.
    """
    if value.ndim == 1:
        is_scale = piece.name.endswith(".weight")
        return 2 * torch.sigmoid(value / 2) if is_scale else torch.tanh(value / 5)
    fan_in = prod(value.shape[1:])
    gain = 2.0 if piece.is_dense else 1.0
    spread = value.std() + TINY if value.numel() > 1 else 1.0
    return (value - value.mean()) / spread * sqrt(gain / fan_in)
