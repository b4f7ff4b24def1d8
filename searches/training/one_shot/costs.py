"""The expected cost of a network whose choices are probabilities.

Cai, Zhu, Han: ProxylessNAS, ICLR 2019, equation 2: a cost that adds up over the operations has
the expectation that adds up over the choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from searches.networks.mixed import Mixture
from searches.spaces.base import Genes


@dataclass(frozen=True)
class AdditiveCost:
    """A cost objective as a one-shot strategy sees it.

    Attributes:
        key: such as "latency@3".
        values: [n_operations] what each row of the space's operation table adds.
        constant: what every network has, whatever it consists of.
        ideal: the smallest of the space.
        reference: the largest of the space.
        cheapest: an architecture that has the smallest.
        is_objective: the training minimises it. Otherwise a limit is on it, and it is traded
            against the choices when architectures are read off at the end.
    """

    key: str
    values: npt.NDArray[np.float64]
    constant: float
    ideal: float
    reference: float
    cheapest: Genes = ()
    is_objective: bool = True


class ExpectedCost:
    """E[cost] = constant + Σ over choices of p · cost of the options."""

    def __init__(self, cost: AdditiveCost, mixture: Mixture):
        self.cost = cost
        constant, options = mixture.choice_costs(cost.values)
        self.constant = constant + cost.constant
        self.options = [torch.tensor(row, dtype=torch.float32) for row in options]

    def __call__(self, probabilities: Sequence[Tensor]) -> Tensor:
        """In the unit of the cost.

        Args:
            probabilities: per choice [n_options].
        """
        parts = [
            (p * row.to(p.dtype)).sum() for p, row in zip(probabilities, self.options, strict=True)
        ]
        return torch.stack(parts).sum() + self.constant

    def normalised(self, probabilities: Sequence[Tensor]) -> Tensor:
        """0 for the cheapest network of the space, 1 for the dearest."""
        span = max(self.cost.reference - self.cost.ideal, 1e-12)
        return (self(probabilities) - self.cost.ideal) / span

    def normalised_options(self) -> list[Tensor]:
        """Per choice [n_options]: what each option adds, as a share of the span."""
        span = max(self.cost.reference - self.cost.ideal, 1e-12)
        return [row / span for row in self.options]
