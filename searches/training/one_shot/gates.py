"""Gates: how a mixed operation computes while choices are learnt.

Every gate takes the input of a mixed operation and its candidates. All operations that share a
choice share one gate.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FullMixture:
    """Every candidate, weighted (Liu et al., DARTS, ICLR 2019, equation 2).

    Args:
        weights: [n_candidates].
    """

    def __init__(self, weights: Tensor):
        self.weights = weights

    def __call__(self, x: Tensor, candidates: nn.ModuleList) -> Tensor:
        pairs = zip(self.weights, candidates, strict=True)
        return torch.stack([weight * candidate(x) for weight, candidate in pairs]).sum(0)


class HardSample:
    """The drawn candidate alone; the others' weights, zero in value, carry the gradient.

    Dong, Yang: Searching for a Robust Neural Architecture in Four GPU Hours, CVPR 2019, section
    3.2: the straight-through weight of the drawn candidate is 1, that of the others 0.

    Args:
        weights: [n_candidates], a one-hot vector with the gradient of a softmax.
    """

    def __init__(self, weights: Tensor):
        self.weights = weights
        self.index = int(weights.detach().argmax())

    def __call__(self, x: Tensor, candidates: nn.ModuleList) -> Tensor:
        others = self.weights.sum() - self.weights[self.index]  # 0
        result: Tensor = self.weights[self.index] * candidates[self.index](x) + others
        return result


class TwoPaths:
    """One candidate computes, a second one is only looked at.

    Cai, Zhu, Han: ProxylessNAS, ICLR 2019, section 3.2.1 and appendix D. The second output is
    multiplied by a gate of value 0 and keeps no graph, so that the saved activations are those of
    one path and one more output.

    Args:
        active: index of the candidate that computes.
        other: index of the one that is looked at.
        gates: [2] with values 1 and 0, in this order; their gradient is what is wanted.
    """

    def __init__(self, active: int, other: int, gates: Tensor):
        self.active, self.other, self.gates = active, other, gates

    def __call__(self, x: Tensor, candidates: nn.ModuleList) -> Tensor:
        with torch.no_grad():
            looked_at = candidates[self.other](x)
        result: Tensor = self.gates[0] * candidates[self.active](x) + self.gates[1] * looked_at
        return result


def gumbel_softmax(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """Softmax of the logits with Gumbel noise (Jang et al., ICLR 2017, equation 2).

    Args:
        logits: [n].
        temperature: above 0; the closer to 0, the closer to one-hot.
        generator: source of the noise.
    """
    exponential = torch.empty_like(logits).exponential_(generator=generator)
    # An exponential draw can be 0 in float32: its logarithm must stay finite.
    noise = -exponential.clamp_min(torch.finfo(logits.dtype).tiny).log()
    return torch.softmax((torch.log_softmax(logits, 0) + noise) / temperature, 0)


def straight_through(weights: Tensor) -> Tensor:
    """One-hot at the largest weight; the gradient is that of `weights`."""
    hard = torch.zeros_like(weights)
    hard[weights.argmax()] = 1.0
    return hard - weights.detach() + weights


def draw(probabilities: Tensor, n: int, generator: torch.Generator) -> Sequence[int]:
    """`n` different candidates, one after the other by their probability."""
    found: list[int] = torch.multinomial(probabilities, n, generator=generator).tolist()
    return found
