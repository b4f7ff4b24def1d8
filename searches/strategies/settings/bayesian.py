"""What can be set on the strategies that model what they have seen."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MotpeSettings:
    """Settings of the multi-objective tree-structured Parzen estimator."""

    startup: int = field(
        default=10,
        metadata={"help": "Random networks before the first model.", "min": 2, "max": 10_000},
    )
    gamma: float = field(
        default=0.1,
        metadata={"help": "Share of the results that count as good.", "min": 0.01, "max": 0.9},
    )
    candidates: int = field(
        default=24,
        metadata={
            "help": "Networks drawn from the model of the good ones for each proposal.",
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
