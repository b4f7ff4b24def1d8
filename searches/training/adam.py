"""Adam, whose state is plain tensors by the names of the parameters.

D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015 (1412.6980), algorithm 1.
I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019 (1711.05101).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SECOND, TINY = 0.999, 1e-8


class Adam:
    """With the gradients' norm clipped, and decoupled weight decay on what is no vector."""

    def __init__(self, network: nn.Module, *, momentum: float, weight_decay: float, clip: float):
        self.parameters = dict(network.named_parameters())
        self.velocity = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.squares = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.momentum, self.weight_decay, self.clip = momentum, weight_decay, clip

    @torch.no_grad()
    def step(self, learning_rate: float, number: int) -> None:
        """Move all parameters that have a gradient, and forget the gradients.

        Args:
            learning_rate: Of this step.
            number: Of this step, from 0: the averages have seen as many before.
        """
        nn.utils.clip_grad_norm_(self.parameters.values(), self.clip)
        for name, parameter in self.parameters.items():
            if parameter.grad is not None:
                self._move(name, parameter, parameter.grad, learning_rate, number + 1)
            parameter.grad = None

    def _move(self, name: str, weight: Tensor, gradient: Tensor, rate: float, count: int) -> None:
        velocity, squares = self.velocity[name], self.squares[name]
        velocity.mul_(self.momentum).add_(gradient, alpha=1 - self.momentum)
        squares.mul_(SECOND).addcmul_(gradient, gradient, value=1 - SECOND)
        if weight.ndim > 1:
            weight.mul_(1 - rate * self.weight_decay)
        size = (squares / (1 - SECOND**count)).sqrt_().add_(TINY)
        weight.addcdiv_(velocity, size, value=-rate / (1 - self.momentum**count))
