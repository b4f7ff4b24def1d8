"""What all sampling strategies share: tickets, results outstanding, architectures seen, state."""

from abc import abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Any, Generic, TypeVar

from searches.spaces.base import Genes
from searches.strategies.base import Problem, Proposal, Result, Strategy

S = TypeVar("S")


class SamplingStrategy(Strategy, Generic[S]):
    """Proposes every architecture at most once.

    A subclass says what to propose (`_choose`), what to learn from results (`_learn`), and what
    of this its state holds (`_own_state`, `_restore_own`).

    Attributes:
        seen: genes of all proposals so far.
        pending: genes by ticket of proposals without a result.
        origins: by genes of what is being proposed, what it was made from.
    """

    def __init__(self, problem: Problem, settings: S, rng: Random):
        self.problem, self.settings, self.rng = problem, settings, rng
        self.seen: set[Genes] = set()
        self.pending: dict[int, Genes] = {}
        self.origins: dict[Genes, Genes] = {}
        self.n_asked = 0
        self.is_exhausted = False

    @abstractmethod
    def _choose(self, n: int) -> list[Genes]:
        """At most `n` new canonical genes; puts them into `seen`."""

    def _learn(self, results: Sequence[Result]) -> None:
        """Take in results that were outstanding, failed ones among them."""

    def _own_state(self) -> dict[str, Any]:
        return {}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        """The inverse of `_own_state`."""

    def ask(self, n: int) -> list[Proposal]:
        proposals = []
        self.origins.clear()
        for genes in self._choose(n) if n > 0 and not self.finished() else []:
            self.n_asked += 1
            self.pending[self.n_asked] = genes
            proposals.append(Proposal(self.n_asked, genes, parent=self.origins.get(genes)))
        return proposals

    def tell(self, results: Sequence[Result]) -> None:
        fresh = []
        for result in results:
            if self.pending.pop(result.ticket, None) is not None:
                fresh.append(result)
        self._learn(fresh)

    def finished(self) -> bool:
        return self.is_exhausted or len(self.seen) >= self.problem.space.size()

    def state(self) -> dict[str, Any]:
        version, words, gauss = self.rng.getstate()
        return {
            "rng": [version, list(words), gauss],
            "n_asked": self.n_asked,
            "is_exhausted": self.is_exhausted,
            "pending": [[ticket, list(genes)] for ticket, genes in self.pending.items()],
            **self._own_state(),
        }

    def restore(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        version, words, gauss = state["rng"]
        self.rng.setstate((version, tuple(words), gauss))
        self.n_asked, self.is_exhausted = state["n_asked"], state["is_exhausted"]
        self.pending = {ticket: tuple(genes) for ticket, genes in state["pending"]}
        self.seen = {result.genes for result in history} | set(self.pending.values())
        self._restore_own(state, history)
