"""Inputs with one class each: what is minimised, and how often the network is right."""

from __future__ import annotations

import math
from abc import abstractmethod
from importlib.resources import files
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from searches.datasets.base import LabelledData
from searches.objectives.measures import MeasuredValue
from searches.training.base import Tick, always
from searches.training.task import Network, Split, Task

Z90 = 1.645  # two-sided 90 % of a normal distribution, as for latencies


class ClassificationTask(Task):
    """Splits of one data set, in memory.

    Attributes:
        inputs: by split, [n, ...] as the data set holds them.
        labels: by split, [n] int64.
        classes: names, in the order of the labels.
    """

    def __init__(self, data: LabelledData):
        self.inputs = {
            "train": torch.from_numpy(data.x_train),
            "validation": torch.from_numpy(data.x_val),
            "test": torch.from_numpy(data.x_test),
        }
        self.labels = {
            "train": torch.from_numpy(data.y_train),
            "validation": torch.from_numpy(data.y_val),
            "test": torch.from_numpy(data.y_test),
        }
        self.classes = data.classes

    def size(self, split: Split) -> int:
        return len(self.labels[split])

    def loss(self, outputs: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
        return F.cross_entropy(outputs, targets, label_smoothing=smoothing)

    def distillation_loss(self, outputs: Tensor, teacher: Tensor) -> Tensor:
        """Cross entropy with the teacher's probabilities, temperature 1 (Hinton et al., 2015)."""
        return F.cross_entropy(outputs, teacher.softmax(1))

    def figures(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        return {"accuracy": (outputs.argmax(1) == targets).float().mean().item()}

    def output(self) -> dict[str, Any]:
        """What comes out, for the signature."""
        return {
            "name": "logits",
            "dtype": "float32",
            "shape": ["batch", len(self.classes)],
            "classes": list(self.classes),
        }

    @abstractmethod
    def evaluation_batch(self, resolution: int) -> int:
        """How many samples are judged at a time."""

    @torch.no_grad()
    def quality(
        self,
        network: Network,
        split: Split,
        *,
        resolution: int,
        provenance: str,
        tick: Tick = always,
    ) -> dict[str, MeasuredValue]:
        """Accuracy and mean cross entropy, each with its 90 % interval."""
        n, n_right, losses = self.size(split), 0, []
        for indices in torch.split(torch.arange(n), self.evaluation_batch(resolution)):
            inputs, labels = self.batch(split, indices, resolution)
            logits = network(inputs)  # [B, n_classes]
            n_right += int((logits.argmax(1) == labels).sum())
            losses.append(F.cross_entropy(logits, labels, reduction="none"))
            tick()
        all_losses = torch.cat(losses).double()
        entropy, error = all_losses.mean().item(), all_losses.std().item() / math.sqrt(n)
        spread = (entropy - Z90 * error, entropy + Z90 * error)
        return {
            "accuracy": MeasuredValue(
                n_right / n, "", provenance, split=split, spread=wilson(n_right, n), n=n
            ),
            "cross_entropy": MeasuredValue(
                entropy, "nat", provenance, split=split, spread=spread, n=n
            ),
        }


def wilson(n_right: int, n: int) -> tuple[float, float]:
    """90 % interval of a proportion (Wilson, 1927); stays within 0..1, also at 0 and n."""
    share, z2 = n_right / n, Z90 * Z90
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z90 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def program(name: str, constants: dict[str, Any]) -> str:
    """The example program of that name, with its constants set: lines such as `CLASSES = …`."""
    text = files("searches.targets").joinpath("files", name).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for position, line in enumerate(lines):
        constant = line.partition(" = ")[0]
        if constant in constants:
            lines[position] = f"{constant} = {constants[constant]!r}\n"
    return "".join(lines)
