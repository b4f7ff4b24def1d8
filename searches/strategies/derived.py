"""The search of a one-shot strategy: the architectures that its training was read off to.

The training (see `searches.training.one_shot`) ends with a list of architectures, the preferred
one first. Here they are proposed in that order, those outside of the limits on costs left out.
"""

from itertools import islice

from searches.spaces.base import Genes, InfeasibleSpace
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.one_shot import OneShotSettings

CHUNK = 256


class Derived(SamplingStrategy[OneShotSettings]):
    """Proposes `problem.derived` in order; its state is the place in the list."""

    def _choose(self, n: int) -> list[Genes]:
        found: list[Genes] = []
        left = (genes for genes in self.problem.derived if genes not in self.seen)
        while len(found) < n and (some := list(islice(left, CHUNK))):
            violations = self.problem.violations(some)
            within = [genes for genes, v in zip(some, violations, strict=True) if v <= 0]
            found += within[: n - len(found)]
        self.seen.update(found)
        if not found and not self.seen:
            limits = "; ".join(self.problem.limits) or "the limits"
            raise InfeasibleSpace(f"None of the derived architectures is within {limits}.")
        self.is_exhausted = len(found) < n
        return found
