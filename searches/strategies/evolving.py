"""What the evolutionary strategies share: founders, then children that are new and feasible."""

from abc import abstractmethod
from random import Random
from typing import Protocol, TypeVar

from searches.spaces.base import Genes
from searches.strategies.base import Problem
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.sampling import SamplingStrategy

# Draws in vain, outside the limits or made before, after which founders are sought in other ways.
PATIENCE = 2000


class EvolutionSettings(Protocol):
    """What every evolutionary strategy lets people set."""

    @property
    def population(self) -> int | None:
        """Number of founders; None when the strategy chooses it by the budget."""

    @property
    def attempts(self) -> int:
        """Children made for one proposal until one is new and within the limits."""


E = TypeVar("E", bound=EvolutionSettings)


def default_population(budget: int) -> int:
    """A quarter of the budget, 4 to 100: a search of founders alone would be a random one."""
    return max(4, min(100, budget // 4))


class Evolution(SamplingStrategy[E]):
    """As many founders as the population has members, then children of told results.

    The founders are the best of an earlier run, when there was one, and random. A subclass says
    when it has parents (`_can_breed`) and what a child is (`_child`).

    Attributes:
        n_founders: how many are proposed before the first child.
    """

    def __init__(self, problem: Problem, settings: E, rng: Random):
        super().__init__(problem, settings, rng)
        self.n_founders = settings.population or default_population(problem.budget)

    @abstractmethod
    def _can_breed(self) -> bool:
        """Whether there are parents."""

    @abstractmethod
    def _child(self, number: int) -> Genes:
        """A child of present parents, known or not.

        Args:
            number: 0, 1, 2, … over all proposals of the run, founders included.
        """

    def _choose(self, n: int) -> list[Genes]:
        n_founders = min(n, self.n_founders - self.n_asked)
        found = self._founders(n_founders) if n_founders > 0 else []
        if not found and self._can_breed():
            found = self._breed(n)
        if not found and not self.pending:
            found = self._founders(n) if n_founders <= 0 else []
            self.is_exhausted = not found
            if not self.seen:
                refuse(self.problem)
        return found

    def _founders(self, n: int) -> list[Genes]:
        return Drawer(self.problem, self.rng, self.seen, PATIENCE).founders(n)

    def _breed(self, n: int) -> list[Genes]:
        """At most `n` children that are new and within the limits, by a bounded effort."""
        drawer = Drawer(self.problem, self.rng, self.seen, patience=0)
        children: list[Genes] = []
        missing = list(range(self.n_asked, self.n_asked + n))
        for _ in range(self.settings.attempts):
            if not missing:
                break
            made = {number: self._child(number) for number in missing}
            taken = drawer.take(list(made.values()), len(missing))
            children += taken
            born = {genes: number for number, genes in made.items()}
            missing = sorted(set(missing) - {born[genes] for genes in taken})
        return children
