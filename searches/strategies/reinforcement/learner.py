"""A controller that learns: it draws architectures and is told their rewards."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Any

import torch
from torch import Tensor

from searches.spaces.base import Gene, Genes
from searches.strategies.reinforcement import tensors
from searches.strategies.reinforcement.controller import Controller
from searches.strategies.settings.reinforcement import ControllerSettings

# Where Adam keeps its moving averages of the gradient and of its square.
MOMENTS = ("exp_avg", "exp_avg_sq")


class Learner(ABC):
    """Controller, optimiser and moving baseline; a subclass says what an update is.

    Attributes:
        baseline: moving average of the rewards; None before the first.
        steps: of the optimiser so far.
    """

    def __init__(self, genes: Sequence[Gene], settings: ControllerSettings, rng: Random):
        self.generator = torch.Generator()
        self.generator.manual_seed(rng.getrandbits(63))
        self.controller = Controller(
            genes, hidden=settings.hidden, squash=settings.squash, generator=self.generator
        )
        self.optimiser = torch.optim.Adam(
            self.controller.parameters(), lr=settings.learning_rate, foreach=False
        )
        self.decay, self.entropy = settings.baseline, settings.entropy
        self.clip_norm = settings.clip_norm
        self.baseline: float | None = None
        self.steps = 0

    @abstractmethod
    def _update(self, genes: Tensor, old: Tensor, advantages: Tensor) -> None:
        """Improve the controller.

        Args:
            genes: [n, n_genes] of the batch.
            old: [n, n_genes] log-probabilities when drawn.
            advantages: [n] rewards less the baseline.
        """

    def draw(self, n: int) -> list[Genes]:
        """`n` architectures from the controller's distribution, repeats among them."""
        return [tuple(row) for row in self.controller.draw(n, self.generator).tolist()]

    @torch.no_grad()
    def logs_of(self, population: Sequence[Genes]) -> Tensor:
        """[n, n_genes] log-probabilities of the choices, as of now."""
        logs: Tensor = self.controller(torch.tensor(population))[0]
        return logs

    def learn(self, population: Sequence[Genes], old: Tensor, rewards: Sequence[float]) -> None:
        """Update from one batch of results.

        Args:
            population: n architectures.
            old: [n, n_genes] their log-probabilities when drawn.
            rewards: [n].
        """
        advantages = torch.tensor([self._advantage(reward) for reward in rewards])
        self._update(torch.tensor(population), old, advantages)

    def _advantage(self, reward: float) -> float:
        """The reward less the baseline, which it moves afterwards; the first is the baseline.

        A baseline that already holds the reward would bias the gradient.
        """
        baseline = reward if self.baseline is None else self.baseline
        self.baseline = baseline + (1 - self.decay) * (reward - baseline)
        return reward - baseline

    def _step(self, loss: Tensor, entropies: Tensor) -> None:
        """One step of Adam down the loss, less the bonus for entropy; the gradient is clipped."""
        self.optimiser.zero_grad()
        total = loss - self.entropy * entropies.sum(-1).mean()
        total.backward()  # type: ignore[no-untyped-call]
        parameters = self.controller.parameters()
        torch.nn.utils.clip_grad_norm_(parameters, self.clip_norm, foreach=False)
        self.optimiser.step()
        self.steps += 1

    def state(self) -> dict[str, Any]:
        named = dict(self.controller.named_parameters())
        moments = {
            moment: tensors.encode_all({n: self._moment(p, moment) for n, p in named.items()})
            for moment in MOMENTS
        }
        return {
            "controller": tensors.encode_all(named),
            **moments,
            "steps": self.steps,
            "baseline": self.baseline,
            "generator": tensors.encode_generator(self.generator),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become what `state` was taken from."""
        self.controller.load_state_dict(tensors.decode_all(state["controller"]))
        self.baseline, self.steps = state["baseline"], state["steps"]
        tensors.restore_generator(self.generator, state["generator"])
        moments = {moment: tensors.decode_all(state[moment]) for moment in MOMENTS}
        self.optimiser.state.clear()
        for name, parameter in self.controller.named_parameters() if self.steps else []:
            kept = {moment: moments[moment][name] for moment in MOMENTS}
            self.optimiser.state[parameter] = {"step": torch.tensor(float(self.steps)), **kept}

    def _moment(self, parameter: Tensor, moment: str) -> Tensor:
        """Adam's average; zeros before the first step."""
        kept: Tensor | None = self.optimiser.state.get(parameter, {}).get(moment)
        return torch.zeros_like(parameter) if kept is None else kept
