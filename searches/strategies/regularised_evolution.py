"""Regularised evolution: the best of a tournament has a mutant, and the oldest dies.

Source: Real, Aggarwal, Huang, Le: Regularized evolution for image classifier architecture
search, AAAI 2019 (arXiv 1802.01548), algorithm 1.

Departures: several objectives and limits make the best of a tournament the loneliest of those
that no other entrant beats under constraint domination (Deb et al., 2002), where the paper takes
the highest accuracy. Age counts from the moment a result is told, so that any number may be
asked for at once. An architecture is never repeated: a mutant that is known is mutated again.
The answer is, as in the paper, the best of the whole history and not of the last population.
"""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Any

from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.evolving import Evolution
from searches.strategies.selection import by_ticket, loneliest_of_best
from searches.strategies.settings.evolution import RegularisedEvolutionSettings


class RegularisedEvolution(Evolution[RegularisedEvolutionSettings]):
    """A queue: who came first goes first, however good.

    Attributes:
        population: living results, the oldest first.
    """

    def __init__(self, problem: Problem, settings: RegularisedEvolutionSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.population: deque[Result] = deque(maxlen=settings.population)

    def _can_breed(self) -> bool:
        return bool(self.population)

    def _learn(self, results: Sequence[Result]) -> None:
        self.population.extend(result for result in results if result.losses is not None)

    def _own_state(self) -> dict[str, Any]:
        return {"population": [result.ticket for result in self.population]}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.population.extend(by_ticket(history, state["population"]))

    def _child(self, number: int) -> Genes:
        """One gene of the parent differs, and what it wakes; more when that is known."""
        space = self.problem.space
        parent = self._parent()
        child = space.mutate(parent, self.rng, rate=0.0)
        for _ in range(self.settings.attempts):
            if child not in self.seen:
                break
            child = space.mutate(child, self.rng, rate=0.0)
        self.origins[child] = parent
        return child

    def _parent(self) -> Genes:
        """The best of a tournament whose entrants are drawn with replacement."""
        places = self.rng.choices(range(len(self.population)), k=self.settings.sample)
        entrants = [self.population[place] for place in dict.fromkeys(places)]
        return self.rng.choice(loneliest_of_best(entrants)).genes
