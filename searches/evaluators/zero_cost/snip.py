"""N. Lee et al., "SNIP: Single-shot Network Pruning based on Connection Sensitivity", ICLR 2019
(1810.02340).
"""

from __future__ import annotations

from searches.evaluators.zero_cost.probe import Probe, gradients, weights_of


def snip(probe: Probe) -> float:
    """Sum of |dL/dm| of a mask m = 1 on every weight, which is |w * dL/dw| (equation 4)."""
    weights = weights_of(probe.network)
    pairs = zip(weights, gradients(probe.batch_loss(), weights), strict=True)
    return sum(float((weight.detach() * gradient).abs().sum()) for weight, gradient in pairs)
