"""What a proxy may look at, and what several of them do with it.

The conventions of all proxies (M. Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS",
ICLR 2021): weights are those of convolutions and linear layers; biases and norms do not count;
batch norm uses the statistics of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode

LAYERS = (_ConvNd, nn.Linear)
# Functions that switch units on and off; gates between 0 and 1 are not among them.
ACTIVATIONS = frozenset(
    {
        F.relu,
        torch.relu,
        F.relu6,
        F.hardswish,
        F.silu,
        F.gelu,
        F.leaky_relu,
        F.elu,
        torch.tanh,
        torch.sigmoid,
    }
)
POOLS = frozenset({torch.Tensor.mean, torch.mean, F.adaptive_avg_pool2d})


@dataclass
class Probe:
    """One network with fresh weights, and one batch; a proxy may change the network.

    Attributes:
        network: In training mode; from a batch of inputs to logits [B, n_classes].
        inputs: As the network takes them, [B, C, H, W] or [B, n_features].
        labels: [B].
        loss: Of logits and labels, averaged over the batch.
        seed: For whatever else is random.
    """

    network: nn.Module
    inputs: Tensor
    labels: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]
    seed: int = 0

    def batch_loss(self) -> Tensor:
        """The loss of the batch, from which gradients can be taken."""
        return self.loss(self.network(self.inputs), self.labels)


def layers_of(network: nn.Module) -> list[nn.Module]:
    """Convolutions and linear layers."""
    return [module for module in network.modules() if isinstance(module, LAYERS)]


def weights_of(network: nn.Module) -> list[Tensor]:
    """The weights of convolutions and linear layers, without biases."""
    return [layer.get_parameter("weight") for layer in layers_of(network)]


def gradients(of: Tensor, by: Iterable[Tensor], *, create_graph: bool = False) -> list[Tensor]:
    """The gradient by each tensor; zeros by those that `of` does not depend on."""
    wanted = list(by)
    if not of.requires_grad:
        return [torch.zeros_like(tensor) for tensor in wanted]
    found = torch.autograd.grad(of, wanted, create_graph=create_graph, allow_unused=True)
    pairs = zip(found, wanted, strict=True)
    return [torch.zeros_like(tensor) if one is None else one for one, tensor in pairs]


def take_inputs_as_they_are(network: nn.Module) -> None:
    """Switch the network's own normalisation off: its inputs have the scale of the proxy."""
    buffers = dict(network.named_buffers(recurse=False))
    if "mean" in buffers and "std" in buffers:
        buffers["mean"].zero_()
        buffers["std"].fill_(1.0)


def remove_norms(network: nn.Module) -> None:
    """Replace every norm by the identity."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, (_BatchNorm, nn.LayerNorm, nn.GroupNorm)):
                setattr(module, name, nn.Identity())


class TwiceDifferentiable(TorchFunctionMode):
    """Computes the hard sigmoid in parts that have a second derivative; PyTorch's has none."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The same numbers, whatever is called."""
        if func is F.hardsigmoid:
            return F.relu6(args[0] + 3) / 6
        return func(*args, **(kwargs or {}))


class Watch(TorchFunctionMode):
    """Sees what a network computes without modules of its own: activations and the last pool.

    Attributes:
        features: What goes into the last mean over maps; else into the last linear layer.
    """

    def __init__(self, on_activation: Callable[[Tensor], None] = lambda _: None):
        super().__init__()
        self.on_activation = on_activation
        self.features: Tensor | None = None
        self._has_maps = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Look at the arguments, then compute as ever."""
        if func in ACTIVATIONS:
            self.on_activation(args[0])
        elif func in POOLS and args[0].ndim == 4:
            self.features, self._has_maps = args[0], True
        elif func is F.linear and not self._has_maps:
            self.features = args[0]
        return func(*args, **(kwargs or {}))
