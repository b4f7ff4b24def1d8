"""Local search: try all neighbours of the best, go on from the best of them, or start again.

Sources: White, Nolen, Savani: Exploring the loss landscape in neural architecture search, UAI
2021 (arXiv 2005.02960), algorithm 1: hill climbing from the best of a few random architectures.
For several objectives: Paquete, Chiarandini, Stützle: Pareto local optimum sets in the
biobjective traveling salesman problem, Lecture Notes in Economics and Mathematical Systems 535,
2004: the neighbours of every member of the front are tried, until none adds to it. With one
objective the front is the best, and both are the same.

Departures: the member in the widest gap of the front comes first, where Paquete et al. pick at
random; under limits the front is that of constraint domination (Deb et al., 2002); a climb goes
on as soon as the last neighbour is asked for, without waiting for its result; and what is known
is not tried again.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.selection import best_front
from searches.strategies.settings.local import LocalSearchSettings


class LocalSearch(SamplingStrategy[LocalSearchSettings]):
    """One climb after the other.

    Attributes:
        salt: makes the order of neighbours, which no state has to hold, one of this run.
        n_before: proposals before this climb.
        current: whose neighbours are being tried.
        front: the best of this climb, by ticket.
        explored: members whose neighbours were all tried, as far as that is known.
    """

    def __init__(self, problem: Problem, settings: LocalSearchSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.salt = rng.getrandbits(48)
        self.n_before = 0
        self.current: Genes | None = None
        self.front: list[Result] = []
        self.explored: set[Genes] = set()

    def _choose(self, n: int) -> list[Genes]:
        drawer = Drawer(self.problem, self.rng, self.seen, self.settings.patience)
        n_starts = self.settings.starts - (self.n_asked - self.n_before)
        found = drawer.founders(min(n, n_starts)) if n_starts > 0 else []
        found = found or self._climb(n, drawer)
        if not found and not self.pending:
            self.n_before, self.current, self.front = self.n_asked, None, []
            # A new one: what the climb has missed depends on what it remembers, and a restored
            # strategy remembers less.
            drawer = Drawer(self.problem, self.rng, self.seen, self.settings.patience)
            found = drawer.founders(min(n, self.settings.starts))
            self.is_exhausted = not found
            if not self.seen:
                refuse(self.problem)
        return found

    def _climb(self, n: int, drawer: Drawer) -> list[Genes]:
        """Neighbours of the current architecture; when it has no more, of the next one."""
        found: list[Genes] = []
        for genes in self._bases():
            self.current = genes
            taken = drawer.take(self._neighbours(genes), n - len(found))
            self.origins |= dict.fromkeys(taken, genes)
            found += taken
            if len(found) == n:
                return found
            self.explored.add(genes)
        self.current = None
        return found

    def _bases(self) -> Iterator[Genes]:
        """The current architecture, then the members of the front, the loneliest first."""
        if self.current is not None:
            yield self.current
        for member in best_front(self.front):
            if member.genes not in self.explored:
                yield member.genes

    def _neighbours(self, genes: Genes) -> list[Genes]:
        """The neighbours of an architecture that this run may try, always in the same order."""
        found = list(self.problem.space.neighbours(genes))
        Random(f"{self.salt} {genes}").shuffle(found)
        return found[: self.settings.neighbours]

    def _learn(self, results: Sequence[Result]) -> None:
        new = [result for result in results if result.ticket > self.n_before]
        self.front = best_front([*self.front, *new])
        self.front.sort(key=lambda result: result.ticket)

    def _own_state(self) -> dict[str, Any]:
        current = None if self.current is None else list(self.current)
        return {"salt": self.salt, "n_before": self.n_before, "current": current}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.salt, self.n_before = state["salt"], state["n_before"]
        self.current = None if state["current"] is None else tuple(state["current"])
        self._learn(history)
