"""What can be set on the one-shot strategies: they train, and read the network off at the end."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OneShotSettings:
    """Weights by SGD on one part of the training samples, choices by Adam on the other."""

    epochs: int = field(
        default=30,
        metadata={
            "help": "Passes over the samples for weights. Where a space has several resolutions, "
            "only the largest is trained and searched at.",
            "min": 1,
            "max": 10_000,
        },
    )
    warmup_epochs: int = field(
        default=5,
        metadata={
            "help": "Epochs at the start in which only weights are trained.",
            "min": 0,
            "max": 10_000,
        },
    )
    batch_size: int = field(
        default=64, metadata={"help": "Samples per step.", "min": 2, "max": 4096}
    )
    learning_rate: float = field(
        default=0.05,
        metadata={
            "help": "Of the weights, at the start; half a cosine takes it to a twentieth.",
            "min": 1e-6,
            "max": 10.0,
        },
    )
    momentum: float = field(
        default=0.9,
        metadata={"help": "Of the weights (Nesterov).", "min": 0.0, "max": 0.999},
    )
    weight_decay: float = field(
        default=3e-4,
        metadata={"help": "On weights; none on biases and batch norms.", "min": 0.0, "max": 1.0},
    )
    choice_rate: float = field(
        default=3e-3,
        metadata={"help": "Learning rate of the choices (Adam).", "min": 1e-6, "max": 1.0},
    )
    choice_decay: float = field(
        default=0.0,
        metadata={"help": "Weight decay of the choices (Adam).", "min": 0.0, "max": 1.0},
    )
    choice_share: float = field(
        default=0.5,
        metadata={
            "help": "Share of the training samples on which the choices are trained.",
            "min": 0.05,
            "max": 0.95,
        },
    )
    cost_weight: float = field(
        default=0.1,
        metadata={
            "help": "Weight of the expected costs (the objectives that add up over layers) "
            "against the loss; 0 looks at quality alone.",
            "min": 0.0,
            "max": 1000.0,
        },
    )


@dataclass(frozen=True)
class DartsSettings(OneShotSettings):
    """DARTS: a mixture of all operations, weighted by a softmax."""

    order: str = field(
        default="first",
        metadata={
            "help": "second follows the weights' next step, too, at about four times the cost.",
            "choices": ("first", "second"),
        },
    )
    choice_decay: float = field(
        default=1e-3,
        metadata={"help": "Weight decay of the choices (Adam).", "min": 0.0, "max": 1.0},
    )
    most_skips: int | None = field(
        default=None,
        metadata={
            "help": "The search stops when more skip connections than this would be kept (in "
            "ProxylessNAS spaces: layers left out), the sign of a collapse, and goes back to the "
            "last epoch with fewer. Left empty: half of the operations that can be one. 100: it "
            "never stops early.",
            "min": 0,
            "max": 100,
        },
    )
    grace_epochs: int = field(
        default=5,
        metadata={
            "help": "Epochs of learning choices in which the search does not stop early: until "
            "then what they prefer is chance.",
            "min": 1,
            "max": 10_000,
        },
    )


@dataclass(frozen=True)
class GdasSettings(OneShotSettings):
    """GDAS: one operation per step, drawn by Gumbel noise."""

    start_temperature: float = field(
        default=10.0,
        metadata={"help": "Of the softmax, at the start.", "min": 0.01, "max": 100.0},
    )
    end_temperature: float = field(
        default=0.1, metadata={"help": "Of the softmax, at the end.", "min": 0.01, "max": 100.0}
    )


@dataclass(frozen=True)
class FbnetSettings(OneShotSettings):
    """FBNet: a mixture weighted by a Gumbel softmax; the loss is multiplied by the cost."""

    choice_share: float = field(
        default=0.2,
        metadata={
            "help": "Share of the training samples on which the choices are trained.",
            "min": 0.05,
            "max": 0.95,
        },
    )
    choice_rate: float = field(
        default=0.01,
        metadata={"help": "Learning rate of the choices (Adam).", "min": 1e-6, "max": 1.0},
    )
    choice_decay: float = field(
        default=5e-4,
        metadata={"help": "Weight decay of the choices (Adam).", "min": 0.0, "max": 1.0},
    )
    start_temperature: float = field(
        default=5.0,
        metadata={"help": "Of the softmax, at the start.", "min": 0.01, "max": 100.0},
    )
    end_temperature: float = field(
        default=0.1, metadata={"help": "Of the softmax, at the end.", "min": 0.01, "max": 100.0}
    )
    cost_weight: float = field(
        default=0.6,
        metadata={
            "help": "Exponent of the expected costs by which the loss is multiplied; "
            "0 looks at quality alone.",
            "min": 0.0,
            "max": 1000.0,
        },
    )


@dataclass(frozen=True)
class ProxylessSettings(OneShotSettings):
    """ProxylessNAS: one path per step; choices learn from two."""

    choice_rate: float = field(
        default=0.01,
        metadata={"help": "Learning rate of the choices (Adam).", "min": 1e-6, "max": 1.0},
    )
    choice_every: int = field(
        default=1,
        metadata={
            "help": "Steps of the weights for one step of the choices.",
            "min": 1,
            "max": 1000,
        },
    )


@dataclass(frozen=True)
class ProxylessReinforceSettings(ProxylessSettings):
    """ProxylessNAS whose choices learn by REINFORCE from whole networks."""

    samples: int = field(
        default=8,
        metadata={"help": "Networks judged for one step of the choices.", "min": 2, "max": 256},
    )
    baseline_decay: float = field(
        default=0.9,
        metadata={"help": "Of the moving average of rewards.", "min": 0.0, "max": 0.9999},
    )
