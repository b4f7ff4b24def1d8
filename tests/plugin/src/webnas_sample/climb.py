"""A strategy: children of the front, and random networks where there are none."""

from collections.abc import Sequence
from random import Random
from typing import Any

from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.selection import best_front, by_ticket
from webnas_sample.settings import ClimbSettings

CHILDREN = 4  # made for each that is wanted: some are known, or beyond a limit


class Climb(SamplingStrategy[ClimbSettings]):
    """Tickets, results outstanding and most of the state are kept by the base class."""

    def __init__(self, problem: Problem, settings: ClimbSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.best: list[Result] = []

    def _choose(self, n: int) -> list[Genes]:
        drawer = Drawer(self.problem, self.rng, self.seen, self.settings.patience)
        found: list[Genes] = []
        if self.best:
            parents = [self.rng.choice(self.best).genes for _ in range(CHILDREN * n)]
            children = [self.problem.space.mutate(genes, self.rng) for genes in parents]
            found = drawer.take(children, n)
        if len(found) < n:
            draw = drawer.draw if self.seen else drawer.founders
            found += draw(n - len(found))
        if not found and not self.seen:
            refuse(self.problem)
        self.is_exhausted = len(found) < n
        return found

    def _learn(self, results: Sequence[Result]) -> None:
        self.best = best_front([*self.best, *results])[: self.settings.kept]

    def _own_state(self) -> dict[str, Any]:
        return {"best": [result.ticket for result in self.best]}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.best = by_ticket(history, state["best"])
