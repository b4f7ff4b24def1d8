"""A space in other sizes: all channels times a factor, images of one resolution.

Source: Lin, Chen, Lin, Cohn, Gan, Han: MCUNet, NeurIPS 2020 (arXiv 2007.10319), section 3.1: the
same mobile space at width multipliers 0.2 to 1.0 and resolutions 48 to 224.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from devices.profiles.vocabulary import rounded_channels
from searches.spaces.base import SearchSpace
from searches.spaces.restriction import Restricted, restricted

T = TypeVar("T")


@runtime_checkable
class Scalable(Protocol):
    """A family whose networks have channels and take images."""

    def scaled(self, width: float, resolution: int) -> SearchSpace:
        """The same choices with all channels times `width`, for images of this side.

        Options that are equal once channels are rounded to multiples of 8 are there once.

        Raises:
            InvalidSpace: the family has no such space.
        """


def scaled(space: SearchSpace, width: float, resolution: int) -> SearchSpace:
    """The space in another size; options that were left out stay left out if they still exist.

    Raises:
        TypeError: its family has no channels and resolutions to scale.
        InvalidSpace: the family has no such space.
    """
    whole = space.base if isinstance(space, Restricted) else space
    if not isinstance(whole, Scalable):
        raise TypeError(f"Spaces of the family {space.family} have no width and resolution.")
    found = whole.scaled(width, resolution)
    if not isinstance(space, Restricted):
        return found
    kept = {}
    for gene in found.genes:
        options = [option for option in gene.options if option in space.only.get(gene.name, [])]
        if options:
            kept[gene.name] = options
    return restricted(found, kept)


def is_scalable(space: SearchSpace) -> bool:
    """Whether `scaled` has an answer."""
    return isinstance(space.base if isinstance(space, Restricted) else space, Scalable)


def channels(width: int, factor: float) -> int:
    """So many channels times a factor, a multiple of 8; as they are at factor 1, and 0 stays 0."""
    return width if factor == 1 or width == 0 else rounded_channels(width * factor)


def distinct(options: Sequence[T], rounded: Callable[[T], Sequence[int]]) -> tuple[T, ...]:
    """The options that rounding keeps apart from all larger ones that stay.

    Args:
        options: ascending.
        rounded: what an option comes to at each place, always in the same order.
    """
    kept: list[T] = []
    taken: list[set[int]] = []
    for option in reversed(options):
        values = list(rounded(option))
        taken = taken or [set() for _ in values]
        if not any(value in others for value, others in zip(values, taken, strict=True)):
            kept.append(option)
            for value, others in zip(values, taken, strict=True):
                others.add(value)
    return tuple(reversed(kept))
