"""A generator of weights from the choices of an architecture, after SMASH.

Departures from Brock et al., 2018: a small perceptron reads the genes, one option each, where the
paper has convolutions over a memory bank; and every layer has a linear map of its own, where the
paper's generator emits 1x1 weights only and the rest is shared. So it serves any space.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod, sqrt
from random import Random

import torch
from torch import Tensor, nn

from searches.networks.hypernetworks.base import Hypernetwork, Skeleton, skeleton_of
from searches.networks.inheritance.handing_on import centred
from searches.networks.inheritance.pieces import Piece
from searches.spaces.base import Genes, SearchSpace

SLOPE = 0.02  # of the leaky ReLU, as in the paper
LOOKED_AT = 32  # architectures drawn to see which layers there are, besides each option once


class WeightGenerator(Hypernetwork):
    """One-hot genes → hidden → hidden → the largest tensor of every layer, to be cut.

    Attributes:
        shapes: of the largest value of each piece that was seen.
    """

    def __init__(
        self, space: SearchSpace, *, mean: Sequence[float], std: Sequence[float], hidden: int
    ):
        super().__init__(space, mean=mean, std=std)
        n_options = sum(len(gene.options) for gene in space.genes)
        self.read = nn.Sequential(
            nn.Linear(n_options, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(SLOPE),
        )
        self.shapes = largest_shapes(space, mean, std)
        self.maps = nn.ModuleDict()
        for name, shape in sorted(self.shapes.items()):
            layer = nn.Linear(hidden, prod(shape))
            if len(shape) > 1:  # standardised later: half of the variance by the architecture
                nn.init.normal_(layer.bias)
                nn.init.normal_(layer.weight, std=1 / sqrt(hidden))
            else:
                nn.init.zeros_(layer.bias)
                nn.init.normal_(layer.weight, std=0.1 / sqrt(hidden))
            self.maps[_key(name)] = layer

    def raw(self, genes: Genes, skeleton: Skeleton, *, shuffle: Random | None) -> list[Tensor]:
        code = genes if shuffle is None else self._other(genes, shuffle)
        hidden = self.read(self.encoded(code))
        return [self._piece(piece, hidden) for piece in skeleton.learnt]

    def encoded(self, genes: Genes) -> Tensor:
        """[n_options] 1 where an option is chosen by a gene that matters."""
        found, start = [], 0
        for position, (gene, option) in enumerate(zip(self.space.genes, genes, strict=True)):
            if self.space.is_active(position, genes):
                found.append(start + option)
            start += len(gene.options)
        code = torch.zeros(start)
        code[found] = 1.0
        return code

    def _other(self, genes: Genes, rng: Random) -> Genes:
        """The code of another architecture."""
        for _ in range(100):
            other = self.space.sample(rng)
            if other != genes:
                return other
        return genes

    def _piece(self, piece: Piece, hidden: Tensor) -> Tensor:
        shape = self.shapes.get(piece.name)
        if shape is None:  # so rare that no draw had it: as before any training
            return torch.zeros_like(piece.value) if piece.value.ndim == 1 else piece.value.clone()
        layer = self.maps[_key(piece.name)]
        value: Tensor = layer(hidden).view(shape)
        return centred(value, piece.value.shape, n_channels=len(piece.axes))


def _key(name: str) -> str:
    return name.replace(".", "/")


def largest_shapes(
    space: SearchSpace, mean: Sequence[float], std: Sequence[float]
) -> dict[str, tuple[int, ...]]:
    """By name of the piece, the largest size along each dimension over many architectures."""
    found: dict[str, tuple[int, ...]] = {}
    for genes in dict.fromkeys(_seen(space)):
        for piece in skeleton_of(space, genes, {"mean": mean, "std": std}).learnt:
            shape = tuple(piece.value.shape)
            before = found.get(piece.name, shape)
            found[piece.name] = tuple(map(max, before, shape))
    return found


def _seen(space: SearchSpace) -> Iterator[Genes]:
    """The last options of all genes, every other option once beside these, and random ones."""
    last = tuple(len(gene.options) - 1 for gene in space.genes)
    yield space.canonical(last)
    for position, largest in enumerate(last):
        for option in range(largest):
            yield space.canonical((*last[:position], option, *last[position + 1 :]))
    rng = Random("layers of a space")
    for _ in range(LOOKED_AT):
        yield space.sample(rng)
