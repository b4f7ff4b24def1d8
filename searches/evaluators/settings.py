"""What a person can set on an evaluator; no torch here."""

from __future__ import annotations

from dataclasses import dataclass, field

from searches.objectives.fidelity import POWERS, Scale
from searches.training.settings import SupernetTrainingSettings, TrainingSettings


@dataclass(frozen=True)
class SupernetSettings(SupernetTrainingSettings):
    """Train the shared weights once, judge every candidate with its slice of them."""

    recalibration_images: int = field(
        default=2000,
        metadata={
            "help": "Training images over which batch norm is measured anew for each candidate.",
            "min": 32,
            "max": 100_000,
        },
    )


@dataclass(frozen=True)
class FullSettings(TrainingSettings):
    """Train every candidate from scratch with the same recipe."""

    epochs: int = field(
        default=40,
        metadata={"help": "Passes over the training data.", "min": 1, "max": 10_000},
    )
    patience: int = field(
        default=0,
        metadata={
            "help": "Epochs without a lower loss on the validation split after which a "
            "training ends; the weights are then those of its best epoch. 0: it never does.",
            "min": 0,
            "max": 10_000,
        },
    )
    reduces: str = field(
        default="epochs",
        metadata={
            "help": "What a cheaper evaluation has less of, for strategies that begin with cheap "
            "ones. A better one goes on where it ended with epochs and data, but begins anew "
            "with resolution and channels.",
            "choices": tuple(POWERS),
        },
    )

    def scale(self) -> Scale:
        """The fidelities of these evaluations."""
        return Scale(self.epochs if self.reduces == "epochs" else 100, self.reduces)


@dataclass(frozen=True)
class ZeroCostSettings:
    """Look at every candidate before any training; which score counts, the objectives say."""

    batch_size: int = field(
        default=64,
        metadata={
            "help": "Training samples that are looked at, the same for all candidates.",
            "min": 2,
            "max": 1024,
        },
    )
    initialisations: int = field(
        default=3,
        metadata={
            "help": "Fresh weights over which a score is averaged, the same for all candidates.",
            "min": 1,
            "max": 32,
        },
    )
