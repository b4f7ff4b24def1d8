"""What a person can set on a target; no torch here."""

from __future__ import annotations

from dataclasses import dataclass, field


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
