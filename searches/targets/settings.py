"""What a person can set on a target; no torch here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FeatureSettings:
    """Classification of rows of numbers."""

    noise: float = field(
        default=0.0,
        metadata={
            "help": "Random change of the training rows, in standard deviations of each feature.",
            "min": 0.0,
            "max": 1.0,
        },
    )


@dataclass(frozen=True)
class MobileSettings:
    """Image classification."""

    augmentation: str = field(
        default="shift",
        metadata={
            "help": "Random change of the training images: shift by up to an eighth of the side; "
            "shift_flip mirrors every second one as well, which suits photographs, not digits.",
            "choices": ("none", "shift", "shift_flip"),
        },
    )
