"""What can be set on the strategies that learn which architectures are worth a trial."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PredictorSettings:
    """Settings of the search that predictors guide."""

    founders: int = field(
        default=10,
        metadata={
            "help": "Random networks before the first prediction.",
            "min": 2,
            "max": 1000,
        },
    )
    members: int = field(
        default=32,
        metadata={
            "help": "Predictors that agree on what is known and differ elsewhere.",
            "min": 2,
            "max": 256,
        },
    )
    candidates: int = field(
        default=500,
        metadata={
            "help": "Networks among which each batch is chosen by what is predicted of them.",
            "min": 10,
            "max": 20_000,
        },
    )
    memory: int = field(
        default=300,
        metadata={
            "help": "Most results from which predictors learn: half of them the best, "
            "half spread over the run. Time grows with its third power.",
            "min": 20,
            "max": 2000,
        },
    )


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
