"""Judging by training from scratch: the same recipe for every candidate, no shared weights."""

from __future__ import annotations

from typing import Any

from searches.evaluators.base import Candidate, Evaluator
from searches.evaluators.settings import FullSettings
from searches.networks.families import build, family_of
from searches.objectives.fidelity import FULL, epochs_of
from searches.spaces.base import Genes
from searches.training.network import NetworkTraining
from searches.training.seeds import derived_seed


class FullCandidate(NetworkTraining, Candidate):
    """A network that starts from random weights, and may stop early on the schedule of all."""

    def stop_after(self, epochs: int) -> None:
        """End after so many epochs; the learning rate is that of the whole training."""
        if epochs < self.settings.epochs:
            self.last = epochs * self.steps_per_epoch
            self.provenance = "reduced"


class FullEvaluator(Evaluator):
    """No tuning per architecture: a fixed recipe makes scores comparable."""

    settings: FullSettings

    def prepare(self) -> None:
        return None

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing is shared between candidates."""

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> FullCandidate:
        task, family = self.task, family_of(self.task.space)
        config = family.config(task.space, genes, mean=task.mean, std=task.std)
        network = build(family, config, seed=derived_seed(seed, "weights"))
        candidate = FullCandidate(network, task, self.settings, seed=seed)
        candidate.stop_after(epochs_of(fidelity, self.settings.epochs))
        return candidate
