"""The order in which a once-for-all network lets smaller networks join.

H. Cai et al., "Once for All: Train One Network and Specialize It for Efficient Deployment",
ICLR 2020, section 3.3 and appendix: first the largest alone, then all kernels, then one depth
after the other, then one width after the other; resolutions are elastic from the beginning. The
published schedule gives a depth or width between a fifth of the epochs of the last one (25, 125).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from searches.spaces.base import Gene, Genes, SearchSpace
from searches.training.settings import ShrinkingTrainingSettings

RESOLUTION, KERNEL, DEPTH, WIDTH = "resolution", "kernel", "depth", "width"
BETWEEN = 5  # a depth or width that is not the smallest gets one of so many epochs
SUBNETS = {KERNEL: 1, DEPTH: 2, WIDTH: 4}


@dataclass(frozen=True)
class Phase:
    """One part of the training.

    Attributes:
        name: For people, such as "depth 2".
        opens: The dimension in which smaller options join; empty in the first phase.
        least: Per gene the first option that is allowed; all after it are, too.
        epochs: Passes over the training data.
        subnets: Per step.
        learning_rate: At the peak.
    """

    name: str
    opens: str
    least: tuple[int, ...]
    epochs: int
    subnets: int
    learning_rate: float

    def sample(self, space: SearchSpace, rng: Random) -> Genes:
        """Every gene uniform over what is allowed."""
        options = (
            rng.randrange(least, len(gene.options))
            for gene, least in zip(space.genes, self.least, strict=True)
        )
        return space.canonical(tuple(options))


def phases_of(space: SearchSpace, settings: ShrinkingTrainingSettings) -> list[Phase]:
    """All phases in order; dimensions without a choice have none."""
    last = [0 if g.dimension == RESOLUTION else len(g.options) - 1 for g in space.genes]
    found = [Phase("largest", "", tuple(last), settings.epochs, 1, settings.learning_rate)]
    epochs = {
        KERNEL: settings.kernel_epochs,
        DEPTH: settings.depth_epochs,
        WIDTH: settings.width_epochs,
    }
    for dimension, subnets in SUBNETS.items():
        steps = list(_openings(space.genes, dimension))
        for number, opened in enumerate(steps, start=1):
            before = found[-1].least
            is_last = number == len(steps)
            least = tuple(
                max(0, top - opened) if gene.dimension == dimension else option
                for gene, option, top in zip(space.genes, before, last, strict=True)
            )
            found.append(
                Phase(
                    dimension if len(steps) == 1 else f"{dimension} {number}",
                    dimension,
                    least,
                    epochs[dimension] if is_last else max(1, epochs[dimension] // BETWEEN),
                    subnets,
                    settings.learning_rate * settings.later_rate / subnets,
                )
            )
    return found


def _openings(genes: Sequence[Gene], dimension: str) -> Sequence[int]:
    """How many options below the last one are allowed, phase after phase."""
    most = max((len(g.options) - 1 for g in genes if g.dimension == dimension), default=0)
    return [most] if dimension == KERNEL and most else range(1, most + 1)


def corners_of(space: SearchSpace) -> dict[str, Genes]:
    """Networks to watch: the largest, the smallest, and the smallest in one dimension alone."""
    dimensions = {gene.dimension for gene in space.genes if len(gene.options) > 1}
    watched = {"largest": frozenset[str]()}
    watched |= {f"smallest {d}": frozenset({d}) for d in (KERNEL, DEPTH, WIDTH) if d in dimensions}
    watched["smallest"] = frozenset({RESOLUTION, KERNEL, DEPTH, WIDTH})
    return {
        name: space.canonical(
            tuple(0 if g.dimension in small else len(g.options) - 1 for g in space.genes)
        )
        for name, small in watched.items()
    }


def widths_of(space: SearchSpace, least: Sequence[int]) -> list[Genes]:
    """Networks in which every layer takes every width that is allowed.

    The width of a layer can depend on two genes (that of a bottleneck in its stage), so genes of
    the same kind have the same option, and kinds are combined.
    """
    kinds = {g.name.rpartition(".")[2] for g in space.genes if g.dimension == WIDTH}
    most = max((len(g.options) for g in space.genes if g.dimension == WIDTH), default=1)
    found: dict[Genes, None] = {}
    for below in product(range(most), repeat=len(kinds)):
        less = dict(zip(sorted(kinds), below, strict=True))
        genes = tuple(
            max(low, len(gene.options) - 1 - less.get(gene.name.rpartition(".")[2], 0))
            if gene.dimension == WIDTH
            else len(gene.options) - 1
            for gene, low in zip(space.genes, least, strict=True)
        )
        found[genes] = None
    return list(found)
