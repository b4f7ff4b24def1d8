"""Judging by proxies: a look at the network before it is trained."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

import torch
from scipy.stats import t as student
from torch import nn

from searches.evaluators.base import Candidate, Evaluator
from searches.evaluators.settings import ZeroCostSettings
from searches.evaluators.zero_cost.probe import Probe
from searches.evaluators.zero_cost.registry import PROXIES, card_of
from searches.networks.families import build, family_of
from searches.objectives.fidelity import FULL
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import Genes
from searches.training.base import Progress, Tick, always
from searches.training.seeds import derived_seed, generator
from searches.training.task import Split, Task


class ZeroCostCandidate(Candidate):
    """A step is one proxy of one initialisation; the same for all candidates."""

    def __init__(self, evaluator: ZeroCostEvaluator, genes: Genes):
        self.evaluator = evaluator
        task = evaluator.task
        self.family = family_of(task.space)
        self.config = self.family.config(task.space, genes, mean=task.mean, std=task.std)
        self.scores: dict[str, list[float]] = {name: [] for name in evaluator.wanted}

    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        while not self.progress.done:
            name = min(self.scores, key=lambda proxy: len(self.scores[proxy]))
            self.scores[name].append(self._score(name, len(self.scores[name])))
            if not tick() or time.monotonic() >= deadline:
                break
        return self.progress

    @property
    def progress(self) -> Progress:
        total = self.evaluator.settings.initialisations * len(self.scores)
        step = sum(map(len, self.scores.values()))
        return Progress(step, total, step >= total)

    def _score(self, name: str, initialisation: int) -> float:
        seed = derived_seed(self.evaluator.seed, "proxy", initialisation)
        network = build(self.family, self.config, seed=seed).train()
        inputs, labels = self.evaluator.batch(self.config["resolution"])
        probe = Probe(network, inputs, labels, self.evaluator.task.loss, seed)
        return float(PROXIES[name].load()(probe))

    def state(self) -> dict[str, Any]:
        return {"scores": {name: list(found) for name, found in self.scores.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        self.scores = {name: list(found) for name, found in state["scores"].items()}

    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        """The scores; proxies that look at data take training samples, whatever the split."""
        tick()
        return {name: self._measured(name, found) for name, found in self.scores.items()}

    def _measured(self, name: str, found: list[float]) -> MeasuredValue:
        card, n = card_of(name), len(found)
        uses = f"{self.evaluator.n_samples} training samples" if card.uses_data else "no data"
        first = f"{n} initialisations" if n > 1 else "one initialisation"
        return MeasuredValue(
            sum(found) / n,
            card.unit,
            "proxy",
            spread=interval(found),
            source=f"{first}, {uses}",
        )

    def network(self) -> nn.Module:
        """The network as it was first looked at; nobody trained it."""
        seed = derived_seed(self.evaluator.seed, "proxy", 0)
        return build(self.family, self.config, seed=seed).eval()


def interval(found: list[float]) -> tuple[float, float] | None:
    """90 % interval of the mean over initialisations (Student, 1908); None without any spread."""
    n = len(found)
    if n < 2 or not all(map(math.isfinite, found)) or min(found) == max(found):
        return None
    mean = sum(found) / n
    deviation = math.sqrt(sum((value - mean) ** 2 for value in found) / (n - 1))
    half = float(student.ppf(0.95, n - 1)) * deviation / math.sqrt(n)
    return mean - half, mean + half


class ZeroCostEvaluator(Evaluator):
    """Scores of fresh networks on one batch, by the same seeds for all of them.

    Attributes:
        wanted: The proxies that are computed.
    """

    settings: ZeroCostSettings

    def __init__(self, task: Task, settings: ZeroCostSettings, seed: int):
        super().__init__(task, settings, seed)
        self.wanted: tuple[str, ...] = ("synflow",)
        self.n_samples = min(settings.batch_size, task.size("train"))

    def focus(self, qualities: Iterable[str]) -> None:
        asked = set(qualities)
        self.wanted = tuple(name for name in PROXIES if name in asked) or self.wanted

    def prepare(self) -> None:
        return None

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing is shared between candidates."""

    def batch(self, resolution: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch that all candidates are looked at with, at their resolution."""
        shuffled = torch.randperm(
            self.task.size("train"), generator=generator(self.seed, "proxy batch")
        )
        return self.task.batch("train", shuffled[: self.n_samples], resolution)

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> ZeroCostCandidate:
        return ZeroCostCandidate(self, genes)
