"""J. Mellor et al., "Neural Architecture Search without Training", ICML 2021 (2006.04647)."""

from __future__ import annotations

import torch
from torch import Tensor

from searches.evaluators.zero_cost.probe import Probe, Watch


def naswot(probe: Probe) -> float:
    """The logarithm of |det K| (section 3); -inf when two samples switch all units alike."""
    sign, log = torch.linalg.slogdet(agreement(probe))
    return float(log) if sign != 0 else -torch.inf


@torch.no_grad()
def agreement(probe: Probe) -> Tensor:
    """K, [B, B] float64: how many units two samples switch alike.

    A unit is a place of a map before an activation, switched on by a positive number. The paper
    knows ReLU only; the other activations of the spaces bend near 0 as well.
    """
    found = torch.zeros(len(probe.inputs), len(probe.inputs), dtype=torch.float64)

    def count(x: Tensor) -> None:
        if len(x) == len(found):
            codes = (x.flatten(1) > 0).double()  # [B, units]
            found.add_(codes @ codes.T + (1 - codes) @ (1 - codes).T)

    with Watch(count):
        probe.network(probe.inputs)
    return found
