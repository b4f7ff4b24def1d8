"""Pieces of multilayer perceptrons, and perceptrons with more layers that compute the same."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from searches.networks.inheritance.pieces import Piece, axis, linear_pieces
from searches.networks.mlp import MLP

# f(f(x)) = f(x): an identity after it changes nothing.
IDEMPOTENT = ("relu", "relu6")
# f(x) - f(-x) = c x, by name of f: two layers of x and -x together are linear.
ODD_PARTS = {"leaky": 1.01, "swish": 1.0, "hswish": 1.0, "gelu": 1.0}


def pieces_of(network: MLP) -> list[Piece]:
    found: list[Piece] = []
    read = axis("inputs", _linears(network)[0].in_features)
    for number, layer in enumerate(_linears(network)):
        out = axis(f"layers.{number}", layer.out_features)
        found += linear_pieces(f"layers.{number}", layer, out, read)
        read = out
    classes = axis("classes", network.classifier.out_features)
    return [*found, *linear_pieces("classifier", network.classifier, classes, read)]


@torch.no_grad()
def deepened(network: MLP, widths: list[int]) -> MLP:
    """A perceptron of as many layers as there are widths that computes what `network` does.

    After ReLU a layer is the identity. Other activations f are undone by f(x) - f(-x) = c x,
    where the next layer has room for x and -x. Where neither is possible (tanh, sigmoid, or too
    few units) it is the identity before the activation: the function changes.

    Args:
        network: Stays as it is.
        widths: Of the layers in the end; those of `network` count for the layers it has.
    """
    found = network
    while len(found.config["widths"]) < len(widths):
        found = _one_more(found, widths[len(found.config["widths"])])
    return found


def _one_more(network: MLP, wanted: int) -> MLP:
    act, width = network.config["act"], network.config["widths"][-1]
    eye = torch.eye(width, dtype=network.classifier.weight.dtype)
    rows, reader = eye, network.classifier.weight
    if act not in IDEMPOTENT and act in ODD_PARTS and wanted >= 2 * width:
        rows = torch.cat([eye, -eye])
        reader = torch.cat([reader, -reader], 1) / ODD_PARTS[act]
    config = network.config | {"widths": [*network.config["widths"], len(rows)]}
    deeper = MLP(config).to(rows.dtype)
    state: dict[str, Tensor] = dict(network.state_dict())
    name = f"layers.{len(config['widths']) - 1}"
    state |= {f"{name}.weight": rows, f"{name}.bias": rows.new_zeros(len(rows))}
    deeper.load_state_dict(state | {"classifier.weight": reader})
    return deeper.train(network.training)


def _linears(network: MLP) -> list[nn.Linear]:
    return [layer for layer in network.layers if isinstance(layer, nn.Linear)]
