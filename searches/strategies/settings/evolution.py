"""What can be set on the evolutionary strategies."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Nsga2Settings:
    """Settings of NSGA-II."""

    population: int = field(
        default=20,
        metadata={
            "help": "Number of survivors, from which parents are taken.",
            "min": 4,
            "max": 2000,
        },
    )
    crossover: float = field(
        default=0.9,
        metadata={
            "help": "Probability that a child mixes two parents instead of copying one.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    mutation: float | None = field(
        default=None,
        metadata={
            "help": "Probability that a gene of a child is drawn anew; 1 / genes when empty.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    attempts: int = field(
        default=20,
        metadata={
            "help": "Children made for one proposal until one is new and within the limits.",
            "min": 1,
            "max": 1000,
        },
    )
