"""M. Lin et al., "Zen-NAS: A Zero-Shot NAS for High-Performance Image Recognition", ICCV 2021
(2102.01063).
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from searches.evaluators.zero_cost.probe import (
    Probe,
    Watch,
    layers_of,
    take_inputs_as_they_are,
)

REPEATS, BATCH, STEP = 32, 16, 0.01


@torch.no_grad()
def zen(probe: Probe) -> float:
    """Mean over 32 draws of ln E|f(x) - f(x + 0.01 e)| + sum over batch norms of ln sigma.

    (Algorithm 1.) f is what goes into the mean over the maps, sigma² a norm's mean variance of
    x; weights, x and e are standard normal. The variances are those of this very batch: the
    authors' code averages them with those of earlier draws.
    """
    network = probe.network
    take_inputs_as_they_are(network)
    for norm in _norms(network):
        norm.momentum = 1.0
    generator = torch.Generator().manual_seed(probe.seed)
    like = probe.inputs.new_empty(BATCH, *probe.inputs.shape[1:])
    return sum(_one(network, like, generator) for _ in range(REPEATS)) / REPEATS


def _one(network: nn.Module, like: Tensor, generator: Generator) -> float:
    for layer in layers_of(network):
        layer.get_parameter("weight").normal_(generator=generator)
        if layer.bias is not None:
            layer.get_parameter("bias").zero_()
    x = like.normal_(generator=generator).clone()
    before = features(network, x)
    scale = sum(_log_sigma(norm) for norm in _norms(network))
    moved = features(network, x + STEP * like.normal_(generator=generator))
    change = float((moved - before).abs().flatten(1).sum(1).mean())
    return math.log(change) + scale if change > 0 and math.isfinite(change) else -math.inf


def features(network: nn.Module, x: Tensor) -> Tensor:
    """What the network computes before the mean over the maps, else before its last layer."""
    with Watch() as watch:
        network(x)
    if watch.features is None:
        raise TypeError(f"{type(network).__name__} has neither a mean over maps nor a classifier")
    found: Tensor = watch.features.double()
    return found


def _log_sigma(norm: _BatchNorm) -> float:
    variance = float(norm.get_buffer("running_var").mean())
    return math.log(variance) / 2 if variance > 0 else -math.inf


def _norms(network: nn.Module) -> list[_BatchNorm]:
    found = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    return [norm for norm in found if norm.running_var is not None]
