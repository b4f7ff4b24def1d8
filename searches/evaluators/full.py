"""Judging by training from scratch: the same recipe for every candidate, no shared weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from searches.evaluators.base import Candidate, Evaluator
from searches.evaluators.settings import FullSettings
from searches.networks.families import build, family_of
from searches.objectives.fidelity import FULL
from searches.spaces.base import Genes
from searches.training.network import NetworkTraining
from searches.training.seeds import derived_seed
from searches.training.subsets import Phase, phase_at, samples_of
from searches.training.task import Task


class FullCandidate(NetworkTraining, Candidate):
    """A network that starts from random weights, trained as far as the fidelity says.

    Lower fidelities follow the learning rate of the whole training as far as they go. Those with
    less data see the same first samples of one fixed order, again and again.

    Attributes:
        best: of the training so far, when it may end early: loss on the validation split, step,
            weights.
    """

    settings: FullSettings

    def __init__(
        self, network: nn.Module, task: Task, settings: FullSettings, *, seed: int, fidelity: str
    ):
        super().__init__(network, task, settings, seed=seed)
        self.scale, self.fidelity = settings.scale(), fidelity
        self.phases: list[Phase] = []
        self.best: dict[str, Any] | None = None
        self.has_stopped = False
        if fidelity != FULL:
            self.provenance = "reduced"
        if self.scale.is_continued:
            self.last = self._end_of(fidelity)
            self._go_through([fidelity])

    def go_on_from(self, earlier: Sequence[str], state: dict[str, Any] | None) -> None:
        if self.scale.is_continued:
            self._go_through([*earlier, self.fidelity])
            super().go_on_from(earlier, state)

    def state(self) -> dict[str, Any]:
        return super().state() | {"best": self.best, "has_stopped": self.has_stopped}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.best, self.has_stopped = state["best"], state["has_stopped"]
        if self.has_stopped:
            self.last = self.step

    def network(self) -> nn.Module:
        """The network with its weights of now, or of its best epoch if it may end early."""
        network = super().network()
        if self.best is not None:
            network = copy.deepcopy(network)
            network.load_state_dict(self.best["network"])
        return network

    def _end_of(self, fidelity: str) -> int:
        """The step after which a fidelity of a continued quantity ends."""
        share = self.scale.amount(fidelity) / self.scale.full
        return max(1, round(share * self.total))

    def _go_through(self, fidelities: Sequence[str]) -> None:
        """Less data: from where to where which share of it is there."""
        if self.scale.quantity != "data":
            return
        ends = [self._end_of(name) for name in fidelities]
        shares = [self.scale.amount(name) / self.scale.full for name in fidelities]
        starts = [0, *ends]
        self.phases = [Phase(*phase) for phase in zip(starts, shares, strict=False)]

    def _indices(self) -> Tensor:
        if not self.phases or self.phases == [Phase(0, 1.0)]:
            return super()._indices()
        phase = phase_at(self.phases, self.step)
        n, size = self.task.size("train"), self.batch_size
        return samples_of(phase, n, batch_size=size, step=self.step, seed=self.seed)

    def _train_batch(self) -> None:
        super()._train_batch()
        if self.settings.patience and self.step % self.steps_per_epoch == 0:
            self._look()

    def _look(self) -> None:
        """After an epoch: keep the best weights; end when there were none for too long."""
        loss = self.task.mean_loss(self.module.eval(), "validation", resolution=self.resolution)
        self.module.train()
        if self.best is None or loss < self.best["loss"]:
            weights = {name: value.clone() for name, value in self.module.state_dict().items()}
            self.best = {"loss": loss, "step": self.step, "network": weights}
        elif self.step - self.best["step"] >= self.settings.patience * self.steps_per_epoch:
            self.has_stopped, self.last = True, self.step


class FullEvaluator(Evaluator):
    """No tuning per architecture: a fixed recipe makes scores comparable."""

    settings: FullSettings

    def prepare(self) -> None:
        return None

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing is shared between candidates."""

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> FullCandidate:
        task, family, scale = self.task, family_of(self.task.space), self.settings.scale()
        config = family.config(task.space, genes, mean=task.mean, std=task.std)
        share = scale.amount(fidelity) / scale.full
        if not scale.is_continued and share < 1:
            config = family.smaller(config, scale.quantity, share)
        network = build(family, config, seed=derived_seed(seed, "weights"))
        return FullCandidate(network, task, self.settings, seed=seed, fidelity=fidelity)
