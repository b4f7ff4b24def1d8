"""SGD with Nesterov momentum that moves only what took part in the step.

A weight that the sampled subnet did not use has a zero gradient, or none; in an ordinary
optimiser momentum and weight decay would move it all the same. Here each step names the slices
that it moves (Guo et al., "Single Path One-Shot", 1904.00420: only the sampled path is trained).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from searches.networks.families import Index

Moved = tuple[Index, Tensor | None]  # a slice of a parameter, and what of it is moved


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

    def forget(self) -> None:
        """Lose all momentum."""
        for velocity in self.velocity.values():
            velocity.zero_()

    @torch.no_grad()
    def step(self, learning_rate: float, paths: Sequence[Mapping[str, Index]] = ()) -> None:
        """Move the parameters against their gradients, and forget the gradients.

        Args:
            learning_rate: Of this step.
            paths: Per subnet of the step the slice of each parameter that it computed with, by
                name; none: all of all. What any of them used is moved, nothing else.
        """
        for name, moved in self._moved(paths):
            index, mask = moved
            self._move(name, index, mask, learning_rate)
        for parameter in self.parameters.values():
            parameter.grad = None

    def _moved(self, paths: Sequence[Mapping[str, Index]]) -> Iterator[tuple[str, Moved]]:
        """Name and region of every parameter that has a gradient."""
        for name, parameter in self.parameters.items():
            if parameter.grad is None:
                continue
            if not paths:
                yield name, ((...,), None)
                continue
            used = [path[name] for path in paths if name in path]
            if used:
                yield name, union(used, parameter.shape)

    def _move(self, name: str, index: Index, mask: Tensor | None, learning_rate: float) -> None:
        weight, velocity = self.parameters[name][index], self.velocity[name][index]
        gradient = cast(Tensor, self.parameters[name].grad)[index]
        after, against = self._ahead(name, index, gradient)
        if mask is not None:  # whatever lies outside keeps its value and its momentum
            after = torch.where(mask, after, velocity)
            against = torch.where(mask, against, 0.0)
        velocity.copy_(after)
        weight.sub_(against, alpha=learning_rate)

    def _ahead(self, name: str, index: Index, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Velocity after a step along the gradient, and what the step moves against."""
        weight, velocity = self.parameters[name][index], self.velocity[name][index]
        if weight.ndim > 1 and ".transforms." not in name:
            gradient = gradient.add(weight, alpha=self.weight_decay)
        velocity = (velocity * self.momentum).add_(gradient)
        return velocity, gradient.add(velocity, alpha=self.momentum)

    @torch.no_grad()
    def ahead(self, gradients: Sequence[Tensor | None], learning_rate: float) -> list[Tensor]:
        """What `step` would take away from each parameter; nothing is moved.

        Args:
            gradients: In the order of the parameters; None: it had no part in the loss.
            learning_rate: Of that step.
        """
        return [
            torch.zeros_like(weight)
            if gradient is None
            else learning_rate * self._ahead(name, (...,), gradient)[1]
            for (name, weight), gradient in zip(self.parameters.items(), gradients, strict=True)
        ]

    def slope(self, learning_rate: float) -> float:
        """Derivative of what `ahead` says in the gradient: Nesterov's step looks at it twice."""
        return learning_rate * (1 + self.momentum)


def union(indices: Sequence[Index], shape: Sequence[int]) -> Moved:
    """Everything that any of the slices of a tensor of this shape holds.

    Returns:
        The smallest box around it, and which elements of that box belong to it; None: all.
    """
    boxes = {_spans(index, shape) for index in indices}
    sides = zip(*boxes, strict=True)
    around = tuple((min(a for a, _ in side), max(b for _, b in side)) for side in sides)
    index: Index = tuple(slice(*ends) for ends in around)
    if around in boxes:
        return index, None
    mask = torch.zeros([b - a for a, b in around], dtype=torch.bool)
    for box in boxes:
        mask[tuple(slice(a - o, b - o) for (a, b), (o, _) in zip(box, around, strict=True))] = True
    return index, mask


def _spans(index: Index, shape: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """First and one past the last position along every dimension."""
    found: list[tuple[int, int]] = []
    for position, size in enumerate(shape):
        entry = index[position] if position < len(index) else ...
        if not isinstance(entry, slice):
            return (*found, *((0, n) for n in shape[position:]))
        start, stop, _ = entry.indices(size)
        found.append((start, stop))
    return tuple(found)
