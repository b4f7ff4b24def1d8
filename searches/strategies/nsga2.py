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

from searches.objectives.fronts import Floats, Ranks, constrained_ranks, crowding_by_front
from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.evolving import Evolution
from searches.strategies.selection import by_ticket, losses_of
from searches.strategies.settings.evolution import Nsga2Settings


class Nsga2(Evolution[Nsga2Settings]):
    """The population survives by rank, then by crowding; parents win binary tournaments.

    Attributes:
        population: surviving results, the best first.
        order: place of each member in the tournament's order; equal places are drawn.
        mutation: probability that a gene changes. Unless set, each gene is drawn anew from all
            of its options with the paper's 1 / n_genes, and may so stay what it was.
    """

    def __init__(self, problem: Problem, settings: Nsga2Settings, rng: Random):
        super().__init__(problem, settings, rng)
        self.population: list[Result] = []
        self.order: list[int] = []
        sizes = [len(gene.options) for gene in problem.space.genes]
        anew = sum(1 - 1 / size for size in sizes) / len(sizes) ** 2
        self.mutation = anew if settings.mutation is None else settings.mutation

    def _can_breed(self) -> bool:
        return len(self.population) >= 2

    def _learn(self, results: Sequence[Result]) -> None:
        done = [result for result in results if result.losses is not None]
        if done:
            self._survive([*self.population, *done])

    def _own_state(self) -> dict[str, Any]:
        return {"population": [result.ticket for result in self.population], "order": self.order}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.population, self.order = by_ticket(history, state["population"]), state["order"]

    def _survive(self, candidates: list[Result]) -> None:
        """Keep the best by rank, of the last front those in the widest gaps (section III-C).

        Those that survive are ordered by the gaps among themselves.
        """
        losses = losses_of(candidates)
        ranks = constrained_ranks(losses, [result.violation for result in candidates])
        kept, _ = _in_order(losses, ranks, np.arange(len(candidates)))
        kept, distances = _in_order(losses, ranks, kept[: self.settings.population])
        self.population = [candidates[index] for index in kept]
        is_worse = (np.diff(ranks[kept]) != 0) | (distances[1:] != distances[:-1])
        self.order = [0, *np.cumsum(is_worse).tolist()]

    def _child(self, number: int) -> Genes:
        space, per_gene = self.problem.space, self.mutation
        child = parent = self._parent()
        if self.rng.random() < self.settings.crossover:
            child = space.crossover(child, self._parent(), self.rng)
        if child in self.seen or self.rng.random() > (1 - per_gene) ** len(space.genes):
            child = space.mutate(child, self.rng, rate=per_gene)
        self.origins[child] = parent
        return child

    def _parent(self) -> Genes:
        """The better of two members, by rank and then by crowding."""
        a, b = self.rng.sample(range(len(self.population)), 2)
        is_tied = self.order[a] == self.order[b]
        return self.population[a if is_tied else min(a, b)].genes


def _in_order(losses: Floats, ranks: Ranks, members: Ranks) -> tuple[Ranks, Floats]:
    """Indices of the members by rank, then by crowding among them; and these distances.

    Equals keep their order.
    """
    distances = crowding_by_front(losses[members], ranks[members])
    best = np.lexsort((-distances, ranks[members]))
    return members[best], distances[best]
