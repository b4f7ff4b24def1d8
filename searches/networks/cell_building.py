"""Configurations of cell networks, and their first weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from searches.networks.building import initialise
from searches.networks.cell_network import Tokens
from searches.spaces.base import Genes
from searches.spaces.cell_definition import RESIDUAL
from searches.spaces.cell_layout import Feed, Layer
from searches.spaces.cell_topology import Graph
from searches.spaces.cells import CellSpace

# What the head does before the mean: norm and ReLU in NAS-Bench-201, nothing in DARTS.
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


def initialise_cells(network: nn.Module) -> None:
    """Draw the weights anew; layers on tokens keep the small uniform start of torch."""
    initialise(network)
    for module in network.modules():
        if isinstance(module, Tokens):
            for part in module.modules():
                if isinstance(part, nn.Linear):
                    part.reset_parameters()
