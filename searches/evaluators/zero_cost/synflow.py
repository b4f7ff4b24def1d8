"""H. Tanaka et al., "Pruning neural networks without any data by iteratively conserving
synaptic flow", NeurIPS 2020 (2006.05467).
"""

from __future__ import annotations

import math

import torch

from searches.evaluators.zero_cost.probe import (
    Probe,
    gradients,
    remove_norms,
    take_inputs_as_they_are,
    weights_of,
)


def synflow(probe: Probe) -> float:
    """ln(1 + S), S the synaptic saliency summed over all weights; 0 without any path.

    Biases are 0, so that each layer on the only path has the same share of S (theorem 2). The
    reference code takes the sizes of biases as well; here they are no weights.
    """
    return math.log1p(sum(saliencies(probe)))


def saliencies(probe: Probe) -> list[float]:
    """The sum of w * dR/dw over the weights of each layer (equation 2), in float64."""
    network = probe.network.double()
    take_inputs_as_they_are(network)
    remove_norms(network)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.zero_() if name.endswith("bias") else parameter.abs_()
    ones = torch.ones(1, *probe.inputs.shape[1:], dtype=torch.float64)
    weights = weights_of(network)
    flow = network(ones).sum()  # R: the ones that arrive
    pairs = zip(weights, gradients(flow, weights), strict=True)
    return [float((weight.detach() * gradient).sum()) for weight, gradient in pairs]
