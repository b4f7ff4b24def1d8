"""Rungs of fidelities, and the brackets of architectures that climb them."""

from dataclasses import dataclass, field

from searches.spaces.base import Genes
from searches.strategies.base import Result
from searches.strategies.selection import best_first


def rungs_of(full: int, *, eta: int, least: int, power: int = 1) -> tuple[int, ...]:
    """Amounts of the rungs, ascending: R, R/η, R/η², … as long as `least` is left, rounded.

    Args:
        full: R, epochs (or percent) of a full evaluation.
        eta: η, by which the cost of an evaluation grows from rung to rung.
        least: of the first rung.
        power: of the amount with which the cost grows; R is divided by the root of η.
    """
    step = eta ** (1 / power)
    found, n = [full], full / step
    while n >= least and round(n) < found[-1] and round(n) >= 1:
        found.append(round(n))
        n /= step
    return tuple(reversed(found))


@dataclass
class Rung:
    """Results at one fidelity of one bracket.

    Attributes:
        promoted: those that have gone on to the next rung.
    """

    fidelity: str
    results: dict[Genes, Result] = field(default_factory=dict)
    promoted: set[Genes] = field(default_factory=set)

    def best(self, n: int) -> list[Result]:
        """The best `n` that have losses; equals in the order of their tickets."""
        if n < 1:
            return []
        done = [result for result in self.results.values() if result.losses is not None]
        return best_first(sorted(done, key=lambda result: result.ticket))[:n]


@dataclass
class Bracket:
    """Rungs that one group of architectures climbs.

    Attributes:
        first: number of its first rung among those of the method.
        n: how many start; None: as many as there are.
    """

    rungs: list[Rung]
    first: int
    n: int | None
    started: set[Genes] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        return self.n is None or len(self.started) < self.n
