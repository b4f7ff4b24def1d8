"""What can be set on local search."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LocalSearchSettings:
    """Settings of local search."""

    starts: int = field(
        default=10,
        metadata={
            "help": "Random networks before each climb, which begins at the best of them.",
            "min": 1,
            "max": 1000,
        },
    )
    neighbours: int = field(
        default=100,
        metadata={
            "help": "Most neighbours of one network that are tried; picked at random if more.",
            "min": 1,
            "max": 10_000,
        },
    )
    patience: int = field(
        default=2000,
        metadata={
            "help": "Draws in vain, outside the limits or made before, that end the drawing.",
            "min": 1,
            "max": 1_000_000,
        },
    )
