"""NSGA-II for categorical genes.

Source: Deb, Pratap, Agarwal, Meyarivan: A fast and elitist multiobjective genetic algorithm:
NSGA-II, IEEE Transactions on Evolutionary Computation 6(2), 2002.

Departures: genes are categorical, so crossover is uniform and a mutated gene is drawn anew
(sections III-B and V use numbers); survivors are chosen whenever results arrive, from them and
the population, so that any number may be asked for at once: with as many proposals as the
population has members this is the generation of the paper. Architectures are never repeated.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from searches.objectives.fronts import Floats, Ranks, constrained_ranks, crowding
from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.feasible import Drawer
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.evolution import Nsga2Settings


class Nsga2(SamplingStrategy[Nsga2Settings]):
    """The population survives by rank, then by crowding; parents win binary tournaments.

    Attributes:
        population: surviving results, the best first.
        order: place of each member in the tournament's order; equal places are drawn.
    """

    def __init__(self, problem: Problem, settings: Nsga2Settings, rng: Random):
        super().__init__(problem, settings, rng)
        self.population: list[Result] = []
        self.order: list[int] = []

    def _choose(self, n: int) -> list[Genes]:
        founders = min(n, self.settings.population - len(self.seen))
        if founders > 0:
            return self._found(founders)
        if len(self.population) < 2:
            return [] if self.pending else self._found(n)
        return self._breed(n) or ([] if self.pending else self._found(n))

    def _learn(self, results: Sequence[Result]) -> None:
        done = [result for result in results if result.losses is not None]
        if done:
            self._survive([*self.population, *done])

    def _own_state(self) -> dict[str, Any]:
        return {"population": [result.ticket for result in self.population]}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        tickets = set(state["population"])
        told = {result.ticket: result for result in history if result.ticket in tickets}
        self._sort([told[ticket] for ticket in state["population"]])

    def _survive(self, candidates: list[Result]) -> None:
        """Keep the best by rank, of the last front those in the widest gaps (section III-C)."""
        ranks, distances = _ranked(candidates)
        best = np.lexsort((-distances, ranks))[: self.settings.population]
        self._sort([candidates[index] for index in best])

    def _sort(self, members: list[Result]) -> None:
        """Order the members as they are now: what `restore` finds, too."""
        if not members:
            return
        ranks, distances = _ranked(members)
        best = np.lexsort((-distances, ranks))
        self.population = [members[index] for index in best]
        ranks, distances = ranks[best], distances[best]
        is_worse = (ranks[1:] != ranks[:-1]) | (distances[1:] != distances[:-1])
        self.order = [0, *np.cumsum(is_worse).tolist()]

    def _found(self, n: int) -> list[Genes]:
        """Founders within the limits; the nearest misses when there are not enough of them."""
        drawer = Drawer(self.problem, self.rng, self.seen, self.settings.attempts * n)
        found = drawer.draw(n)
        found += drawer.take_misses(n - len(found))
        self.is_exhausted = not found and not self.pending
        return found

    def _breed(self, n: int) -> list[Genes]:
        """New children, within the limits unless a few attempts do not lead there."""
        drawer = Drawer(self.problem, self.rng, self.seen, patience=0)
        children: list[Genes] = []
        for _ in range(self.settings.attempts):
            n_missing = n - len(children)
            if n_missing == 0:
                break
            children += drawer.take([self._child() for _ in range(n_missing)], n_missing)
        return children + drawer.take_misses(n - len(children))

    def _child(self) -> Genes:
        space, rate = self.problem.space, self.settings.mutation
        child = self._parent()
        if self.rng.random() < self.settings.crossover:
            child = space.crossover(child, self._parent(), self.rng)
        per_gene = 1 / len(space.genes) if rate is None else rate
        if child in self.seen or self.rng.random() > (1 - per_gene) ** len(space.genes):
            child = space.mutate(child, self.rng, rate=per_gene)
        return child

    def _parent(self) -> Genes:
        """The better of two members, by rank and then by crowding."""
        a, b = self.rng.sample(range(len(self.population)), 2)
        is_tied = self.order[a] == self.order[b]
        return self.population[a if is_tied else min(a, b)].genes


def _ranked(results: Sequence[Result]) -> tuple[Ranks, Floats]:
    """Rank and crowding distance of each result: [n] and [n]."""
    losses = np.array([result.losses for result in results], dtype=np.float64)
    ranks = constrained_ranks(losses, [result.violation for result in results])
    distances = np.zeros(len(ranks))
    for rank in np.unique(ranks):
        front = ranks == rank
        distances[front] = crowding(losses[front])
    return ranks, distances
