"""What everything that is trained promises: to stop in time, to be stored, to go on as it was."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Tick = Callable[[], bool]


def always() -> bool:
    """The tick of work that nobody watches."""
    return True


class DivergedTraining(Exception):
    """The loss is no finite number any more: the training cannot go on from here."""

    def __init__(self, step: int, loss: float):
        super().__init__(
            f"The loss became {loss} in step {step}. A lower learning rate usually helps."
        )
        self.step = step
        self.loss = loss


@dataclass(frozen=True)
class Progress:
    """How far a Trainable is.

    Attributes:
        step: Steps done; what a step is, the Trainable decides (a batch, when it trains).
        total: Steps in all.
        done: Nothing is left to do.
        figures: What a person wants to see as a curve, such as the loss.
        phase: What it does now, where it goes through phases.
    """

    step: int
    total: int
    done: bool
    figures: dict[str, float] = field(default_factory=dict)
    phase: str = ""


class Trainable(ABC):
    """Work that is too long for one slice.

    Life: `advance` again and again until it is done; between two calls `state` may be taken, and
    `restore`d into a fresh instance that was built with the same arguments. On the CPU with a
    fixed number of threads the outcome does not depend, bit for bit, on where it was cut.
    """

    @abstractmethod
    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        """Work until `deadline`, but at least one step unless all are done.

        Args:
            deadline: On the clock of `time.monotonic`, in seconds.
            tick: Is called after every step; when it returns False the work stops at once.

        Raises:
            DivergedTraining: The loss is not finite.
        """

    @property
    @abstractmethod
    def progress(self) -> Progress:
        """How far it is now; may be read from within `tick`."""

    def report(self) -> dict[str, Any]:
        """What a person sees of it besides the progress, JSON; kept with the weights."""
        return {}

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that `restore` needs: numbers, strings, lists, dicts and tensors."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
