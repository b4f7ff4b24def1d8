"""What every evaluator does: an architecture in, its quality out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from torch import nn

from searches.objectives.fidelity import FULL
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import Genes
from searches.training.base import Tick, Trainable, always
from searches.training.task import Split, Task


class Candidate(Trainable):
    """One architecture on its way to a score.

    Life: `advance` until it is done, then `quality` and `network` as often as wanted.
    """

    @abstractmethod
    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        """The quality measures of the target on a split; `tick` is called after every batch."""

    @abstractmethod
    def network(self) -> nn.Module:
        """The network with the weights that were judged, in evaluation mode."""

    def go_on_from(self, earlier: Sequence[str], state: dict[str, Any] | None) -> None:
        """Continue judgements of the same architecture, with the same seed; called before all.

        Args:
            earlier: The fidelities of these, one after the other.
            state: At the end of the last one. None when it is lost: then all of it is repeated,
                to the same result.
        """
        if state is not None:
            self.restore(state)

    def story(self) -> dict[str, Any]:
        """How its weights came about, for the trial; JSON, empty unless there is more to say."""
        return {}


class Evaluator(ABC):
    """Judges architectures of one space on one task.

    Life: what `prepare` returns, if anything, is trained first; its state is given to `restore`
    before the first `candidate`.
    """

    def __init__(self, task: Task, settings: Any, seed: int):
        self.task = task
        self.settings = settings
        self.seed = seed

    def focus(self, qualities: Iterable[str]) -> None:  # noqa: B027 (most tell all they can)
        """Called first with the qualities that the run asks for: others need not be found."""

    @abstractmethod
    def prepare(self) -> Trainable | None:
        """The training that all candidates share; None when there is none."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of the finished training that `prepare` returned."""

    @abstractmethod
    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> Candidate:
        """A fresh candidate.

        Args:
            genes: Its architecture.
            seed: For all randomness in judging it.
            fidelity: How thoroughly; an evaluator without the tag "fidelities" knows one. What
                the others are, `scale` of its settings says.
        """
