"""What a person can set on an evaluator; no torch here."""

from __future__ import annotations

from dataclasses import dataclass, field

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
