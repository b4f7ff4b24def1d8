"""What a proxy must beat: counting."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from searches.evaluators.zero_cost.probe import Probe, layers_of


def more_parameters(probe: Probe) -> float:
    """Number of parameters."""
    return float(sum(parameter.numel() for parameter in probe.network.parameters()))


@torch.no_grad()
def more_macs(probe: Probe) -> float:
    """Multiply-accumulates of the layers for one sample."""
    found: list[int] = []

    def count(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        weight = module.get_parameter("weight")
        channel = 1 if isinstance(module, _ConvNd) else -1
        found.append(weight.numel() * (output[0].numel() // output.shape[channel]))

    hooks = [layer.register_forward_hook(count) for layer in layers_of(probe.network)]
    probe.network.eval()(probe.inputs[:1])
    for hook in hooks:
        hook.remove()
    return float(sum(found))
