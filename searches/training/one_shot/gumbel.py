"""Choices learnt through Gumbel noise: GDAS (one path per step) and FBNet (a soft mixture)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from searches.strategies.settings.one_shot import FbnetSettings, GdasSettings
from searches.training.one_shot.base import OneShot
from searches.training.one_shot.gates import (
    FullMixture,
    HardSample,
    gumbel_softmax,
    straight_through,
)
from searches.training.seeds import generator

if TYPE_CHECKING:
    from searches.networks.mixed import Gate


class Gdas(OneShot):
    """Each step draws one operation per choice, shared by all cells that share the choice.

    Source: Dong, Yang: Searching for a Robust Neural Architecture in Four GPU Hours, CVPR 2019
    (arXiv 1910.04465), section 3.2. The temperature falls in a line.
    """

    settings: GdasSettings

    def temperature(self) -> float:
        start, end = self.settings.start_temperature, self.settings.end_temperature
        return float(start + (end - start) * self.step / max(1, self.total - 1))

    def weight_gates(self) -> list[Gate]:
        return [HardSample(weights.detach()) for weights in self._drawn("weights")]

    def choice_step(self) -> None:
        self.set_gates([HardSample(weights) for weights in self._drawn("choices")])
        loss = self.choice_loss() + self.cost_term()
        self.step_choices(torch.autograd.grad(loss, self.alphas, allow_unused=True))

    def _drawn(self, part: str) -> list[Tensor]:
        noise, temperature = generator(self.seed, "gumbel", part, self.step), self.temperature()
        return [
            straight_through(gumbel_softmax(alpha, temperature, noise)) for alpha in self.alphas
        ]


class Fbnet(OneShot):
    """A mixture weighted by a Gumbel softmax; the loss is multiplied by the expected cost.

    Source: Wu et al.: FBNet: Hardware-Aware Efficient ConvNet Design via Differentiable Neural
    Architecture Search, CVPR 2019 (arXiv 1812.03443), section 3. Departure: the factor is
    (cost / cost of undecided choices)^weight and not a power of the logarithm of the latency,
    which depends on the unit and turns its sign below 1. The temperature falls geometrically.
    """

    settings: FbnetSettings

    def temperature(self) -> float:
        start, end = self.settings.start_temperature, self.settings.end_temperature
        return float(start * (end / start) ** (self.step / max(1, self.total - 1)))

    def weight_gates(self) -> list[Gate]:
        return [FullMixture(weights.detach()) for weights in self._drawn("weights")]

    def choice_step(self) -> None:
        self.set_gates([FullMixture(weights) for weights in self._drawn("choices")])
        loss = self.choice_loss() * self.cost_factor()
        self.step_choices(torch.autograd.grad(loss, self.alphas, allow_unused=True))

    def cost_factor(self) -> Tensor:
        """Product over the costs, 1 when all options are equally probable."""
        factor = torch.ones(())
        undecided = [torch.softmax(torch.zeros_like(alpha), 0) for alpha in self.alphas]
        for cost in self.costs:
            ratio = cost(self.probabilities()) / cost(undecided)
            factor = factor * ratio.pow(self.settings.cost_weight)
        return factor

    def _drawn(self, part: str) -> list[Tensor]:
        noise, temperature = generator(self.seed, "gumbel", part, self.step), self.temperature()
        return [gumbel_softmax(alpha, temperature, noise) for alpha in self.alphas]
