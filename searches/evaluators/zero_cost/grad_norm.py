"""M. Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021 (2101.08134)."""

from __future__ import annotations

from searches.evaluators.zero_cost.probe import Probe, gradients, weights_of


def grad_norm(probe: Probe) -> float:
    """Sum over the layers of the Euclidean norm of their gradient (section 3.1)."""
    found = gradients(probe.batch_loss(), weights_of(probe.network))
    return sum(float(gradient.norm()) for gradient in found)
