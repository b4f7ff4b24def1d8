"""Configurations of cell networks, and their first weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd, lcm
from typing import Any

from torch import nn

from searches.networks.building import initialise
from searches.networks.cell_network import Tokens
from searches.networks.families import fewer_pixels
from searches.spaces.base import Genes
from searches.spaces.cell_definition import RESIDUAL
from searches.spaces.cell_layout import Feed, Layer
from searches.spaces.cell_topology import Graph
from searches.spaces.cells import CellSpace

# What the head does before the mean: norm and ReLU in NAS-Bench-201, nothing in DARTS.
WIDTHS = ("channels", "cin", "cout")  # what of a layer's shape are channels
BEFORE_MEAN = {"edges": "norm", "blocks": "relu", "pairs": "none"}


def config_of(
    space: CellSpace,
    genes: Genes,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Configuration of `CellNetwork`; arguments as `NetworkFamily.config`."""
    definition, channels = space.definition, space.definition.in_channels
    resolution = space.resolution(genes)
    graphs = {kind: space.graph(genes, kind) for kind in definition.kinds}
    layout = space.layout(resolution)
    return {
        "in_channels": channels,
        "n_classes": definition.n_classes,
        "resolution": resolution,
        "mean": list(mean) if mean is not None else [0.0] * channels,
        "std": list(std) if std is not None else [1.0] * channels,
        "stem": {"cout": definition.stem_width, "stride": definition.stem_stride},
        "layers": [_layer(space, layer, graphs) for layer in layout.layers],
        "head": {
            "before": BEFORE_MEAN[definition.topology],
            "cin": _width(layout.last, graphs),
        },
        "settings": {
            "groups": definition.groups,
            "heads": definition.heads,
            "pool_norm": False,
        },
    }


def _width(feed: Feed, graphs: dict[str, Graph]) -> int:
    n_states = len(graphs[feed.source].outputs) if feed.source in graphs else 1
    return n_states * feed.channels


def _layer(space: CellSpace, layer: Layer, graphs: dict[str, Graph]) -> dict[str, Any]:
    feeds = [feed.layer for feed in layer.feeds]
    inputs = [{"cin": _width(feed, graphs), "stride": feed.stride} for feed in layer.feeds]
    if layer.kind == RESIDUAL:
        return {"feeds": feeds, "cin": inputs[0]["cin"], "cout": layer.channels}
    graph, topology = graphs[layer.kind], space.topology
    nodes = [
        {
            "picks": [
                {
                    "state": pick.state,
                    "operation": pick.operation,
                    "stride": topology.where(layer, pick.state).stride,
                }
                for pick in node.picks
            ],
            "merge": node.merge,
        }
        for node in graph.nodes
    ]
    return {
        "feeds": feeds,
        "channels": layer.channels,
        "inputs": inputs if topology.n_inputs > 1 else [],
        "nodes": nodes,
        "outputs": list(graph.outputs),
    }


def smaller(config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
    """See NetworkFamily. All channels are divided alike, so that cells still fit together."""
    layers = config["layers"]
    if quantity == "resolution":
        widths = [layer.get("channels", layer.get("cout")) for layer in layers]
        halved = config["stem"]["stride"] * max(widths) // widths[0]  # doubled where halved
        return fewer_pixels(config, share, multiple=halved)
    unit = gcd(*_widths(config["stem"], config["head"], *layers))
    step = lcm(config["settings"]["groups"], config["settings"]["heads"])
    step = 1 if unit % step else step
    left = max(step, step * round(share * unit / step))
    ends = {end: _times(config[end], left, unit) for end in ("stem", "head")}
    return config | ends | {"layers": [_times(layer, left, unit) for layer in layers]}


def _widths(*shapes: dict[str, Any]) -> Iterator[int]:
    for shape in shapes:
        yield from (shape[name] for name in WIDTHS if name in shape)
        yield from _widths(*shape.get("inputs", ()))


def _times(shape: dict[str, Any], left: int, unit: int) -> dict[str, Any]:
    """The shape with left / unit of its channels."""
    found = shape | {name: shape[name] * left // unit for name in WIDTHS if name in shape}
    inputs = [_times(feed, left, unit) for feed in shape.get("inputs", ())]
    return found | ({"inputs": inputs} if "inputs" in shape else {})


def initialise_cells(network: nn.Module) -> None:
    """Draw the weights anew; layers on tokens keep the small uniform start of torch."""
    initialise(network)
    for module in network.modules():
        if isinstance(module, Tokens):
            for part in module.modules():
                if isinstance(part, nn.Linear):
                    part.reset_parameters()
