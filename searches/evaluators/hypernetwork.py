"""Judging by predicted weights: a network that was trained to write those of any other."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from searches.evaluators.base import Evaluator
from searches.evaluators.settings import HypernetworkSettings
from searches.evaluators.supernet import SupernetCandidate
from searches.networks.hypernetworks.base import Hypernetwork
from searches.networks.hypernetworks.generator import WeightGenerator
from searches.networks.hypernetworks.graph import GraphHypernetwork
from searches.objectives.fidelity import FULL
from searches.spaces.base import Genes
from searches.training.hypernetwork import HypernetworkTraining, build_hypernetwork
from searches.training.task import Task


class PredictedCandidate(SupernetCandidate):
    """Predicting and recalibrating are one step; the network itself is never trained."""

    provenance = "predicted weights"


class HypernetworkEvaluator(Evaluator):
    """Trains a hypernetwork once; every candidate gets its weights from it."""

    settings: HypernetworkSettings

    def __init__(self, task: Task, settings: HypernetworkSettings, seed: int):
        super().__init__(task, settings, seed)
        self.hypernetwork = build_hypernetwork(self.make, seed=seed)

    @abstractmethod
    def make(self) -> Hypernetwork:
        """A fresh hypernetwork, drawn from torch's global generator."""

    def prepare(self) -> HypernetworkTraining:
        return HypernetworkTraining(self.make, self.task, self.settings, seed=self.seed)

    def restore(self, state: dict[str, Any]) -> None:
        self.hypernetwork.load_state_dict(state["network"])

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> PredictedCandidate:
        network = self.hypernetwork.extract(genes)
        return PredictedCandidate(network, self.task, self.settings)


class GeneratorEvaluator(HypernetworkEvaluator):
    """Reads the choices of an architecture (Brock et al., ICLR 2018)."""

    def make(self) -> WeightGenerator:
        task = self.task
        return WeightGenerator(
            task.space, mean=task.mean, std=task.std, hidden=self.settings.hidden
        )


class GraphEvaluator(HypernetworkEvaluator):
    """Reads the graph of an architecture's layers (Zhang et al., ICLR 2019)."""

    def make(self) -> GraphHypernetwork:
        task = self.task
        return GraphHypernetwork(
            task.space, mean=task.mean, std=task.std, hidden=self.settings.hidden
        )
