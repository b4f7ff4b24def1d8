"""ProxylessNAS: binary gates, so that one path at a time lies in memory.

Source: Cai, Zhu, Han: ProxylessNAS: Direct Neural Architecture Search on Target Task and
Hardware, ICLR 2019 (arXiv 1812.00332), sections 3.2 and 3.3. Departure: the gradient of the
expected cost reaches every option, also when the drawn candidate has no parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from searches.networks.mixed import Single
from searches.strategies.settings.one_shot import ProxylessReinforceSettings, ProxylessSettings
from searches.training.one_shot.base import OneShot
from searches.training.one_shot.gates import TwoPaths, draw
from searches.training.one_shot.memory import memory_curve
from searches.training.seeds import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from searches.networks.mixed import Gate
    from searches.training.one_shot.costs import AdditiveCost
    from searches.training.task import Task


class Proxyless(OneShot):
    """Weights move along one drawn path; choices learn from two of their options."""

    settings: ProxylessSettings
    choice_betas = (0.0, 0.999)

    def __init__(
        self,
        task: Task,
        settings: ProxylessSettings,
        seed: int,
        *,
        costs: Sequence[AdditiveCost] = (),
    ):
        super().__init__(task, settings, seed, costs=costs)
        self.memory: dict[str, Any] = {}

    def weight_gates(self) -> list[Gate]:
        noise = generator(self.seed, "path", self.step)
        return [Single(draw(p.detach(), 1, noise)[0]) for p in self.probabilities()]

    def choice_step(self) -> None:
        if self.step % self.settings.choice_every == 0:
            self._choice_step()

    def _choice_step(self) -> None:
        pairs = self.draw_pairs()
        gates = [torch.tensor([1.0, 0.0], requires_grad=True) for _ in pairs]
        self.set_gates(
            [TwoPaths(pair[0], pair[-1], gate) for pair, gate in zip(pairs, gates, strict=True)]
        )
        found = torch.autograd.grad(self.choice_loss(), gates, allow_unused=True)
        of_costs = cost_gradients(self.cost_term(), self.alphas)
        gradients = [
            total + pair_gradient(alpha.detach(), pair, gate)
            for alpha, pair, gate, total in zip(self.alphas, pairs, found, of_costs, strict=True)
        ]
        before = [alpha.detach().clone() for alpha in self.alphas]
        self.step_choices(gradients)
        for alpha, old, pair in zip(self.alphas, before, pairs, strict=True):
            keep_mass(alpha, old, pair)

    def draw_pairs(self) -> list[tuple[int, ...]]:
        """Two options of each choice, the one that computes first (one when there is one)."""
        noise = generator(self.seed, "pairs", self.step)
        pairs = []
        for alpha, p in zip(self.alphas, self.probabilities(), strict=True):
            two = draw(p.detach(), min(2, len(p)), noise)
            among = torch.softmax(alpha.detach()[two], 0)
            first = draw(among, 1, noise)[0]
            pairs.append((two[first], *[index for index in two if index != two[first]]))
        return pairs

    def report(self) -> dict[str, Any]:
        if not self.memory:
            self.memory = memory_curve(self.network, self.task, resolution=self.resolution)
        return super().report() | {"memory": self.memory}


def pair_gradient(alpha: Tensor, pair: tuple[int, ...], of_gates: Tensor | None) -> Tensor:
    """∂L/∂α from the gates' gradient: Σ_j ∂L/∂g_j p_j (δ_ij - p_i) over the two drawn options.

    Args:
        alpha: [n_options].
        pair: the drawn options, in the order of the gates.
        of_gates: [2]; None when the gates had no part in the loss.
    """
    found = torch.zeros_like(alpha)
    if of_gates is None or len(pair) < 2:
        return found
    chosen = list(pair)
    p = torch.softmax(alpha[chosen], 0)
    of_gates = of_gates.to(alpha.dtype)
    found[chosen] = p * (of_gates - (of_gates * p).sum())
    return found


@torch.no_grad()
def keep_mass(alpha: Tensor, before: Tensor, pair: tuple[int, ...]) -> None:
    """Shift the pair so that its sum of exp α is what it was: the others keep their share."""
    chosen = list(pair)
    shift = torch.logsumexp(before[chosen], 0) - torch.logsumexp(alpha[chosen], 0)
    alpha[chosen] += shift


def cost_gradients(term: Tensor, alphas: Sequence[Tensor]) -> list[Tensor]:
    """Gradient of the expected cost in every option; zeros when no cost is an objective."""
    if not term.requires_grad:
        return [torch.zeros_like(alpha) for alpha in alphas]
    return list(torch.autograd.grad(term, list(alphas)))


class ProxylessReinforce(Proxyless):
    """The choices learn from the rewards of whole networks (section 3.3.2).

    The reward is the loss and the costs with their sign turned; the baseline starts at the first
    average and moves after it was used.
    """

    settings: ProxylessReinforceSettings

    def __init__(
        self,
        task: Task,
        settings: ProxylessReinforceSettings,
        seed: int,
        *,
        costs: Sequence[AdditiveCost] = (),
    ):
        super().__init__(task, settings, seed, costs=costs)
        self.baseline: float | None = None

    def _choice_step(self) -> None:
        noise = generator(self.seed, "samples", self.step)
        batch = self.batch("choices")
        logs = [torch.log_softmax(alpha, 0) for alpha in self.alphas]
        terms, rewards = [], []
        for _ in range(self.settings.samples):
            path = [draw(p.detach(), 1, noise)[0] for p in self.probabilities()]
            rewards.append(self._reward(path, batch))
            terms.append(torch.stack([log[i] for log, i in zip(logs, path, strict=True)]).sum())
        average = sum(rewards) / len(rewards)
        baseline = average if self.baseline is None else self.baseline
        advantages = torch.tensor([reward - baseline for reward in rewards])
        loss = -(advantages * torch.stack(terms)).mean()
        self.step_choices(torch.autograd.grad(loss, self.alphas))
        decay = self.settings.baseline_decay
        self.baseline = decay * baseline + (1 - decay) * average

    @torch.no_grad()
    def _reward(self, path: Sequence[int], batch: tuple[Tensor, Tensor]) -> float:
        self.set_gates([Single(index) for index in path])
        loss = self.task.loss(self.network(batch[0]), batch[1])
        self.show({"choice_loss": loss.item()})
        one_hot = [
            torch.nn.functional.one_hot(torch.tensor(index), len(alpha)).float()
            for index, alpha in zip(path, self.alphas, strict=True)
        ]
        costs = [cost.normalised(one_hot).item() for cost in self.costs]
        return -(loss.item() + self.settings.cost_weight * sum(costs))

    def state(self) -> dict[str, Any]:
        return {**super().state(), "baseline": self.baseline}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.baseline = state["baseline"]
