"""Judging by training from scratch: the same recipe for every candidate, no shared weights."""

from __future__ import annotations

from typing import Any

from searches.evaluators.base import Candidate, Evaluator
from searches.evaluators.settings import FullSettings
from searches.networks.building import build, config_of
from searches.spaces.base import Genes
from searches.spaces.ofa_mobilenet_v3 import OfaMobileNetV3
from searches.training.network import NetworkTraining
from searches.training.seeds import derived_seed


class FullCandidate(NetworkTraining, Candidate):
    """A network that starts from random weights."""


class FullEvaluator(Evaluator):
    """No tuning per architecture: a fixed recipe makes scores comparable."""

    settings: FullSettings

    def prepare(self) -> None:
        return None

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing is shared between candidates."""

    def candidate(self, genes: Genes, *, seed: int) -> FullCandidate:
        space, task = self.task.space, self.task
        if not isinstance(space, OfaMobileNetV3):
            raise TypeError(f"no networks for spaces of the family {space.family}")
        config = config_of(space, genes, mean=task.mean, std=task.std)
        network = build(config, seed=derived_seed(seed, "weights"))
        return FullCandidate(network, task, self.settings, seed=seed)
