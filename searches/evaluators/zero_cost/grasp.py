"""C. Wang et al., "Picking Winning Tickets Before Training by Preserving Gradient Flow",
ICLR 2020 (2002.07376).
"""

from __future__ import annotations

from searches.evaluators.zero_cost.probe import (
    Probe,
    TwiceDifferentiable,
    gradients,
    weights_of,
)


def grasp(probe: Probe) -> float:
    """Sum of -w * (H g) over all weights (equation 8), the logits at temperature 1.

    The sign is a convention: it is that of Abdelfattah et al. (2021), by which higher is better.
    """
    weights = weights_of(probe.network)
    with TwiceDifferentiable():
        loss = probe.batch_loss()
    first = gradients(loss, weights, create_graph=True)
    # The gradient of g.g with one g held fixed is H g.
    product = sum((g.detach() * g).sum() for g in first)
    second = gradients(product, weights)  # type: ignore[arg-type]
    pairs = zip(weights, second, strict=True)
    return sum(float(-(weight.detach() * curved).sum()) for weight, curved in pairs)
