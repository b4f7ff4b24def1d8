"""L. Theis et al., "Faster gaze prediction with dense networks and Fisher pruning", 2018
(1801.05787); J. Turner et al., "BlockSwap: Fisher-guided Block Substitution ...", ICLR 2020
(1906.04113).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from searches.evaluators.zero_cost.probe import Probe, gradients, layers_of


def fisher(probe: Probe) -> float:
    """Sum over the channels c of all layers of half the mean over samples of (sum of a * dL/da)².

    (Turner et al., equation 3.) Each channel counts once; the code of Abdelfattah et al. (2021)
    counts it once per weight that leads to it.
    """
    outputs: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        outputs.append(output)

    hooks = [layer.register_forward_hook(keep) for layer in layers_of(probe.network)]
    slopes = gradients(probe.batch_loss(), outputs)
    for hook in hooks:
        hook.remove()
    return sum(_of_channels(a, slope) for a, slope in zip(outputs, slopes, strict=True))


def _of_channels(output: Tensor, slope: Tensor) -> float:
    product = output.detach() * slope
    if product.ndim == 4:  # [B, C, H, W]
        product = product.sum((2, 3))
    elif product.ndim == 3:  # tokens, [B, T, C]
        product = product.sum(1)
    return float((product.pow(2).mean(0) / 2).sum())  # [B, C] -> [C] -> one number
