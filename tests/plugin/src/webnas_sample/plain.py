"""A space: so many convolutions of one width, then global average pooling and a classifier."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from devices.profiles.operations import Operation
from searches.spaces import formulas
from searches.spaces.base import Gene
from searches.spaces.definitions import number, one_of, options, problems, read
from searches.spaces.factors import FactorSpace, Slot
from searches.spaces.mobile_definition import InvalidSpace

KERNEL = 3


@dataclass(frozen=True)
class PlainDefinition:
    """Everything that fixes the space.

    Attributes:
        resolutions: side of the square input image.
        depths: options of the number of convolutions.
        widths: options of their output channels.
    """

    resolutions: tuple[int, ...] = options(4, 512)
    depths: tuple[int, ...] = options(1, 20)
    widths: tuple[int, ...] = options(1, 1024)
    in_channels: int = one_of(1, 3, default=3)
    n_classes: int = number(2, 1_000_000, default=10)
    preset: str = ""
    family: str = one_of("sample_plain", default="sample_plain")

    def __post_init__(self) -> None:
        if found := problems(self):
            raise InvalidSpace(found)


class Plain(FactorSpace):
    """Genes: resolution, depth, width. Counting, bounds and limits follow from the slots."""

    family = "sample_plain"
    definition_class = PlainDefinition

    def __init__(self, definition: PlainDefinition):
        self.definition = definition
        self.genes = (
            Gene("resolution", definition.resolutions),
            Gene("depth", definition.depths),
            Gene("width", definition.widths),
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plain":
        return cls(read(PlainDefinition, data))

    def to_json(self) -> dict[str, Any]:
        return asdict(self.definition)

    def with_data(self, *, in_channels: int, n_classes: int) -> "Plain":
        return Plain(replace(self.definition, in_channels=in_channels, n_classes=n_classes))

    def size_formula(self) -> str:
        return formulas.product(str(len(gene.options)) for gene in self.genes)

    def _slots(self) -> Sequence[Slot]:
        of = self.definition
        gap = [
            [Operation("gap", h=side, cin=width) for width in of.widths] for side in of.resolutions
        ]
        linear = [Operation("linear", cin=width, cout=of.n_classes) for width in of.widths]
        return [
            *self._layers(),
            Slot((0, 2), np.array(gap, object)),
            Slot((2,), np.array(linear, object)),
        ]

    def _layers(self) -> Iterator[Slot]:
        """One slot per convolution; None where the network is not as deep."""
        of = self.definition
        shape = (len(of.resolutions), len(of.depths), len(of.widths))
        for layer in range(max(of.depths)):
            table = np.empty(shape, object)
            for r, d, w in np.ndindex(*shape):
                if of.depths[d] > layer:
                    cin = of.widths[w] if layer else of.in_channels
                    table[r, d, w] = convolution(of.resolutions[r], cin, of.widths[w])
            yield Slot((0, 1, 2), table)


def convolution(side: int, cin: int, cout: int) -> Operation:
    """With batch norm and ReLU, which a device runs as one operation."""
    return Operation("conv", h=side, cin=cin, cout=cout, k=KERNEL, act="relu")
