"""What all one-shot strategies share: one network that holds all architectures, and two trainings.

Weights are trained on one part of the training samples, the choices (a vector of architecture
parameters each) on the other. At the end the architectures are read off (`derive`), first the one
that the choices prefer, then others from their distribution, cheaper and dearer ones among them.
"""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from searches.networks.families import family_of
from searches.networks.mixed import Gate, Mixture
from searches.spaces.base import Genes
from searches.strategies.base import Violations
from searches.strategies.settings.one_shot import OneShotSettings
from searches.training.base import DivergedTraining, Progress, Tick, Trainable
from searches.training.one_shot.costs import AdditiveCost, ExpectedCost
from searches.training.one_shot.derivation import derive
from searches.training.seeds import derived_seed, generator
from searches.training.sgd import SlicedSGD
from searches.training.task import Task

MEMORY = 0.98  # of the moving averages that are shown: about the last 50 batches
FINAL_RATE = 0.05  # learning rate of the weights at the end, as a share of that at the start
INITIAL_SPREAD = 1e-3  # standard deviation of the choices at the start


def no_limits(population: Sequence[Genes]) -> Violations:
    """Everything is within them."""
    return np.zeros(len(population))


class OneShot(Trainable):
    """Alternates a step of the choices with a step of the weights.

    A subclass says how the gates of both are set. All random numbers of a step come from the seed
    and the number of the step.

    Attributes:
        alphas: per choice [n_options] architecture parameters.
    """

    settings: OneShotSettings

    def __init__(
        self, task: Task, settings: Any, seed: int, *, costs: Sequence[AdditiveCost] = ()
    ):
        self.task, self.settings, self.seed = task, settings, seed
        self.network = _mixture(task, seed)
        undecided = [
            [1 / len(choice.options)] * len(choice.options) for choice in self.network.choices
        ]
        self.resolution = self.network.set_active(self.network.decode(undecided))["resolution"]
        noise = generator(seed, "choices")
        self.alphas = [
            (INITIAL_SPREAD * torch.randn(len(choice.options), generator=noise)).requires_grad_()
            for choice in self.network.choices
        ]
        self.traded = [ExpectedCost(cost, self.network) for cost in costs]
        self.costs = [cost for cost in self.traded if cost.cost.is_objective]
        self.optimiser = SlicedSGD(
            self.network, momentum=settings.momentum, weight_decay=settings.weight_decay
        )
        self.choice_optimiser = torch.optim.Adam(
            self.alphas,
            lr=settings.choice_rate,
            betas=self.choice_betas,
            weight_decay=settings.choice_decay,
        )
        order = torch.randperm(task.size("train"), generator=generator(seed, "parts"))
        n_choice = max(2, round(settings.choice_share * len(order)))
        self.parts = {"choices": order[:n_choice], "weights": order[n_choice:]}
        self.batch_size = min(settings.batch_size, *map(len, self.parts.values()))
        self.steps_per_epoch = len(self.parts["weights"]) // self.batch_size
        self.total = settings.epochs * self.steps_per_epoch
        self.step = 0
        self.figures: dict[str, float] = {}
        self.stopped = ""  # why it ended early

    choice_betas: tuple[float, float] = (0.5, 0.999)

    # What a method provides.

    @abstractmethod
    def weight_gates(self) -> list[Gate]:
        """One gate per choice for a step of the weights, without a gradient to the choices."""

    @abstractmethod
    def choice_step(self) -> None:
        """One step of the choices."""

    def epoch_ended(self) -> None:
        """Called after the last step of every epoch."""

    # The training.

    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        self.network.train()
        while not self.is_done:
            self._step()
            if not tick() or time.monotonic() >= deadline:
                break
        return self.progress

    @property
    def is_done(self) -> bool:
        return self.step >= self.total or bool(self.stopped)

    @property
    def epoch(self) -> int:
        return int(self.step // self.steps_per_epoch)

    @property
    def progress(self) -> Progress:
        epoch = self.step / self.steps_per_epoch
        figures = {**self.figures, **self.choice_figures(), "epoch": epoch}
        return Progress(self.step, self.total, self.is_done, figures)

    def _step(self) -> None:
        if self.epoch >= self.settings.warmup_epochs:
            self.choice_step()
        self.set_gates(self.weight_gates())
        inputs, targets = self.batch("weights")
        outputs = self.network(inputs)
        loss = self.task.loss(outputs, targets)
        if not math.isfinite(loss.item()):
            raise DivergedTraining(self.step, loss.item())
        torch.autograd.backward(loss)
        self.optimiser.step(self.learning_rate())
        self.show({"loss": loss.item(), **self.task.figures(outputs.detach(), targets)})
        self.step += 1
        if self.step % self.steps_per_epoch == 0:
            self.epoch_ended()

    def set_gates(self, gates: Sequence[Gate]) -> None:
        for operation in self.network.mixed_operations():
            operation.gate = gates[operation.choice]

    def batch(self, part: str) -> tuple[Tensor, Tensor]:
        """Inputs and targets of this step from a part of the training samples."""
        indices = self.parts[part]
        per_round = len(indices) // self.batch_size
        round_, position = divmod(self.step, per_round)
        shuffle = generator(self.seed, "shuffle", part, round_)
        order = indices[torch.randperm(len(indices), generator=shuffle)]
        chosen = order[position * self.batch_size : (position + 1) * self.batch_size]
        noise = generator(self.seed, "augment", part, self.step)
        return self.task.batch("train", chosen, self.resolution, noise)

    def learning_rate(self) -> float:
        """Of the weights: half a cosine (Loshchilov, Hutter, ICLR 2017)."""
        start = self.settings.learning_rate
        end = FINAL_RATE * start
        return end + (start - end) * (1 + math.cos(math.pi * self.step / self.total)) / 2

    def probabilities(self) -> list[Tensor]:
        return [torch.softmax(alpha, 0) for alpha in self.alphas]

    def cost_term(self) -> Tensor:
        """Weighted sum of the expected costs, each 0 to 1 over the space."""
        terms = [cost.normalised(self.probabilities()) for cost in self.costs]
        if not terms:
            return torch.zeros(())
        return self.settings.cost_weight * torch.stack(terms).sum()

    def choice_loss(self) -> Tensor:
        """Loss of the choices' batch of this step under the present gates."""
        inputs, targets = self.batch("choices")
        outputs = self.network(inputs)
        loss = self.task.loss(outputs, targets)
        self.show({"choice_loss": loss.item()})
        return loss

    def step_choices(self, gradients: Sequence[Tensor | None]) -> None:
        """One step of Adam along the gradients."""
        for alpha, gradient in zip(self.alphas, gradients, strict=True):
            alpha.grad = torch.zeros_like(alpha) if gradient is None else gradient
        self.choice_optimiser.step()
        for alpha in self.alphas:
            alpha.grad = None

    def show(self, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            before = self.figures.get(name, value)
            self.figures[name] = MEMORY * before + (1 - MEMORY) * value

    # What a person sees, and what comes of it.

    @torch.no_grad()
    def choice_figures(self) -> dict[str, float]:
        """Entropy of the choices (1: undecided), skip connections kept, expected costs."""
        probabilities = self.probabilities()
        entropies = [
            -(p * p.clamp_min(1e-12).log()).sum().item() / math.log(len(p))
            for p in probabilities
            if len(p) > 1
        ]
        found = {
            "entropy": sum(entropies) / max(1, len(entropies)),
            "skips": float(self.n_skips()),
        }
        for cost in self.costs:
            found[f"expected {cost.cost.key}"] = cost(probabilities).item()
        return found

    def decoded(self) -> Genes:
        """The architecture that the choices prefer now."""
        return self.network.decode([p.detach() for p in self.probabilities()])

    def n_skips(self) -> int:
        """Skip connections of the preferred architecture, those of a reduction cell apart."""
        return self.network.skips(self.decoded())[0]

    def derive(
        self, n: int, violations: Callable[[Sequence[Genes]], Violations] = no_limits
    ) -> list[Genes]:
        """At most `n` architectures from the choices, the preferred one first.

        All others are within the limits. The cheapest of the space by each cost are among them:
        they are what is left when a limit is narrow.

        Args:
            n: how many.
            violations: [n] excess over the limits; 0 = within.
        """
        derived = derive(
            self.network,
            [alpha.detach() for alpha in self.alphas],
            [cost.normalised_options() for cost in self.traded],
            n,
            generator=generator(self.seed, "derive"),
            violations=violations,
        )
        cheapest = [cost.cost.cheapest for cost in self.traded if cost.cost.cheapest]
        missing = [genes for genes in dict.fromkeys(cheapest) if genes not in derived]
        return [*derived[: max(1, n - len(missing))], *missing][:n]

    def report(self) -> dict[str, Any]:
        """The choices as they are now, JSON: names, options and probabilities."""
        return {
            "choices": [
                {"name": choice.name, "options": list(choice.options), "weights": p.tolist()}
                for choice, p in zip(self.network.choices, self.probabilities(), strict=True)
            ],
            "stopped": self.stopped,
            "warning": self.warning(),
        }

    def warning(self) -> str:
        """What is doubtful about the choices at the end; empty when nothing is."""
        return ""

    # To be stored and to go on.

    def state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "network": {name: value.clone() for name, value in self.network.state_dict().items()},
            "velocity": {name: value.clone() for name, value in self.optimiser.velocity.items()},
            "alphas": [alpha.detach().clone() for alpha in self.alphas],
            "adam": self.choice_optimiser.state_dict(),
            "figures": dict(self.figures),
            "stopped": self.stopped,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.step, self.stopped = state["step"], state["stopped"]
        self.network.load_state_dict(state["network"])
        for name, value in self.optimiser.velocity.items():
            value.copy_(state["velocity"][name])
        self.set_alphas(state["alphas"])
        self.choice_optimiser.load_state_dict(state["adam"])
        self.figures = dict(state["figures"])

    @torch.no_grad()
    def set_alphas(self, values: Sequence[Tensor]) -> None:
        for alpha, value in zip(self.alphas, values, strict=True):
            alpha.copy_(value)


def _mixture(task: Task, seed: int) -> Mixture:
    """A fresh mixture whose weights depend on the seed; the global RNG is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "weights"))
        network = family_of(task.space).supernet(task.space, mean=task.mean, std=task.std)
    if not isinstance(network, Mixture):
        raise TypeError(f"spaces of the family {task.space.family} have no choices to mix")
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
