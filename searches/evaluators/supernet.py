"""Judging by shared weights: the candidate's slice of a trained supernet, recalibrated."""

from __future__ import annotations

from typing import Any, Protocol

from torch import nn

from searches.evaluators.base import Candidate, Evaluator
from searches.evaluators.settings import OnceForAllSettings, SupernetSettings
from searches.networks.families import configuration
from searches.objectives.fidelity import FULL
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import Genes
from searches.training.base import Progress, Tick, always
from searches.training.loop import Training
from searches.training.recalibration import recalibrate
from searches.training.supernet import SupernetTraining, build_supernet
from searches.training.task import Split, Task

AnySettings = SupernetSettings | OnceForAllSettings


class Recalibrated(Protocol):
    """Settings of an evaluator whose candidates have shared weights."""

    @property
    def recalibration_images(self) -> int:
        """Training images over which batch norm is measured."""


class SupernetCandidate(Candidate):
    """Extraction and recalibration are one step, a matter of a second."""

    provenance = "supernet"

    def __init__(self, network: nn.Module, task: Task, settings: Recalibrated):
        self._network = network
        self.task = task
        self.settings = settings
        self.resolution: int = configuration(network)["resolution"]
        self.is_recalibrated = False

    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        if not self.is_recalibrated:
            self.is_recalibrated = recalibrate(
                self._network,
                self.task,
                resolution=self.resolution,
                n_images=self.settings.recalibration_images,
                tick=tick,
            )
        return self.progress

    @property
    def progress(self) -> Progress:
        return Progress(int(self.is_recalibrated), 1, self.is_recalibrated)

    def state(self) -> dict[str, Any]:
        return {"is_recalibrated": self.is_recalibrated, "network": self._network.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self.is_recalibrated = state["is_recalibrated"]
        self._network.load_state_dict(state["network"])

    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        return self.task.quality(
            self._network,
            split,
            resolution=self.resolution,
            provenance=self.provenance,
            tick=tick,
        )

    def network(self) -> nn.Module:
        return self._network.eval()


class SupernetEvaluator(Evaluator):
    """Train once, judge every candidate in a second."""

    settings: Any

    def __init__(self, task: Task, settings: AnySettings, seed: int):
        super().__init__(task, settings, seed)
        self.supernet = build_supernet(task, seed=seed).eval()

    def prepare(self) -> Training:
        return SupernetTraining(self.task, self.settings, seed=self.seed)

    def restore(self, state: dict[str, Any]) -> None:
        self.supernet.load_state_dict(state["network"])

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> SupernetCandidate:
        return SupernetCandidate(self.supernet.extract(genes), self.task, self.settings)
