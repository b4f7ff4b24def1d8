"""Configurations of MobileNetV3, and the first weights of convolutional networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from devices.profiles.vocabulary import rounded_channels
from searches.networks.families import fewer_pixels
from searches.spaces.base import Genes
from searches.spaces.mobile_definition import BlockShape, MobileDefinition
from searches.spaces.ofa_mobilenet_v3 import OfaMobileNetV3

WIDTHS = ("cin", "mid", "cout", "squeezed")  # what of a layer's shape are channels


def config_of(
    space: OfaMobileNetV3,
    genes: Genes,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Configuration of `MobileNetV3` for an architecture, ready for JSON.

    Args:
        space: With the channels and classes of the data.
        genes: One option per gene.
        mean: Of each input channel, for images in 0..1; without it images stay as they are.
        std: As `mean`.
    """
    definition, choices = space.definition, space.describe(genes)
    channels = definition.in_channels
    first = definition.first_block
    blocks = [_block(first, kernel=definition.first_kernel, mid=first.cin)]
    for u, unit in enumerate(choices["units"]):
        for position, chosen in enumerate(unit["blocks"]):
            shape = definition.block(u, position)
            blocks.append(_block(shape, kernel=chosen["kernel"], mid=shape.mid(chosen["expand"])))
    return {
        "in_channels": channels,
        "n_classes": definition.n_classes,
        "resolution": choices["resolution"],
        "mean": list(mean) if mean is not None else [0.0] * channels,
        "std": list(std) if std is not None else [1.0] * channels,
        "stem": _stem(definition),
        "blocks": blocks,
        "final": {"cout": definition.final_width, "act": definition.final_act},
        "mix": {"cout": definition.mix_width, "act": definition.mix_act},
    }


def initialise(network: nn.Module) -> None:
    """Draw the weights anew: convolutions by fan-out (He et al., 2015), classifiers near zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)


def smaller(config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
    """See NetworkFamily; equal numbers of channels stay equal, so that shortcuts stay."""
    if quantity == "resolution":
        return fewer_pixels(config, share)
    blocks = config["blocks"]
    least = max([1, *(block.get("groups", 1) for block in blocks)]) ** 2  # groups are shuffled

    def fewer(shape: dict[str, Any]) -> dict[str, Any]:
        widths = {name: shape[name] for name in WIDTHS if shape.get(name)}
        scaled = {n: max(least, least * round(share * w / least)) for n, w in widths.items()}
        return shape | scaled

    ends = {end: fewer(config[end]) for end in ("stem", "final", "mix") if config[end]}
    return config | ends | {"blocks": [fewer(block) for block in blocks]}


def _stem(definition: MobileDefinition) -> dict[str, Any]:
    return {
        "cout": definition.stem_width,
        "kernel": definition.stem_kernel,
        "stride": definition.stem_stride,
        "act": definition.stem_act,
    }


def _block(shape: BlockShape, *, kernel: int, mid: int) -> dict[str, Any]:
    return {
        "cin": shape.cin,
        "mid": mid,
        "cout": shape.cout,
        "kernel": kernel,
        "stride": shape.stride,
        "act": shape.act,
        "squeezed": rounded_channels(mid / 4) if shape.se else 0,
    }
