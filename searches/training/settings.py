"""The recipe of a training by gradient descent; no torch here, forms and schemas read this."""

from __future__ import annotations

from dataclasses import dataclass, field

from searches.objectives.settings import SettingsError


@dataclass(frozen=True)
class TrainingSettings:
    """SGD with Nesterov momentum; linear warm-up, then half a cosine down to zero."""

    epochs: int = field(
        default=50,
        metadata={"help": "Passes over the training data.", "min": 1, "max": 10_000},
    )
    batch_size: int = field(
        default=64, metadata={"help": "Samples per step.", "min": 2, "max": 4096}
    )
    learning_rate: float = field(
        default=0.1, metadata={"help": "At the peak, after the warm-up.", "min": 1e-6, "max": 10.0}
    )
    warmup_epochs: int = field(
        default=2,
        metadata={"help": "Epochs in which the learning rate rises.", "min": 0, "max": 1000},
    )
    momentum: float = field(
        default=0.9, metadata={"help": "Nesterov momentum.", "min": 0.0, "max": 0.999}
    )
    weight_decay: float = field(
        default=3e-4,
        metadata={"help": "On weights; none on biases and batch norms.", "min": 0.0, "max": 1.0},
    )
    label_smoothing: float = field(
        default=0.1,
        metadata={"help": "Share of the target given to all classes.", "min": 0.0, "max": 0.9},
    )


@dataclass(frozen=True)
class SupernetTrainingSettings(TrainingSettings):
    """Which subnets of the shared weights a step trains."""

    sampling: str = field(
        default="uniform",
        metadata={
            "help": "Subnets of a step: uniform (every choice at random), fair (every option "
            "equally often), or sandwich (the largest teaches random ones and the smallest). "
            "Several subnets take as many times as long.",
            "choices": ("uniform", "fair", "sandwich"),
        },
    )
    subnets: int | None = field(
        default=None,
        metadata={
            "help": "Subnets per step. Left empty: 1 if uniform, 4 for a sandwich, and if fair "
            "as many as the choice with the most options has.",
            "min": 1,
            "max": 16,
        },
    )

    def __post_init__(self) -> None:
        if self.sampling == "sandwich" and self.subnets == 1:
            message = "A sandwich takes at least 2: the largest and the smallest."
            raise SettingsError({"subnets": [message]})


@dataclass(frozen=True)
class ShrinkingTrainingSettings(TrainingSettings):
    """Train the largest network, then smaller and smaller ones beside it."""

    epochs: int = field(
        default=20,
        metadata={
            "help": "Passes over the training data with the largest network alone.",
            "min": 1,
            "max": 10_000,
        },
    )
    kernel_epochs: int = field(
        default=10,
        metadata={
            "help": "Passes after smaller kernels have joined, one network per step.",
            "min": 1,
            "max": 10_000,
        },
    )
    depth_epochs: int = field(
        default=10,
        metadata={
            "help": "Passes after the smallest depth has joined, two networks per step; before, "
            "a fifth of them for each depth between.",
            "min": 1,
            "max": 10_000,
        },
    )
    width_epochs: int = field(
        default=10,
        metadata={
            "help": "Passes after the smallest width has joined, four networks per step; before, "
            "a fifth of them for each width between.",
            "min": 1,
            "max": 10_000,
        },
    )
    later_rate: float = field(
        default=0.4,
        metadata={
            "help": "Learning rate after the first phase as a share of that in it, divided by "
            "the number of networks per step.",
            "min": 0.001,
            "max": 2.0,
        },
    )
    distillation: float = field(
        default=1.0,
        metadata={
            "help": "Weight of what the largest network says of an image, beside its label.",
            "min": 0.0,
            "max": 100.0,
        },
    )


@dataclass(frozen=True)
class HypernetworkTrainingSettings(TrainingSettings):
    """Adam on a network that predicts the weights of others."""

    learning_rate: float = field(
        default=2e-3,
        metadata={"help": "At the peak, after the warm-up.", "min": 1e-6, "max": 1.0},
    )
    momentum: float = field(
        default=0.9,
        metadata={"help": "Of Adam's average of the gradients.", "min": 0.0, "max": 0.999},
    )
    weight_decay: float = field(
        default=1e-5,
        metadata={"help": "Of the hypernetwork's own weights.", "min": 0.0, "max": 1.0},
    )
    networks: int = field(
        default=1,
        metadata={
            "help": "Architectures drawn for a step, all trained on the same batch.",
            "min": 1,
            "max": 32,
        },
    )
    hidden: int = field(
        default=32,
        metadata={
            "help": "Width of the hypernetwork: numbers that describe an architecture, or each of "
            "its layers.",
            "min": 4,
            "max": 512,
        },
    )
    recalibration_images: int = field(
        default=1000,
        metadata={
            "help": "Training images over which batch norm is measured for each candidate.",
            "min": 32,
            "max": 100_000,
        },
    )
    control_networks: int = field(
        default=24,
        metadata={
            "help": "Networks that are also judged with weights predicted for another one, to "
            "show whether it matters which architecture it is told of.",
            "min": 2,
            "max": 1000,
        },
    )


@dataclass(frozen=True)
class FineTuneSettings(TrainingSettings):
    """Training a network further that has good weights already: short, at a low rate."""

    epochs: int = field(
        default=10,
        metadata={"help": "Passes over the training data.", "min": 1, "max": 10_000},
    )
    learning_rate: float = field(
        default=0.02,
        metadata={"help": "At the peak, after the warm-up.", "min": 1e-6, "max": 10.0},
    )
    warmup_epochs: int = field(
        default=1,
        metadata={"help": "Epochs in which the learning rate rises.", "min": 0, "max": 1000},
    )
