"""ProxylessNAS and FBNet: one of several inverted bottlenecks in every layer, or none.

Sources: Cai, Zhu, Han: ProxylessNAS, ICLR 2019 (arXiv 1812.00332), section 4.1 and its appendix:
6⁶ · 7¹⁵ = 2.2e17 networks, since a layer can only be left out where it keeps the shape. Wu et al.:
FBNet, CVPR 2019 (arXiv 1812.03443), tables 1 and 2: 9²² = 9.8e20 networks.

`size` counts choices, as both papers do: which one of two equal layers is left out matters to
shared weights, although the networks are the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from devices.profiles.operations import Operation
from searches.spaces import formulas, scaling
from searches.spaces.base import Gene
from searches.spaces.definitions import number, one_of, options, problems, read
from searches.spaces.factors import FactorSpace, Slot
from searches.spaces.mobile_definition import ACTIVATIONS, InvalidSpace

FAMILY = "proxyless"
STEM_KERNEL = FIRST_KERNEL = 3
ZERO = "zero"  # leaves the layer out; its shortcut stays
PROJECTION = "1×1"  # leaves the layer out where the shape changes: a convolution does that alone


@dataclass(frozen=True)
class Bottleneck:
    """A candidate: 1×1 convolution to `expand` times the width, depthwise k×k, 1×1 convolution.

    Attributes:
        groups: of both 1×1 convolutions; channels are shuffled between them. An expand ratio of 1
            keeps its first convolution (FBNet, figure 2).
    """

    kernel: int = one_of(3, 5, 7)
    expand: int = number(1, 12)
    groups: int = number(1, 16, default=1)

    @property
    def name(self) -> str:
        """How genes name it: k3 e6, k5 e1 g2."""
        groups = f" g{self.groups}" if self.groups > 1 else ""
        return f"k{self.kernel} e{self.expand}{groups}"


@dataclass(frozen=True)
class ProxylessStage:
    """Layers of one width; the first of them has the stride."""

    width: int = number(8, 4096)
    stride: int = one_of(1, 2)
    n_blocks: int = number(1, 16)


@dataclass(frozen=True)
class Layer:
    """A place for one candidate: what no gene changes."""

    name: str
    group: str
    cin: int
    cout: int
    stride: int

    @property
    def keeps_shape(self) -> bool:
        """Then it has a shortcut."""
        return self.stride == 1 and self.cin == self.cout


@dataclass(frozen=True)
class ProxylessDefinition:
    """Everything that fixes the space.

    Attributes:
        resolutions: side of the square input image.
        first_width: output channels of a fixed bottleneck without expansion after the stem; 0 for
            none.
        operations: the candidates of every layer.
        skipping: where a layer can be left out: "nowhere", in layers that keep the "same shape",
            or "everywhere" (a 1×1 convolution where the shape changes).
        final_width: 1×1 convolution before global average pooling and classifier.
    """

    stages: tuple[ProxylessStage, ...]
    operations: tuple[Bottleneck, ...]
    resolutions: tuple[int, ...] = options(8, 512)
    in_channels: int = one_of(1, 3, default=3)
    n_classes: int = number(2, 1_000_000, default=1000)
    act: str = one_of(*ACTIVATIONS, default="relu6")
    stem_width: int = number(1, 4096, default=32)
    stem_stride: int = one_of(1, 2, default=2)
    first_width: int = number(0, 4096, default=16)
    skipping: str = one_of("nowhere", "same shape", "everywhere", default="same shape")
    final_width: int = number(1, 4096, default=1280)
    preset: str = ""
    family: str = one_of(FAMILY, default=FAMILY)

    def __post_init__(self) -> None:
        found = problems(self) or _contradictions(self)
        if found:
            raise InvalidSpace(found)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ProxylessDefinition":
        """The definition that `data` spells out.

        Raises:
            InvalidSpace: a field is missing, unknown or impossible.
        """
        return read(cls, data)

    def layers(self) -> Iterator[Layer]:
        """All layers with a choice, in network order."""
        cin = self.first_width or self.stem_width
        for number_of, stage in enumerate(self.stages, start=1):
            for position in range(stage.n_blocks):
                name, stride = f"stage{number_of}.block{position + 1}", stage.stride
                group = f"stage {number_of}"
                yield Layer(name, group, cin, stage.width, 1 if position else stride)
                cin = stage.width

    def candidates(self, layer: Layer) -> tuple[Bottleneck | None, ...]:
        """What can stand in a layer; None, the last, leaves it out."""
        can_skip = self.skipping == "everywhere"
        can_skip |= self.skipping == "same shape" and layer.keeps_shape
        return (*self.operations, None) if can_skip else self.operations


class Proxyless(FactorSpace):
    """Genes: resolution, then for each layer its candidate."""

    family = FAMILY
    definition_class = ProxylessDefinition
    is_chain = True

    def __init__(self, definition: ProxylessDefinition):
        self.definition = definition
        self.layers = tuple(definition.layers())
        genes = [Gene("resolution", definition.resolutions, "input")]
        genes += [
            Gene(layer.name, _names(definition, layer), layer.group) for layer in self.layers
        ]
        self.genes = tuple(genes)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Proxyless":
        return cls(ProxylessDefinition.from_json(data))

    def to_json(self) -> dict[str, Any]:
        return asdict(self.definition)

    def with_data(self, *, in_channels: int, n_classes: int) -> "Proxyless":
        return Proxyless(replace(self.definition, in_channels=in_channels, n_classes=n_classes))

    def scaled(self, width: float, resolution: int) -> "Proxyless":
        """As `scaling.Scalable`: stem, all layers and the last convolution alike."""
        fields = ("stem_width", "first_width", "final_width")
        widths: dict[str, Any] = {
            name: scaling.channels(getattr(self.definition, name), width) for name in fields
        }
        stages = tuple(
            replace(stage, width=scaling.channels(stage.width, width))
            for stage in self.definition.stages
        )
        changed = replace(
            self.definition, stages=stages, resolutions=(resolution,), preset="", **widths
        )
        return Proxyless(changed)

    def size_formula(self) -> str:
        n_candidates = sorted(len(gene.options) for gene in self.genes[1:])
        return formulas.product(map(str, [len(self.definition.resolutions), *n_candidates]))

    def size_note(self) -> str:
        if self.definition.skipping == "nowhere":
            return ""
        return (
            "Choices are counted as published: which one of two equal layers is left out matters "
            "to shared weights, but makes the same network."
        )

    def _slots(self) -> Sequence[Slot]:
        return list(self._all_slots())

    def _all_slots(self) -> Iterator[Slot]:
        stride, final = self.definition.stem_stride, self.definition.final_width
        yield self._fixed(1, self._stem)
        if self.definition.first_width:
            yield self._fixed(stride, self._first)
        for position, layer in enumerate(self.layers, start=1):
            yield self._layer_slot(position, layer, stride)
            stride *= layer.stride
        yield self._fixed(stride, self._final)
        yield self._fixed(stride, lambda side: Operation("gap", h=side, cin=final))
        linear = Operation("linear", cin=final, cout=self.definition.n_classes)
        yield Slot((), np.array(linear, object))

    def _fixed(self, stride: int, made: Callable[[int], Operation]) -> Slot:
        """An operation that depends on the side of its input alone."""
        sides = [-(-side // stride) for side in self.definition.resolutions]
        return Slot((0,), np.array([made(side) for side in sides], object))

    def _stem(self, side: int) -> Operation:
        definition = self.definition
        return Operation(
            "conv",
            h=side,
            cin=definition.in_channels,
            cout=definition.stem_width,
            k=STEM_KERNEL,
            s=definition.stem_stride,
            act=definition.act,
        )

    def _final(self, side: int) -> Operation:
        cin, cout = self.definition.stages[-1].width, self.definition.final_width
        return Operation("conv", h=side, cin=cin, cout=cout, k=1, act=self.definition.act)

    def _first(self, side: int) -> Operation:
        width, cout = self.definition.stem_width, self.definition.first_width
        return Operation(
            "mbconv",
            h=side,
            cin=width,
            mid=width,
            cout=cout,
            k=FIRST_KERNEL,
            act=self.definition.act,
            skip=width == cout,
        )

    def _layer_slot(self, position: int, layer: Layer, stride: int) -> Slot:
        candidates = self.definition.candidates(layer)
        table = np.empty((len(self.definition.resolutions), len(candidates)), object)
        for row, resolution in enumerate(self.definition.resolutions):
            side = -(-resolution // stride)
            table[row] = [self._operation(layer, candidate, side) for candidate in candidates]
        return Slot((0, position), table)

    def _operation(
        self, layer: Layer, candidate: Bottleneck | None, side: int
    ) -> Operation | None:
        cin, cout, act = layer.cin, layer.cout, self.definition.act
        if candidate is None:
            if layer.keeps_shape:
                return None
            return Operation("conv", h=side, cin=cin, cout=cout, k=1, s=layer.stride, act=act)
        return Operation(
            "mbconv",
            h=side,
            cin=cin,
            mid=cin * candidate.expand,
            cout=cout,
            k=candidate.kernel,
            s=layer.stride,
            g=candidate.groups,
            act=act,
            skip=layer.keeps_shape,
            tag="pw" if candidate.expand == 1 else None,
        )


def _names(definition: ProxylessDefinition, layer: Layer) -> tuple[str, ...]:
    left_out = ZERO if layer.keeps_shape else PROJECTION
    return tuple(c.name if c else left_out for c in definition.candidates(layer))


def _contradictions(definition: ProxylessDefinition) -> dict[str, list[str]]:
    found = {}
    names = [operation.name for operation in definition.operations]
    if len(set(names)) < len(names):
        found["operations"] = ["All must differ."]
    widths = [(layer.cin, layer.cout) for layer in definition.layers()]
    for index, operation in enumerate(definition.operations):
        unfit = [pair for pair in widths if any(width % operation.groups for width in pair)]
        if unfit:
            message = f"{operation.groups} groups do not divide {unfit[0][0]} and {unfit[0][1]}"
            found[f"operations[{index}].groups"] = [f"{message}, the widths of a layer."]
    return found
