"""Multilayer perceptrons: how deep, how wide in each layer, which activation.

For rows of numbers, and for small images whose pixels are taken as such a row.

Source: Rumelhart, Hinton, Williams: Learning representations by back-propagating errors,
Nature 323, 1986.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from devices.profiles.operations import Operation
from searches.spaces import definitions, formulas
from searches.spaces.base import Gene
from searches.spaces.factors import FactorSpace, Slot
from searches.spaces.mobile_definition import InvalidSpace

ACTIVATIONS = ("relu", "relu6", "hswish", "swish", "gelu", "leaky", "tanh", "sigmoid")
# Positions of the genes that every architecture has; the widths follow.
ACTIVATION, DEPTH, WIDTHS = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class MlpDefinition:
    """What fixes a space of networks for rows of numbers.

    Attributes:
        in_channels: numbers in a row.
        depths: hidden layers.
        widths: units of a hidden layer; chosen for each.
    """

    in_channels: int = definitions.number(1, 4096)
    n_classes: int = definitions.number(2, 10_000)
    depths: tuple[int, ...] = definitions.options(1, 16)
    widths: tuple[int, ...] = definitions.options(1, 4096)
    activations: tuple[str, ...] = definitions.any_of(*ACTIVATIONS)
    preset: str = ""
    family: str = "mlp"

    def __post_init__(self) -> None:
        found = definitions.problems(self) | dict(self._problems())
        if found:
            raise InvalidSpace(found)

    def _problems(self) -> Iterator[tuple[str, list[str]]]:
        if self.family != type(self).family:
            yield "family", [f"Must be “{type(self).family}”."]
        unknown = [name for name in self.activations if name not in ACTIVATIONS]
        if unknown:
            listed = ", ".join(ACTIVATIONS)
            yield "activations", [f"“{unknown[0]}” is unknown. Known: {listed}."]
        elif len(set(self.activations)) < len(self.activations):
            yield "activations", ["Each once."]

    @property
    def side(self) -> int:
        """Of the images; 0 for rows of numbers."""
        return 0

    @property
    def n_inputs(self) -> int:
        """Numbers that go into the first layer."""
        return self.in_channels * (self.side**2 or 1)


@dataclass(frozen=True, kw_only=True)
class ImageMlpDefinition(MlpDefinition):
    """The same for images, of which every pixel is a number.

    Attributes:
        in_channels: of the images.
        resolution: side to which they are brought.
    """

    in_channels: int = definitions.one_of(1, 3)
    resolution: int = definitions.number(4, 64)
    family: str = "mlp_images"

    @property
    def side(self) -> int:
        return self.resolution


class Mlp(FactorSpace):
    """Genes: the activation of all layers, the depth, and the width of each layer."""

    family = "mlp"
    definition_class: ClassVar[type[MlpDefinition]] = MlpDefinition
    is_chain = True

    def __init__(self, definition: MlpDefinition):
        self.definition = definition
        self.genes = tuple(_genes(definition))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Mlp":
        return cls(definitions.read(cls.definition_class, data))

    def to_json(self) -> dict[str, Any]:
        return asdict(self.definition)

    def with_data(self, *, in_channels: int, n_classes: int) -> "Mlp":
        """The same choices for so many features (or channels) and classes."""
        changed = replace(self.definition, in_channels=in_channels, n_classes=n_classes)
        return type(self)(changed)

    def size_formula(self) -> str:
        n_widths = len(self.definition.widths)
        depths = [formulas.power(n_widths, depth) for depth in self.definition.depths]
        return formulas.product([str(len(self.definition.activations)), " + ".join(depths)])

    def _slots(self) -> Sequence[Slot]:
        deepest = max(self.definition.depths)
        hidden = [self._hidden(layer) for layer in range(deepest)]
        return hidden + [self._classifier(depth) for depth in self.definition.depths]

    def _hidden(self, layer: int) -> Slot:
        """The layer at this position, from 0."""
        of = self.definition
        before = (WIDTHS + layer - 1,) if layer else ()
        axes: list[Sequence[Any]] = [of.activations, of.depths, of.widths]
        if layer:
            axes.append(of.widths)
        operations = [
            _linear(sizes[0] if layer else of.n_inputs, sizes[-1], act) if depth > layer else None
            for act, depth, *sizes in product(*axes)
        ]
        return Slot((ACTIVATION, DEPTH, *before, WIDTHS + layer), _table(operations, axes))

    def _classifier(self, depth: int) -> Slot:
        """The last layer of networks of this depth; the others have none here."""
        of = self.definition
        axes = [of.depths, of.widths]
        operations = [
            _linear(width, of.n_classes) if reached == depth else None
            for reached, width in product(*axes)
        ]
        return Slot((DEPTH, WIDTHS + depth - 1), _table(operations, axes))


class ImageMlp(Mlp):
    """For images: `in_channels` are those of the images."""

    family = "mlp_images"
    definition_class = ImageMlpDefinition


def _genes(definition: MlpDefinition) -> Iterator[Gene]:
    yield Gene("activation", definition.activations, "all layers")
    yield Gene("depth", definition.depths, "all layers")
    for layer in range(1, max(definition.depths) + 1):
        least = next(i for i, depth in enumerate(definition.depths) if depth >= layer)
        yield Gene(f"layer{layer}.width", definition.widths, "widths", DEPTH, least)


def _linear(cin: int, cout: int, act: str = "none") -> Operation:
    return Operation(type="linear", cin=cin, cout=cout, act=act)


def _table(
    operations: Sequence[Operation | None], axes: Sequence[Sequence[Any]]
) -> npt.NDArray[np.object_]:
    """Operations in the order of `product(*axes)`, with one axis for each."""
    table = np.empty(len(operations), dtype=object)
    table[:] = operations
    return table.reshape([len(axis) for axis in axes])
