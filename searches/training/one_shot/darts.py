"""DARTS: choices as a continuous mixture, learnt by gradient descent.

Source: Liu, Simonyan, Yang: DARTS: Differentiable Architecture Search, ICLR 2019 (arXiv
1806.09055). The search stops before the preferred cell collapses to skip connections, as in
Liang et al.: DARTS+, 2019 (arXiv 1909.06035), criterion 1. Departures: half of the operations may
be skips, not one of a DARTS cell, which cells drawn at random have already; and the search does
not stop in the first epochs of the choices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from searches.networks.mixed import Gate
from searches.strategies.settings.one_shot import DartsSettings
from searches.training.one_shot.base import OneShot
from searches.training.one_shot.costs import AdditiveCost
from searches.training.one_shot.gates import FullMixture
from searches.training.task import Task

# Length of the finite-difference step, as a share of the gradient's (Liu et al., section 2.3).
DIFFERENCE = 0.01


class Darts(OneShot):
    """First order, or second order with the weights' next step unrolled.

    Departures: that step is the one that the weights really take, with Nesterov momentum; the
    paper's clip of the weights' gradient at a norm of 5 is left out, in both.
    """

    settings: DartsSettings

    def __init__(
        self, task: Task, settings: DartsSettings, seed: int, *, costs: Sequence[AdditiveCost] = ()
    ):
        super().__init__(task, settings, seed, costs=costs)
        self.kept: dict[str, Any] = {}  # the latest epoch with few skips, and its choices

    def weight_gates(self) -> list[Gate]:
        return [FullMixture(p.detach()) for p in self.probabilities()]

    def choice_step(self) -> None:
        gradients: Sequence[Tensor | None]
        if self.settings.order == "second":
            gradients = self._second_order()
        else:
            gradients = torch.autograd.grad(
                self._validation_loss(), self.alphas, allow_unused=True
            )
        self.step_choices(gradients)

    def most_skips(self) -> int:
        """More skip connections than these are the sign of a collapse."""
        most = self.settings.most_skips
        return self.network.skips(self.decoded())[1] // 2 if most is None else most

    def epoch_ended(self) -> None:
        """Stop, with the choices of an earlier epoch, when too many skip connections are kept.

        What choices prefer before they have learnt says nothing: neither does it stop the search,
        nor is it what the search goes back to.
        """
        grace = max(1, self.settings.grace_epochs)
        if self.epoch < self.settings.warmup_epochs + grace:
            return
        n_skips, most = self.n_skips(), self.most_skips()
        if n_skips <= most:
            alphas = [alpha.detach().clone() for alpha in self.alphas]
            self.kept = {"epoch": self.epoch, "alphas": alphas}
        elif self.kept:
            self.set_alphas(self.kept["alphas"])
            self.stopped = (
                f"epoch {self.epoch}: {n_skips} skip connections, more than {most}; "
                f"the choices are those of epoch {self.kept['epoch']}"
            )

    def warning(self) -> str:
        n_skips, most = self.n_skips(), self.most_skips()
        if n_skips <= most:
            return ""
        return (
            f"{n_skips} skip connections are kept, more than {most}, the sign of a collapse, and "
            "there was no epoch with fewer to go back to"
        )

    def state(self) -> dict[str, Any]:
        return {**super().state(), "kept": dict(self.kept)}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.kept = dict(state["kept"])

    def _validation_loss(self) -> Tensor:
        """Loss on the choices' samples and the cost, both differentiable in the choices."""
        self.set_gates([FullMixture(p) for p in self.probabilities()])
        return self.choice_loss() + self.cost_term()

    def _training_loss(self) -> Tensor:
        self.set_gates([FullMixture(p) for p in self.probabilities()])
        inputs, targets = self.batch("weights")
        return self.task.loss(self.network(inputs), targets)

    def _second_order(self) -> list[Tensor]:
        rate = self.learning_rate()
        return unrolled_gradient(
            self.alphas,
            list(self.optimiser.parameters.values()),
            training_loss=self._training_loss,
            validation_loss=self._validation_loss,
            ahead=lambda gradients: self.optimiser.ahead(gradients, rate),
            slope=self.optimiser.slope(rate),
        )


def unrolled_gradient(
    alphas: Sequence[Tensor],
    weights: Sequence[Tensor],
    *,
    training_loss: Callable[[], Tensor],
    validation_loss: Callable[[], Tensor],
    ahead: Callable[[Sequence[Tensor | None]], Sequence[Tensor]],
    slope: float,
) -> list[Tensor]:
    """Gradient of the validation loss after the weights' next step (Liu et al., equations 7, 8).

    The product with the matrix of second derivatives is a central difference of two gradients.

    Args:
        alphas: the choices.
        weights: of the network; are the same again afterwards.
        training_loss: at the present choices and weights.
        validation_loss: likewise.
        ahead: from the gradient of the training loss to what the step takes from the weights.
        slope: its derivative in that gradient, ξ for plain gradient descent.
    """
    before = [weight.detach().clone() for weight in weights]
    found = torch.autograd.grad(training_loss(), list(weights), allow_unused=True)
    _move(weights, before, ahead(found), -1.0)
    both = _gradients(validation_loss(), [*alphas, *weights])
    of_alphas, of_weights = both[: len(alphas)], both[len(alphas) :]
    length = torch.stack([g.pow(2).sum() for g in of_weights]).sum().sqrt().item()
    epsilon = DIFFERENCE / max(length, 1e-12)
    ends = []
    for sign in (1.0, -1.0):
        _move(weights, before, of_weights, sign * epsilon)
        ends.append(_gradients(training_loss(), alphas))
    _move(weights, before, of_weights, 0.0)
    return [
        g - slope * (plus - minus) / (2 * epsilon)
        for g, plus, minus in zip(of_alphas, *ends, strict=True)
    ]


def _gradients(loss: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    found = torch.autograd.grad(loss, list(inputs), allow_unused=True)
    return [
        torch.zeros_like(tensor) if gradient is None else gradient
        for tensor, gradient in zip(inputs, found, strict=True)
    ]


@torch.no_grad()
def _move(
    weights: Sequence[Tensor], before: Sequence[Tensor], along: Sequence[Tensor], length: float
) -> None:
    for weight, start, step in zip(weights, before, along, strict=True):
        weight.copy_(start + length * step if length else start)
