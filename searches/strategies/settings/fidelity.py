"""What can be set on the strategies that stop poor candidates early."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class HalvingSettings:
    """Successive halving, Hyperband and ASHA."""

    sampler: str = field(
        default="random",
        metadata={
            "help": "Which strategy proposes the architectures that start, at its own defaults.",
            "choices": (
                "random",
                "grid",
                "nsga2",
                "regularised_evolution",
                "ofa_evolution",
                "local_search",
                "motpe",
                "predictor",
                "reinforce",
                "ppo",
            ),
        },
    )
    eta: int = field(
        default=3,
        metadata={
            "help": "One in so many goes on, at so many times the cost.",
            "min": 2,
            "max": 10,
        },
    )
    min_epochs: int = field(
        default=1,
        metadata={"help": "Epochs after which the first are left.", "min": 1, "max": 10_000},
    )
    min_share: int = field(
        default=10,
        metadata={
            "help": "Where the evaluator reduces something else than epochs: what the first are "
            "left of it, in %.",
            "min": 1,
            "max": 100,
        },
    )
