"""Supernets that hold several operations at one place: what a gate sees, and what a choice is.

A place of the network is a MixedOperation: its candidates, of which a gate runs one (Single), a
few or all. Strategies that learn which candidate is best bring gates of their own, such as the
softmax mixture of Liu et al., 2019 (DARTS), or the two paths of Cai et al., 2019 (ProxylessNAS);
the families know none of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from searches.networks.families import Index, SharedWeights
from searches.spaces.base import Genes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """What one vector of architecture parameters decides.

    Attributes:
        name: For people, such as "normal, 0 to 2".
        options: Names of the candidates, in their order.
    """

    name: str
    options: tuple[str, ...]


class Gate(Protocol):
    """Runs some of the candidates of a place."""

    def __call__(self, x: Tensor, candidates: nn.ModuleList) -> Tensor: ...


@dataclass(frozen=True)
class Single:
    """Runs one candidate; the others cost nothing."""

    index: int

    def __call__(self, x: Tensor, candidates: nn.ModuleList) -> Tensor:
        found: Tensor = candidates[self.index](x)
        return found


class MixedOperation(nn.Module):
    """Candidates at one place; their outputs have the same shape.

    Attributes:
        choice: Position in `Mixture.choices`. Places that repeat each other share a choice.
        gate: Not a module: it has no weights of the network.
    """

    def __init__(self, candidates: Sequence[nn.Module], *, choice: int):
        super().__init__()
        self.candidates = nn.ModuleList(candidates)
        self.choice = choice
        self.gate: Gate = Single(0)

    def forward(self, x: Tensor) -> Tensor:
        return self.gate(x, self.candidates)

    def idle(self) -> Sequence[int]:
        """Candidates that surely do not run; none of them when the gate is not a Single."""
        if not isinstance(self.gate, Single):
            return ()
        return [index for index in range(len(self.candidates)) if index != self.gate.index]


class Mixture(SharedWeights):
    """A supernet of mixed operations.

    A family sets `choices` when it is built. `set_active` gives every place a Single; a strategy
    may replace the gates at any time, and nothing but `select` and `set_active` puts them back.
    """

    choices: tuple[Choice, ...]

    def mixed_operations(self) -> Iterator[MixedOperation]:
        """Every place, those that share a choice as well."""
        return (module for module in self.modules() if isinstance(module, MixedOperation))

    @abstractmethod
    def selected(self, genes: Genes) -> tuple[int, ...]:
        """The option of each choice with which the supernet computes as the architecture."""

    def select(self, options: Sequence[int]) -> None:
        """Run one option of each choice from now on, everywhere."""
        for mixed in self.mixed_operations():
            mixed.gate = Single(options[mixed.choice])

    def regions(self) -> dict[str, Index]:
        """Everything that is shared, and the candidates that may run, as a whole."""
        names, of_candidates = self._names
        found: dict[str, Index] = dict.fromkeys(names, (...,))
        for prefix, groups in of_candidates.items():
            mixed = self.get_submodule(prefix)
            if isinstance(mixed, MixedOperation):
                for index in mixed.idle():
                    for name in groups.get(index, ()):
                        del found[name]
        return found

    @cached_property
    def _names(self) -> tuple[list[str], dict[str, dict[int, list[str]]]]:
        """All names of the state; and those of each candidate, by place."""
        names = list(self.state_dict())
        found: dict[str, dict[int, list[str]]] = {}
        for name in names:
            prefix, is_candidate, rest = name.partition(".candidates.")
            if is_candidate:
                index = int(rest.partition(".")[0])
                found.setdefault(prefix, {}).setdefault(index, []).append(name)
        return names, found

    @abstractmethod
    def decode(self, weights: Sequence[Tensor | Sequence[float]]) -> Genes:
        """The architecture that the family's paper derives from learnt probabilities.

        Args:
            weights: One vector of probabilities per choice, one number per option.
        """

    @abstractmethod
    def skips(self, genes: Genes) -> tuple[int, int]:
        """How many operations of the architecture are skips, of how many that could be one.

        A skip is what a layer or an edge does that computes nothing and lets its input through;
        reduction cells do not count.
        """

    @abstractmethod
    def choice_costs(self, values: npt.ArrayLike) -> tuple[float, list[Floats]]:
        """What each option adds to a cost that sums over operations, all places counted.

        At the resolution searched at. With one option of each choice, as `selected` gives them,
        constant and entries add up to the cost of the architecture; families say where they do
        so only nearly.

        Args:
            values: [n_operations] cost of each row of the space's `operation_table`.

        Returns:
            What is always there, and per choice one number per option.
        """
