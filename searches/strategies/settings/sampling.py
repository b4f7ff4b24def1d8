"""What can be set on random and grid search."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RandomSettings:
    """Settings of random search."""

    patience: int = field(
        default=2000,
        metadata={
            "help": "Draws in vain, outside the limits or made before, that end the drawing.",
            "min": 1,
            "max": 1_000_000,
        },
    )
