"""Which subnets a step of a supernet's training takes, all on the same batch.

Z. Guo et al., "Single Path One-Shot Neural Architecture Search with Uniform Sampling",
ECCV 2020 (1904.00420), section 3.1.
X. Chu et al., "FairNAS: Rethinking Evaluation Fairness of Weight Sharing ...", ICCV 2021
(1907.01845): strict fairness.
J. Yu, T. Huang, "Universally Slimmable Networks and Improved Training Techniques", ICCV 2019
(1903.05134): the sandwich rule.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch

from searches.spaces.base import Genes, SearchSpace
from searches.training.seeds import generator, rng

RESOLUTION = "resolution"  # the gene that is the same for all subnets of a step


class SamplingRule(ABC):
    """Draws the subnets of a step from its number alone; no state.

    All subnets of a step see the same images, so they have the same resolution.

    Attributes:
        distils: The first subnet teaches the others, which see no labels.
    """

    distils = False

    def __init__(self, space: SearchSpace, seed: int, subnets: int | None):
        self.space, self.seed, self.subnets = space, seed, subnets

    @abstractmethod
    def draw(self, step: int) -> list[Genes]:
        """The subnets of a step, in the order in which they are trained."""

    def random(self, step: int, n: int) -> list[Genes]:
        """Architectures with every gene uniform."""
        draws = rng(self.seed, "subnet", step)
        return [self.space.sample(draws) for _ in range(n)]


class Uniform(SamplingRule):
    """Every gene uniform: not over architectures, of which few are shallow."""

    def draw(self, step: int) -> list[Genes]:
        drawn = self.random(step, self.subnets or 1)
        return at_one_resolution(self.space, drawn, drawn[0])


class Fair(SamplingRule):
    """Every option of every choice equally often.

    Each gene deals its options from shuffled decks, one deck after the other; a step takes as many
    subnets as the largest deck has options. FairNAS has as many options everywhere; here a gene
    with fewer goes on with its next deck, which the next step may finish.
    """

    def draw(self, step: int) -> list[Genes]:
        sizes = [len(gene.options) for gene in self.space.genes]
        others = [len(g.options) for g in self.space.genes if g.name != RESOLUTION]
        n = self.subnets or max(others, default=1)
        dealt = [self._dealt(position, size, step * n, n) for position, size in enumerate(sizes)]
        drawn = [self.space.canonical(genes) for genes in zip(*dealt, strict=True)]
        return at_one_resolution(self.space, drawn, self.random(step, 1)[0])

    def _dealt(self, position: int, size: int, start: int, n: int) -> list[int]:
        """Options of one gene from the `start`-th to be dealt."""
        first, last = start // size, (start + n - 1) // size
        decks = [
            torch.randperm(size, generator=generator(self.seed, "deck", position, deck)).tolist()
            for deck in range(first, last + 1)
        ]
        cards = [option for deck in decks for option in deck]
        return cards[start - first * size :][:n]


class Sandwich(SamplingRule):
    """The largest subnet, which teaches; random ones; and the smallest (by MACs)."""

    distils = True
    n_usual = 4

    def __init__(self, space: SearchSpace, seed: int, subnets: int | None):
        super().__init__(space, seed, subnets)
        macs = np.array([operation.macs() for operation in space.operation_table()], dtype=float)
        self.largest, self.smallest = (
            space.extreme(macs, aggregate="sum", largest=is_largest)[1]
            for is_largest in (True, False)
        )

    def draw(self, step: int) -> list[Genes]:
        n = self.subnets or self.n_usual
        drawn = self.random(step, max(1, n - 2))
        between = drawn[: n - 2]
        return at_one_resolution(self.space, [self.largest, *between, self.smallest], drawn[0])


def at_one_resolution(space: SearchSpace, subnets: Sequence[Genes], like: Genes) -> list[Genes]:
    """The subnets at the resolution of `like`, if the space has a choice of it."""
    names = [gene.name for gene in space.genes]
    if RESOLUTION not in names:
        return list(subnets)
    at = names.index(RESOLUTION)
    found = [(*genes[:at], like[at], *genes[at + 1 :]) for genes in subnets]
    return [space.canonical(genes) for genes in found]


RULES: dict[str, type[SamplingRule]] = {"uniform": Uniform, "fair": Fair, "sandwich": Sandwich}
