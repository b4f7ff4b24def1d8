"""Random search: the baseline of every comparison.

After n draws the best is among the best q of the space with probability 1 - (1 - q)^n: 59 draws
for the best 5 % with 95 % certainty.
"""

from random import Random

from searches.spaces.base import Genes
from searches.strategies.base import Problem
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.sampling import RandomSettings


class RandomSearch(SamplingStrategy[RandomSettings]):
    """Each gene uniform, within the limits on costs, no architecture twice."""

    def __init__(self, problem: Problem, settings: RandomSettings, rng: Random):
        super().__init__(problem, settings, rng)

    def _choose(self, n: int) -> list[Genes]:
        found = Drawer(self.problem, self.rng, self.seen, self.settings.patience).draw(n)
        if not found and not self.seen:
            refuse(self.problem)
        self.is_exhausted = not found  # a bounded search that found some may find more
        return found
