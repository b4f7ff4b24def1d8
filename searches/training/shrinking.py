"""Progressive shrinking: a once-for-all network learns to be smaller in more and more ways.

H. Cai et al., "Once for All: Train One Network and Specialize It for Efficient Deployment",
ICLR 2020, section 3.3. Departures: learning rates are those of `phases`, since a budget of minutes
leaves no time for the published ones, which fall to a tenth; and the images of a step are the same
for all of its networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from searches.networks.families import ElasticWeights, Index, configuration
from searches.spaces.base import Genes
from searches.training.base import Progress, Tick, always
from searches.training.loop import Training, cloned, scheduled
from searches.training.phases import WIDTH, Phase, corners_of, phases_of, widths_of
from searches.training.recalibration import recalibrate
from searches.training.sampling_rules import at_one_resolution
from searches.training.seeds import rng
from searches.training.settings import ShrinkingTrainingSettings
from searches.training.supernet import build_supernet
from searches.training.task import Task


class Shrinking(Training):
    """Phase after phase; each begins with fresh momentum, and ends with a look at the corners.

    From the second phase on every network learns from the labels and from the largest one as it
    was at the end of the first phase, which computes with the statistics of the batch.

    Attributes:
        entered: Number of phases that have begun: channels are sorted once in each that opens a
            width.
        watched: Per finished phase the qualities of the corners measured so far, by name.
    """

    module: ElasticWeights
    settings: ShrinkingTrainingSettings

    def __init__(
        self,
        task: Task,
        settings: ShrinkingTrainingSettings,
        *,
        seed: int,
        recalibration_images: int = 2000,
    ):
        supernet = build_supernet(task, seed=seed)
        if not isinstance(supernet, ElasticWeights):
            raise TypeError(f"networks of the family {task.space.family} are no parts of another")
        super().__init__(supernet, task, settings, seed=seed, resolution=0)
        self.recalibration_images = recalibration_images
        self.phases = phases_of(task.space, settings)
        self.corners = corners_of(task.space)
        epochs = accumulate((phase.epochs for phase in self.phases), initial=0)
        self.starts = [n * self.steps_per_epoch for n in epochs]  # one more than phases: the end
        self.total = self.last = self.starts[-1]
        self.entered = 0
        self.watched: list[dict[str, dict[str, float]]] = []
        self.teacher: nn.Module | None = None
        self.drawn: list[Genes] = []

    @property
    def phase(self) -> Phase:
        """The one of the coming step; the last one at the end."""
        return self.phases[self._number()]

    @property
    def progress(self) -> Progress:
        found = super().progress
        is_seen = len(self.watched) == len(self.phases) and self._n_unseen() == 0
        number = max(1, self.entered)
        name = f"{self.phases[number - 1].name}, phase {number} of {len(self.phases)}"
        return Progress(found.step, found.total, found.done and is_seen, found.figures, name)

    def report(self) -> dict[str, Any]:
        """Every phase with its schedule, and the corners as they were at its end."""
        rows = []
        for number, phase in enumerate(self.phases):
            rows.append(
                {
                    "name": phase.name,
                    "epochs": phase.epochs,
                    "subnets": phase.subnets,
                    "learning_rate": phase.learning_rate,
                    "first_step": self.starts[number],
                    "last_step": self.starts[number + 1],
                    "corners": self.watched[number] if number < len(self.watched) else {},
                }
            )
        return {"phases": rows, "corners": {n: list(g) for n, g in self.corners.items()}}

    def begin(self) -> int:
        draws, phase = rng(self.seed, "subnet", self.step), self.phase
        drawn = [phase.sample(self.task.space, draws) for _ in range(phase.subnets)]
        self.drawn = at_one_resolution(self.task.space, drawn, drawn[0])
        resolution: int = self.module.set_active(self.drawn[0])["resolution"]
        return resolution

    def learn(self, inputs: Tensor, targets: Tensor) -> Sequence[Mapping[str, Index]]:
        lesson = self._lesson(inputs)
        paths = []
        for genes in self.drawn:
            self.module.set_active(genes)
            self.learn_both(inputs, targets, lesson)
            paths.append(self.module.regions())
        return paths

    def learn_both(self, inputs: Tensor, targets: Tensor, lesson: Tensor | None) -> None:
        """One pass: labels, and what the teacher says if there is one."""
        if lesson is None:
            self.learn_labels(inputs, targets)
            return
        outputs = self.module(inputs)
        loss = self.task.loss(outputs, targets, smoothing=self.settings.label_smoothing)
        distance = self.task.distillation_loss(outputs, lesson)
        self.backward(loss + self.settings.distillation * distance)
        figures = self.task.figures(outputs.detach(), targets)
        self._show({"loss": loss.item(), **figures, "distillation": distance.item()})

    def state(self) -> dict[str, Any]:
        teacher = self.teacher if self.step < self.total else None
        return super().state() | {
            "entered": self.entered,
            "watched": [{name: dict(seen) for name, seen in row.items()} for row in self.watched],
            "teacher": {} if teacher is None else cloned(teacher),
        }

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.entered = state["entered"]
        self.watched = [dict(row) for row in state["watched"]]
        if state["teacher"]:
            self.teacher = self._taught()
            self.teacher.load_state_dict(state["teacher"])

    # One step of the work: a batch, the start of a phase, or a look at a corner.

    def _advance_once(self, tick: Tick) -> None:
        if self.step == self.starts[self.entered] and self.entered and self._n_unseen():
            self._look(tick)
            return
        if self.step == self.starts[self.entered]:
            self._enter(self.phases[self.entered])
        super()._advance_once(tick)

    def _number(self) -> int:
        return max(0, min(self.entered, len(self.phases)) - 1)

    def _enter(self, phase: Phase) -> None:
        self.optimiser.forget()
        if phase.opens and self.teacher is None:
            self.teacher = self._taught()
        if phase.opens == WIDTH:
            allowed = self.phases[self.entered - 1].least
            self.module.sort_channels(widths_of(self.task.space, allowed))
        self.entered += 1

    def _taught(self) -> nn.Module:
        """The largest network as it is now, ready to teach: statistics of the batch, no update."""
        teacher = self.module.extract(self.corners["largest"]).requires_grad_(False)
        for module in teacher.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.0
        return teacher.train()

    @torch.no_grad()
    def _lesson(self, inputs: Tensor) -> Tensor | None:
        """Outputs of the teacher, or None in the first phase."""
        return None if self.teacher is None else self.teacher(inputs)

    def _n_unseen(self) -> int:
        """Corners that the finished phase has still to show."""
        if len(self.watched) < self.entered:
            return len(self.corners)
        return len(self.corners) - len(self.watched[self.entered - 1])

    def _look(self, tick: Tick = always) -> None:
        """Judge the next corner, with batch norm recalibrated, on the validation split."""
        if len(self.watched) < self.entered:
            self.watched.append({})
        seen = self.watched[-1]
        name = next(name for name in self.corners if name not in seen)
        network = self.module.extract(self.corners[name])
        resolution = configuration(network)["resolution"]
        if not recalibrate(
            network,
            self.task,
            resolution=resolution,
            n_images=self.recalibration_images,
            tick=tick,
        ):
            return
        found = self.task.quality(
            network, "validation", resolution=resolution, provenance="supernet", tick=tick
        )
        seen[name] = {measure: value.value for measure, value in found.items()}

    def _learning_rate(self) -> float:
        start, end = self.starts[self._number()], self.starts[self._number() + 1]
        warmup = 0 if self._number() else self.settings.warmup_epochs * self.steps_per_epoch
        return scheduled(self.phase.learning_rate, self.step - start, end - start, warmup=warmup)
