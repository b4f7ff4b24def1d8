"""Strategies: what to try next, in ask and tell.

Life-cycle. The runner builds a strategy for each slice of a run: first `__init__`; then `restore`
when the run has been searched before; then `tell` with results and `ask` for proposals, in any
order and number; then `state`, which it stores together with the new trials. `finished` may be
asked at any time. A strategy decides only: it never stores, logs, waits or loops over trials.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from searches.objectives.fidelity import Scale
from searches.spaces.base import Genes, SearchSpace

Floats = npt.NDArray[np.float64]
Violations = Floats


@dataclass(frozen=True, slots=True)
class Proposal:
    """An architecture to be evaluated.

    Attributes:
        ticket: 1, 2, 3, … over the whole run.
        fidelity: how thoroughly to evaluate.
        resume_from: ticket of an earlier trial whose training goes on.
        parent: the architecture that it was made from, where the strategy varied one.
    """

    ticket: int
    genes: Genes
    fidelity: str = "full"
    resume_from: int | None = None
    parent: Genes | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a proposal.

    Attributes:
        losses: minimised, in the order of the objectives; None when the evaluation failed.
        violation: sum of the relative excess over all limits; 0 = feasible.
    """

    ticket: int
    genes: Genes
    losses: tuple[float, ...] | None
    violation: float = 0.0
    fidelity: str = "full"


@dataclass(frozen=True)
class Aim:
    """One objective as a strategy sees it.

    Attributes:
        key: as in measures: "accuracy", "latency@3".
        is_quality: only an evaluation tells it; otherwise a cost.
        ideal: the loss that would be perfect.
        reference: the loss that counts as bad: the trivial quality, the largest cost.
    """

    key: str
    is_quality: bool
    ideal: float
    reference: float


@dataclass(frozen=True)
class Expectation:
    """What is expected of n architectures before they are evaluated.

    Attributes:
        losses: [n, n_objectives], none of them NaN. Of a quality only the order may mean anything.
        violations: [n] excess over the limits, as far as it can be foreseen; 0 = within.
    """

    losses: Floats
    violations: Violations


@dataclass(frozen=True)
class Problem:
    """What a strategy may know of a run.

    Attributes:
        violations: [n] excess over the limits on costs, known before an evaluation; 0 = within.
        budget: number of proposals that the run will ask for in all.
        limits: the limits in words, for messages.
        aims: the objectives in order; empty when nothing is known of them.
        costs: [n, n_objectives] losses known before an evaluation, NaN where only it can tell.
        fidelities: of the evaluator, when it has several.
        prior: results of an earlier run, best first, costed for this one; their tickets are 0.
            Losses are None where their quality was judged differently.
        derived: architectures that a one-shot strategy's training ended with, the best first.
        expected: what a cheap predictor says of architectures; None where there is none.
    """

    space: SearchSpace
    n_objectives: int
    violations: Callable[[Sequence[Genes]], Violations]
    budget: int
    limits: tuple[str, ...] = ()
    aims: tuple[Aim, ...] = ()
    costs: Callable[[Sequence[Genes]], Floats] | None = None
    fidelities: Scale | None = None
    prior: tuple[Result, ...] = ()
    derived: tuple[Genes, ...] = ()
    expected: Callable[[Sequence[Genes]], Expectation] | None = None


class Strategy(ABC):
    """One way to search; deterministic given its `rng` and the order of asks and tells."""

    @abstractmethod
    def __init__(self, problem: Problem, settings: Any, rng: Random): ...

    @abstractmethod
    def ask(self, n: int) -> list[Proposal]:
        """At most `n` proposals; fewer means that results are needed first, or the end.

        With no result outstanding there is at least one, unless the strategy is finished.

        Raises:
            InfeasibleSpace: nothing within the limits was found by a bounded search.
        """

    @abstractmethod
    def tell(self, results: Sequence[Result]) -> None:
        """Take in results; their order, delay and number do not matter for correctness.

        A ticket that was never proposed, or was told before, is ignored: telling is idempotent.
        """

    def figures(self) -> dict[str, float]:
        """What to show of the search so far, beside its front."""
        return {}

    @abstractmethod
    def finished(self) -> bool:
        """Whether there is nothing left to propose, whatever results may come."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """JSON from which `restore` goes on exactly; its size does not grow with the history."""

    @abstractmethod
    def restore(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        """Become what `state` was taken from.

        Args:
            state: of a strategy with the same problem and settings.
            history: all results told before, in the order of their tickets.
        """
