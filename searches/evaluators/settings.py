"""What a person can set on an evaluator; no torch here."""

from __future__ import annotations

from dataclasses import dataclass, field

from searches.objectives.fidelity import POWERS, Scale
from searches.training.settings import (
    HypernetworkTrainingSettings,
    ShrinkingTrainingSettings,
    SupernetTrainingSettings,
    TrainingSettings,
)

RECALIBRATION = {
    "help": "Training images over which batch norm is measured anew for each candidate.",
    "min": 32,
    "max": 100_000,
}


@dataclass(frozen=True)
class SupernetSettings(SupernetTrainingSettings):
    """Train the shared weights once, judge every candidate with its slice of them."""

    recalibration_images: int = field(default=2000, metadata=RECALIBRATION)


@dataclass(frozen=True)
class OnceForAllSettings(ShrinkingTrainingSettings):
    """Train the largest network and shrink it, judge every candidate with its slice of it."""

    recalibration_images: int = field(default=2000, metadata=RECALIBRATION)


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
class HypernetworkSettings(HypernetworkTrainingSettings):
    """Train one network that writes the weights of all others; judge each with its own."""


@dataclass(frozen=True)
class InheritedSettings(TrainingSettings):
    """Children of networks that were judged begin with their weights and train briefly."""

    epochs: int = field(
        default=2,
        metadata={
            "help": "Passes over the training data of a network that inherits.",
            "min": 1,
            "max": 10_000,
        },
    )
    learning_rate: float = field(
        default=0.05,
        metadata={"help": "At its start, of a network that inherits.", "min": 1e-6, "max": 10.0},
    )
    warmup_epochs: int = field(
        default=0,
        metadata={"help": "Epochs in which the learning rate rises.", "min": 0, "max": 1000},
    )
    founder_epochs: int = field(
        default=20,
        metadata={
            "help": "Passes of a network that has no parent: those of the first batch.",
            "min": 1,
            "max": 10_000,
        },
    )
    founder_learning_rate: float = field(
        default=0.1,
        metadata={"help": "At the peak, of a network without parent.", "min": 1e-6, "max": 10.0},
    )
    noise: float = field(
        default=0.01,
        metadata={
            "help": "On copies of channels, as a share of the spread of the weights: equal "
            "channels would learn the same for ever.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    distillation: float = field(
        default=0.5,
        metadata={
            "help": "How much a child that lost channels, kernels or layers learns from its "
            "parent's outputs instead of the labels.",
            "min": 0.0,
            "max": 1.0,
        },
    )


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
