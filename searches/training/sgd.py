"""SGD with Nesterov momentum that moves only what took part in the step.

A weight that the sampled subnet did not use has a zero gradient, or none; in an ordinary
optimiser momentum and weight decay would move it all the same. Here each step names the slices
that it moves (Guo et al., "Single Path One-Shot", 1904.00420: only the sampled path is trained).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from searches.networks.families import Index


class SlicedSGD:
    """`torch.optim.SGD(nesterov=True)`, restricted to slices (Sutskever et al., ICML 2013).

    No weight decay on vectors (batch norm and biases), nor on the kernel transforms, which it
    would pull away from the identity.
    """

    def __init__(self, network: nn.Module, *, momentum: float, weight_decay: float):
        self.parameters = dict(network.named_parameters())
        self.velocity = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.momentum = momentum
        self.weight_decay = weight_decay

    @torch.no_grad()
    def step(self, learning_rate: float, regions: Mapping[str, Index] | None = None) -> None:
        """Move the parameters against their gradients, and forget the gradients.

        Args:
            learning_rate: Of this step.
            regions: Slice of each parameter that takes part, by name; None: all of all.
        """
        names = self.parameters if regions is None else regions.keys() & self.parameters.keys()
        for name in names:
            gradient = self.parameters[name].grad
            if gradient is None:
                continue
            index = (...,) if regions is None else regions[name]
            weight, velocity = self.parameters[name][index], self.velocity[name][index]
            gradient = gradient[index]
            if weight.ndim > 1 and ".transforms." not in name:
                gradient = gradient.add(weight, alpha=self.weight_decay)
            velocity.mul_(self.momentum).add_(gradient)
            weight.sub_(gradient.add_(velocity, alpha=self.momentum), alpha=learning_rate)
        for parameter in self.parameters.values():
            parameter.grad = None
