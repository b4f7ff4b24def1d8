"""Drawing new architectures within the limits on costs, with a bound on the effort."""

import math
from itertools import islice
from random import Random
from typing import NoReturn

from searches.spaces.base import Genes, InfeasibleSpace
from searches.strategies.base import Problem
from searches.strategies.selection import best_front

LARGEST_BATCH = 256
# Spaces up to this size are listed when drawing finds nothing new.
LISTABLE = 50_000
# Nearest misses kept, children per step of the descent towards the limits, its steps in a row
# that lead nowhere, and all of its steps.
KEPT_MISSES = 64
CHILDREN = 64
VAIN_STEPS = 60
STEPS = 600


def refuse(problem: Problem) -> NoReturn:
    """Say that nothing was found within the limits.

    Raises:
        InfeasibleSpace: always.
    """
    limits = "; ".join(problem.limits) or "the limits"
    raise InfeasibleSpace(f"No architecture was found within {limits}.")


def inherited(problem: Problem) -> list[Genes]:
    """The best of an earlier run: its front, re-costed and under today's limits.

    Where nothing is known of their quality, all of its architectures, as they come: best first.
    """
    best = best_front(problem.prior) or problem.prior
    return [problem.space.canonical(result.genes) for result in best]


class Drawer:
    """Finds architectures that are within the limits and not in `seen`.

    Uniform draws first, as long as they find anything; then, in a small space, a list of all that
    is left; in a large one a descent from the nearest misses, so that narrow limits can be met.

    Args:
        problem: space and limits.
        rng: source of all randomness.
        seen: what not to find again; what is found is added.
        patience: how many draws in vain end the uniform drawing.
    """

    def __init__(self, problem: Problem, rng: Random, seen: set[Genes], patience: int):
        self.problem, self.rng, self.seen, self.patience = problem, rng, seen, patience
        self._misses: dict[Genes, float] = {}  # nearest first

    def draw(self, n: int) -> list[Genes]:
        """At most `n` new architectures within the limits; fewer when no more were found."""
        found = self._uniform(n)
        if len(found) < n:
            rest = n - len(found)
            is_listable = self.problem.space.size() <= LISTABLE
            found += self._listed(rest) if is_listable else self._descend(rest)
        return found

    def founders(self, n: int) -> list[Genes]:
        """Like `draw`, but first come the best of an earlier run, when there was one."""
        found = self.take(inherited(self.problem), n)
        return found + self.draw(n - len(found))

    def take(self, candidates: list[Genes], n: int) -> list[Genes]:
        """The first `n` candidates that are new and within the limits, each once."""
        new = [genes for genes in dict.fromkeys(candidates) if genes not in self.seen]
        if not new:
            return []
        violations = self.problem.violations(new)
        within = [genes for genes, v in zip(new, violations, strict=True) if v <= 0][:n]
        self._misses |= {g: float(v) for g, v in zip(new, violations, strict=True) if v > 0}
        nearest = sorted(self._misses.items(), key=lambda miss: (miss[1], miss[0]))
        self._misses = dict(nearest[:KEPT_MISSES])
        self.seen.update(within)
        return within

    def _uniform(self, n: int) -> list[Genes]:
        found: list[Genes] = []
        vain, batch = 0, n
        while len(found) < n and vain < self.patience:
            draws = [self.problem.space.sample(self.rng) for _ in range(batch)]
            taken = self.take(draws, n - len(found))
            found += taken
            vain = 0 if taken else vain + batch
            batch = min(2 * batch, LARGEST_BATCH) if vain else n
        return found

    def _listed(self, n: int) -> list[Genes]:
        left = [genes for genes in self.problem.space.enumerate() if genes not in self.seen]
        self.rng.shuffle(left)
        found: list[Genes] = []
        remaining = iter(left)
        while len(found) < n and (some := list(islice(remaining, LARGEST_BATCH))):
            found += self.take(some, n - len(found))
        return found

    def _descend(self, n: int) -> list[Genes]:
        """Mutants of the nearest misses and of the latest finds, step by step.

        A step leads somewhere when it finds something or comes nearer to the limits.
        """
        found: list[Genes] = []
        vain = 0
        for _ in range(STEPS):
            if len(found) >= n or vain >= VAIN_STEPS:
                break
            before = self._distance()
            parents = [*found[-4:], *islice(self._misses, 4)]
            if not parents:
                break
            picked = [self.rng.choice(parents) for _ in range(CHILDREN)]
            children = [self.problem.space.mutate(genes, self.rng) for genes in picked]
            taken = self.take(children, n - len(found))
            found += taken
            vain = 0 if taken or self._distance() < before else vain + 1
        return found

    def _distance(self) -> float:
        """Violation of the nearest miss."""
        return next(iter(self._misses.values()), math.inf)
