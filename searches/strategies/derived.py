"""The search of a one-shot strategy: the architectures that its training was read off to.

The training (see `searches.training.one_shot`) ends with a list of architectures, the preferred
one first. Here they are proposed in that order, those outside of the limits on costs left out.
When not one of them is within, which happens to limits that do not add up over the operations and
to a supernet that was trained for other limits, architectures are drawn that are.
"""

from collections.abc import Sequence
from itertools import islice
from random import Random
from typing import Any

from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.one_shot import OneShotSettings

CHUNK = 256
PATIENCE = 1000  # draws in vain before the drawer looks for the limits systematically


class Derived(SamplingStrategy[OneShotSettings]):
    """Proposes `problem.derived` in order; its state is the place in the list."""

    def __init__(self, problem: Problem, settings: OneShotSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.is_drawing = False  # not one of the derived architectures is within the limits

    def _choose(self, n: int) -> list[Genes]:
        found = [] if self.is_drawing else self._listed(n)
        self.is_drawing = self.is_drawing or not (found or self.seen)
        if self.is_drawing:
            found = Drawer(self.problem, self.rng, self.seen, PATIENCE).draw(n)
            if not self.seen:
                refuse(self.problem)
        self.is_exhausted = len(found) < n
        return found

    def _listed(self, n: int) -> list[Genes]:
        found: list[Genes] = []
        left = (genes for genes in self.problem.derived if genes not in self.seen)
        while len(found) < n and (some := list(islice(left, CHUNK))):
            violations = self.problem.violations(some)
            within = [genes for genes, v in zip(some, violations, strict=True) if v <= 0]
            found += within[: n - len(found)]
        self.seen.update(found)
        return found

    def _own_state(self) -> dict[str, Any]:
        return {"is_drawing": self.is_drawing}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.is_drawing = state.get("is_drawing", False)  # older states know nothing of it
