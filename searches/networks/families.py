"""What the networks of a space family promise, so that training and export need not know which.

A family's card names its NetworkFamily. Whatever it builds takes float32 inputs, [B, in_channels,
resolution, resolution] in 0..1 for images, [B, in_channels] as measured for rows of numbers
(resolution 0), normalises them itself, and gives logits [B, n_classes].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import EllipsisType, ModuleType
from typing import Any

import torch
from torch import nn

from searches.networks.inheritance.pieces import Piece, as_they_are
from searches.objectives.cards import load_object
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.registry import FAMILIES, SpaceCard
from searches.spaces.restriction import Restricted

Index = tuple[slice | EllipsisType, ...]
RESTRICTED = "searches.networks.restricted:RestrictedNetworks"


class SharedWeights(nn.Module, ABC):
    """A supernet: one set of weights for all networks of a space.

    Computes as the network that was made active last; starts as any.
    """

    @abstractmethod
    def set_active(self, genes: Genes) -> dict[str, Any]:
        """Compute as this architecture from now on; returns the configuration of its network."""

    @abstractmethod
    def regions(self) -> Mapping[str, Index]:
        """Name and slice of every weight and statistic that the active network computes with.

        What is not in here is not moved by a training step, not even by momentum and decay.
        """

    @abstractmethod
    def extract(self, genes: Genes) -> nn.Module:
        """The architecture as a plain network with a copy of its part of the weights.

        It is in the mode (training or not) of the supernet, whose active network this becomes.
        """


class ElasticWeights(SharedWeights):
    """Shared weights of networks that are parts of the largest: a narrower one has its first
    channels.
    """

    @abstractmethod
    def sort_channels(self, kept: Sequence[Genes]) -> None:
        """Bring the most important channels to the front.

        Args:
            kept: Architectures that compute what they did before, as any does whose every width
                is that of one of them.
        """


class NetworkFamily(ABC):
    """The networks of one space family; without state.

    Attributes:
        source: Module with the class of the plain network, which imports nothing but torch and
            the standard library: its text is given to people.
    """

    source: ModuleType

    @abstractmethod
    def config(
        self,
        space: SearchSpace,
        genes: Genes,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> dict[str, Any]:
        """Everything about the shape of a plain network, ready for JSON.

        Args:
            space: With the channels and classes of the data.
            genes: One option per gene.
            mean: Of each input channel; without it inputs stay as they are.
            std: As `mean`.

        Returns:
            With "resolution", "mean", "std", "in_channels", "n_classes", and more.
        """

    @abstractmethod
    def network(self, config: dict[str, Any]) -> nn.Module:
        """A plain network, its weights drawn from torch's global generator.

        Its attribute `config` is the configuration.
        """

    @abstractmethod
    def supernet(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> SharedWeights:
        """Fresh shared weights, drawn from torch's global generator.

        Raises:
            TypeError: The family shares no weights.
        """

    def smaller(self, config: dict[str, Any], quantity: str, share: float) -> dict[str, Any]:
        """The configuration of the same network with fewer pixels or channels.

        Args:
            config: Of the network as its architecture says.
            quantity: "resolution" or "channels".
            share: Of it that is left, above 0 and at most 1; what cannot be divided is rounded.

        Raises:
            TypeError: The family's networks have just as many as they have.
        """
        raise TypeError(f"{type(self).__name__} have no less {quantity} than they have")

    def pieces(self, space: SearchSpace, genes: Genes, network: nn.Module) -> list[Piece]:
        """The network's tensors by names that hold in the whole space, to hand them on.

        Unless a family says more, a tensor is the same where its name in the network is.

        Args:
            space: As for `config`.
            genes: What the network is.
            network: That `network` built, trained or not.
        """
        return as_they_are(network)

    def enlarged(self, network: nn.Module, config: dict[str, Any]) -> nn.Module:
        """A network that computes the same and has layers for those of a larger one.

        Most families need none: a new layer beside a shortcut adds nothing at first.

        Args:
            network: Trained.
            config: Of the larger network.
        """
        return network


def family_of(space: SearchSpace) -> NetworkFamily:
    """The networks of a space, as its family's card says.

    Raises:
        TypeError: The family has no networks.
    """
    card = FAMILIES[space.family]
    path = card.networks if isinstance(card, SpaceCard) else None
    if path is None:
        raise TypeError(f"no networks for spaces of the family {space.family}")
    family: NetworkFamily = load_object(path)()
    if isinstance(space, Restricted):
        wrapped: NetworkFamily = load_object(RESTRICTED)(family)
        return wrapped
    return family


def build(family: NetworkFamily, config: dict[str, Any], *, seed: int) -> nn.Module:
    """A fresh network whose weights depend on the seed alone; the global RNG is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return family.network(config)


def configuration(network: nn.Module) -> dict[str, Any]:
    """The configuration of a plain network."""
    found = getattr(network, "config", None)
    if not isinstance(found, dict):
        raise TypeError(f"{type(network).__name__} has no configuration")
    return found


def fewer_pixels(config: dict[str, Any], share: float, *, multiple: int = 1) -> dict[str, Any]:
    """A share of the resolution, rounded to a multiple, at least that and 4 pixels."""
    least = multiple * -(-4 // multiple)
    side = multiple * round(share * config["resolution"] / multiple)
    return config | {"resolution": min(max(side, least), config["resolution"])}


def input_shape(config: Mapping[str, Any]) -> tuple[int, ...]:
    """Of one sample: (in_channels, resolution, resolution), or (in_channels,) for a row."""
    channels, side = config["in_channels"], config["resolution"]
    return (channels, side, side) if side else (channels,)
