"""Successive halving: many start, few go on, so that epochs are spent on the promising.

Sources: Jamieson, Talwalkar: Non-stochastic Best Arm Identification and Hyperparameter
Optimization, AISTATS 2016 (successive halving). Li et al.: Hyperband, JMLR 18, 2018, algorithm 1.
Li et al.: A System for Massively Parallel Hyperparameter Tuning, MLSys 2020 (ASHA), algorithm 2.

A trial that goes on continues the training of the one before, on the same schedule, where the
evaluator reduces epochs or data; with fewer pixels or channels it begins anew. Several
objectives: those go on that no other of the same rung beats, the loneliest first (as in Schmucker
et al., 2021, arXiv 2106.12639, with crowding distances). The architectures that start come from
any sampling strategy, which is told the results of the first rung of each. Where brackets start
at different rungs, each of these rungs has a sampler of its own: losses after one epoch and after
nine do not compare (Falkner, Klein, Hutter: BOHB, ICML 2018, keep a model per budget, too).
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

from searches.objectives.fidelity import Scale
from searches.objectives.settings import build
from searches.spaces.base import Genes
from searches.strategies.base import Problem, Proposal, Result, Strategy
from searches.strategies.rungs import Bracket, Rung, rungs_of
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.fidelity import HalvingSettings


class Halving(Strategy):
    """Brackets of rungs, and a strategy that proposes what starts at each first rung.

    Attributes:
        samplers: by the number of the rung; no two of them propose the same.
        brackets: in the order in which they were opened; the last one takes what starts.
        homes: the bracket of every architecture.
        inner: its ticket at the sampler of its bracket.
    """

    def __init__(self, problem: Problem, settings: HalvingSettings, rng: Random):
        self.problem, self.settings = problem, settings
        scale = problem.fidelities or Scale(1)
        least = settings.min_epochs if scale.quantity == "epochs" else settings.min_share
        amounts = rungs_of(scale.full, eta=settings.eta, least=least, power=scale.power)
        self.fidelities = [scale.name(amount) for amount in amounts]
        self.samplers = [_sampler(problem, settings, one) for one in self._generators(rng)]
        self._share_what_was_seen()
        self.brackets: list[Bracket] = []
        self.homes: dict[Genes, Bracket] = {}
        self.inner: dict[Genes, int] = {}
        self.pending: dict[int, tuple[Genes, str]] = {}
        self.n_asked = 0
        self.is_dry = False  # a sampler has nothing more

    # What a method decides.

    @abstractmethod
    def _plan(self, number: int) -> tuple[int, int | None] | None:
        """First rung and size of the bracket of this number; None: there is none."""

    @abstractmethod
    def _n_promoted(self, rung: Rung, *, expected: int | None) -> int:
        """How many of a rung's best may go on now.

        Args:
            rung: with the results so far.
            expected: how many results it will have in all, None while that is open.
        """

    def _n_first_rungs(self) -> int:
        """At how many of the rungs, from the lowest, a bracket may start."""
        return 1

    # Ask and tell.

    def ask(self, n: int) -> list[Proposal]:
        found: list[Proposal] = []
        while len(found) < n and self.n_asked < self.problem.budget:
            proposal = self._promotion() or self._start()
            if proposal is None:
                break
            found.append(proposal)
        return found

    def tell(self, results: Sequence[Result]) -> None:
        fresh = []
        for result in sorted(results, key=lambda result: result.ticket):
            if self.pending.pop(result.ticket, None) is not None:
                self._place(result)
                fresh.append(result)
        for sampler, told in zip(self.samplers, self._for_samplers(fresh), strict=True):
            sampler.tell(told)

    def finished(self) -> bool:
        if self.n_asked >= self.problem.budget:
            return True
        return not self.pending and self._next_promotion() is None and not self._can_start()

    def state(self) -> dict[str, Any]:
        return {
            "samplers": [sampler.state() for sampler in self.samplers],
            "n_asked": self.n_asked,
            "pending": [[t, list(genes), name] for t, (genes, name) in self.pending.items()],
            "is_dry": self.is_dry,
        }

    def restore(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        """Everything but the samplers follows from the order of the tickets."""
        self.n_asked, self.is_dry = state["n_asked"], state["is_dry"]
        self.pending = {t: (tuple(genes), name) for t, genes, name in state["pending"]}
        asked = [(result.ticket, result.genes, result.fidelity) for result in history]
        asked += [(ticket, *what) for ticket, what in self.pending.items()]
        for _, genes, fidelity in sorted(asked):
            if genes in self.homes:
                self._rung(genes, fidelity, below=1).promoted.add(genes)
            else:
                self._remember(genes)
        for result in history:
            self._place(result)
        in_order = sorted(history, key=lambda result: result.ticket)
        told = self._for_samplers(in_order)
        for sampler, own, results in zip(self.samplers, state["samplers"], told, strict=True):
            sampler.restore(own, results)
        self._share_what_was_seen()

    # What starts and what goes on.

    def _promotion(self) -> Proposal | None:
        found = self._next_promotion()
        if found is None:
            return None
        rung, fidelity, result = found
        rung.promoted.add(result.genes)
        return self._propose(result.genes, fidelity, result.ticket)

    def _next_promotion(self) -> tuple[Rung, str, Result] | None:
        """The first one that may go on: of the oldest bracket, from its highest rung."""
        for bracket in self.brackets:
            is_closed = self.is_dry or not bracket.is_open
            expected = len(bracket.started) if is_closed else None
            found = None
            for rung, above in pairwise(bracket.rungs):
                n = self._n_promoted(rung, expected=expected)
                for result in rung.best(n):
                    if result.genes not in rung.promoted:
                        found = (rung, above.fidelity, result)
                        break
                is_complete = expected is not None and len(rung.results) == expected
                expected = n if is_complete else None
            if found is not None:
                return found
        return None

    def _start(self) -> Proposal | None:
        if not self._can_start():
            return None
        sampler = self.samplers[self._next_bracket()[0]]
        proposals = sampler.ask(1)
        if not proposals:
            self.is_dry = sampler.finished()
            return None
        genes = proposals[0].genes
        self._remember(genes)
        first = self._propose(genes, self.homes[genes].rungs[0].fidelity, None)
        return replace(first, parent=proposals[0].parent)

    def _can_start(self) -> bool:
        return not self.is_dry and (
            any(bracket.is_open for bracket in self.brackets[-1:])
            or self._plan(len(self.brackets)) is not None
        )

    def _remember(self, genes: Genes) -> None:
        """A new architecture: in the last bracket, or in the next one when that is full."""
        if not self.brackets or not self.brackets[-1].is_open:
            first, n = self._next_bracket()
            rungs = [Rung(name) for name in self.fidelities[first:]]
            self.brackets.append(Bracket(rungs, first, n))
        bracket = self.homes[genes] = self.brackets[-1]
        bracket.started.add(genes)
        siblings = [other for other in self.brackets if other.first == bracket.first]
        self.inner[genes] = sum(len(other.started) for other in siblings)

    def _next_bracket(self) -> tuple[int, int | None]:
        """First rung and size of the bracket that takes what starts now."""
        if self.brackets and self.brackets[-1].is_open:
            return self.brackets[-1].first, self.brackets[-1].n
        return self._plan(len(self.brackets)) or (0, None)

    def _propose(self, genes: Genes, fidelity: str, resume_from: int | None) -> Proposal:
        self.n_asked += 1
        self.pending[self.n_asked] = (genes, fidelity)
        return Proposal(self.n_asked, genes, fidelity=fidelity, resume_from=resume_from)

    def _rung(self, genes: Genes, fidelity: str, *, below: int = 0) -> Rung:
        rungs = self.homes[genes].rungs
        return rungs[[rung.fidelity for rung in rungs].index(fidelity) - below]

    def _place(self, result: Result) -> None:
        self._rung(result.genes, result.fidelity).results[result.genes] = result

    def _is_first(self, result: Result) -> bool:
        return self.homes[result.genes].rungs[0].fidelity == result.fidelity

    # The samplers.

    def _generators(self, rng: Random) -> list[Random]:
        further = [Random(rng.getrandbits(64)) for _ in range(self._n_first_rungs() - 1)]
        return [rng, *further]

    def _share_what_was_seen(self) -> None:
        seen = set().union(*(sampler.seen for sampler in self.samplers))
        for sampler in self.samplers:
            sampler.seen = seen

    def _for_samplers(self, results: Sequence[Result]) -> list[list[Result]]:
        """Per sampler the results of its rung, with its own tickets, in the order given."""
        told: list[list[Result]] = [[] for _ in self.samplers]
        for result in results:
            if self._is_first(result):
                ticket = self.inner[result.genes]
                own = Result(ticket, result.genes, result.losses, violation=result.violation)
                told[self.homes[result.genes].first].append(own)
        return told


def _sampler(problem: Problem, settings: HalvingSettings, rng: Random) -> SamplingStrategy[Any]:
    """The strategy that proposes what starts, at its default settings."""
    from searches.strategies.registry import STRATEGIES  # which names this module

    card = STRATEGIES[settings.sampler]
    cls = card.settings_class()
    sampler: SamplingStrategy[Any] = card.load()(problem, build(cls, {}) if cls else None, rng)
    return sampler


class Asha(Halving):
    """Goes on whenever a result is among the best 1/η of its rung; else something new starts.

    No rung waits for its last result. The order in which results come changes what happens next:
    a run tells them batch by batch, so that it can be repeated.
    """

    def _plan(self, number: int) -> tuple[int, int | None] | None:
        return (0, None) if number == 0 else None

    def _n_promoted(self, rung: Rung, *, expected: int | None) -> int:
        return len(rung.results) // self.settings.eta


class SuccessiveHalving(Halving):
    """One bracket, as large as the budget allows; a rung waits for all of its results."""

    def _plan(self, number: int) -> tuple[int, int | None] | None:
        return (0, self._size()) if number == 0 else None

    def _size(self) -> int:
        """The largest n whose rungs n, ⌊n/η⌋, ⌊n/η²⌋, … together fit into the budget."""
        n = 1
        while self._total(n + 1) <= self.problem.budget:
            n += 1
        return n

    def _total(self, n: int) -> int:
        return sum(n // self.settings.eta**level for level in range(len(self.fidelities)))

    def _n_promoted(self, rung: Rung, *, expected: int | None) -> int:
        if expected is None or len(rung.results) < expected:
            return 0
        n_done = sum(result.losses is not None for result in rung.results.values())
        return min(expected // self.settings.eta, n_done)


class Hyperband(SuccessiveHalving):
    """Brackets from many short starts to a few full ones, again and again.

    Sizes are those of algorithm 1: of s_max + 1 rungs, bracket s starts ⌈(s_max+1)/(s+1) · η^s⌉
    architectures s rungs below the full evaluation, and keeps ⌊n/η⌋ of each rung.
    """

    def _plan(self, number: int) -> tuple[int, int | None] | None:
        most = len(self.fidelities) - 1
        s = most - number % (most + 1)
        n = -(-(most + 1) * self.settings.eta**s // (s + 1))
        return most - s, n

    def _n_first_rungs(self) -> int:
        return len(self.fidelities)
