"""What can be set on the strategies that learn by reinforcement."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ControllerSettings:
    """What REINFORCE and PPO share: the reward, the controller and its optimiser."""

    reward: str = field(
        default="soft",
        metadata={
            "help": "What a cost beyond its target does to the reward: soft bends it "
            "(exponent -0.07 on both sides), hard divides by the excess.",
            "choices": ("soft", "hard"),
        },
    )
    target_quantile: float = field(
        default=0.5,
        metadata={
            "help": "Target of each cost: this quantile of the costs of random networks "
            "within the limits.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    batch: int = field(
        default=5,
        metadata={"help": "Results per update of the controller.", "min": 1, "max": 1000},
    )
    learning_rate: float = field(
        default=0.01,
        metadata={"help": "Step size of Adam.", "min": 1e-6, "max": 1.0},
    )
    entropy: float = field(
        default=1e-4,
        metadata={
            "help": "Weight of the entropy bonus: more keeps the controller curious.",
            "min": 0.0,
            "max": 10.0,
        },
    )
    baseline: float = field(
        default=0.9,
        metadata={
            "help": "Share of the old baseline that stays when a result moves it.",
            "min": 0.0,
            "max": 0.9999,
        },
    )
    hidden: int = field(
        default=32,
        metadata={"help": "Width of the controller's LSTM.", "min": 2, "max": 256},
    )
    squash: float = field(
        default=5.0,
        metadata={"help": "Bound on the controller's logits, by tanh.", "min": 0.1, "max": 100.0},
    )
    clip_norm: float = field(
        default=1.0,
        metadata={
            "help": "Longest gradient of an update; longer ones are shortened.",
            "min": 1e-6,
            "max": 1e6,
        },
    )
    attempts: int = field(
        default=20,
        metadata={
            "help": "Draws of the controller for one proposal until one is new and within the "
            "limits; after that a uniform one is proposed.",
            "min": 1,
            "max": 1000,
        },
    )


@dataclass(frozen=True)
class ReinforceSettings(ControllerSettings):
    """Settings of REINFORCE."""


@dataclass(frozen=True)
class PpoSettings(ControllerSettings):
    """Settings of PPO."""

    batch: int = field(
        default=10,
        metadata={"help": "Results per update of the controller.", "min": 1, "max": 1000},
    )
    learning_rate: float = field(
        default=0.005,
        metadata={"help": "Step size of Adam.", "min": 1e-6, "max": 1.0},
    )
    epochs: int = field(
        default=3,
        metadata={"help": "Steps of the optimiser per batch.", "min": 1, "max": 100},
    )
    clip: float = field(
        default=0.2,
        metadata={
            "help": "How far a choice's probability may move per batch, as a share.",
            "min": 0.01,
            "max": 0.99,
        },
    )
