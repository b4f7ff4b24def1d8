"""OFA-ResNet50: elastic resolution, depth, expansion and width of a ResNet50-D.

Source: Cai, Gan, Wang, Zhang, Han: Once-for-All, ICLR 2020 (arXiv 1908.09791); the ResNet-D is
that of He et al.: Bag of Tricks, CVPR 2019 (arXiv 1812.01187). The published space has
2 · 3⁶ · (3² + 3³ + 3⁴)³ · (3⁴ + 3⁵ + 3⁶) = 2.46e12 choices, which is what `size` counts, times
the resolutions. In the middle of the full stem two of the three width multipliers round to 24
channels; they are counted as two, as published.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from devices.profiles.vocabulary import rounded_channels
from searches.spaces import formulas, scaling
from searches.spaces.base import Gene
from searches.spaces.definitions import number, one_of, options, problems, read
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.residual_layout import (
    Block,
    Choice,
    Layout,
    ResidualSpace,
    StemConvolution,
    middle_channels,
)

FAMILY = "ofa_resnet50"
KERNEL = 3
MIDDLE = ("left out", "kept")  # the stem's second convolution


@dataclass(frozen=True)
class OfaStage:
    """One stage: `depth` blocks, and as many more as `extra_depths` says.

    Attributes:
        width: output channels at multiplier 1.
        stride: of the first block, in its 3×3 convolution and in the pool of its shortcut.
    """

    width: int = number(8, 4096)
    depth: int = number(1, 16)
    stride: int = one_of(1, 2)


@dataclass(frozen=True)
class OfaResNetDefinition:
    """Everything that fixes the space.

    Attributes:
        resolutions: side of the square input image.
        stem_width: output channels of the stem at multiplier 1; its first convolutions have half.
        stem_pool: 3×3 maximum pool with stride 2 after the stem.
        width_multipliers: chosen for the stem's first convolutions, its last, and each stage.
        extra_depths: blocks on top of each stage's depth, chosen per stage.
        expands: middle channels as a share of the output channels, chosen per block.
    """

    stages: tuple[OfaStage, ...]
    resolutions: tuple[int, ...] = options(8, 512)
    width_multipliers: tuple[float, ...] = options(0.1, 4)
    extra_depths: tuple[int, ...] = options(0, 8)
    expands: tuple[float, ...] = options(0.05, 4)
    in_channels: int = one_of(1, 3, default=3)
    n_classes: int = number(2, 1_000_000, default=1000)
    stem_width: int = number(8, 4096, default=64)
    stem_stride: int = one_of(1, 2, default=2)
    stem_pool: bool = True
    preset: str = ""
    family: str = one_of(FAMILY, default=FAMILY)

    def __post_init__(self) -> None:
        found = problems(self) or _collisions(self)
        if found:
            raise InvalidSpace(found)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "OfaResNetDefinition":
        """The definition that `data` spells out.

        Raises:
            InvalidSpace: a field is missing, unknown or impossible.
        """
        return read(cls, data)

    def widths(self, width: int) -> tuple[int, ...]:
        """Channels at each multiplier."""
        return tuple(rounded_channels(width * factor) for factor in self.width_multipliers)

    def depths(self, stage: OfaStage) -> tuple[int, ...]:
        """Options of the number of blocks."""
        return tuple(stage.depth + extra for extra in self.extra_depths)


class OfaResNet50(ResidualSpace):
    """Genes: resolution; stem; then per stage its depth, its width and the expand of each block.

    Width genes have the multipliers as options.
    """

    family = FAMILY
    definition_class = OfaResNetDefinition

    def __init__(self, definition: OfaResNetDefinition):
        self.definition = definition
        genes = [Gene("resolution", definition.resolutions, "input", dimension="resolution")]
        stem = _stem(definition, genes)
        layout = Layout(
            definition.in_channels,
            definition.n_classes,
            Choice(definition.resolutions, 0),
            stem,
            definition.stem_pool,
            tuple(_blocks(definition, genes, stem[-1].cout)),
        )
        self._build(genes, layout)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "OfaResNet50":
        return cls(OfaResNetDefinition.from_json(data))

    def to_json(self) -> dict[str, Any]:
        return asdict(self.definition)

    def with_data(self, *, in_channels: int, n_classes: int) -> "OfaResNet50":
        return OfaResNet50(replace(self.definition, in_channels=in_channels, n_classes=n_classes))

    def scaled(self, width: float, resolution: int) -> "OfaResNet50":
        """As `scaling.Scalable`: stem and stages alike; options that rounding makes equal go."""
        of = self.definition
        stages = tuple(replace(s, width=scaling.channels(s.width, width)) for s in of.stages)
        full = [scaling.channels(of.stem_width, width), *(stage.width for stage in stages)]
        multipliers = scaling.distinct(
            of.width_multipliers, lambda factor: [rounded_channels(w * factor) for w in full]
        )
        couts = [rounded_channels(w * factor) for w in full[1:] for factor in multipliers]
        expands = scaling.distinct(
            of.expands, lambda expand: [middle_channels(cout, expand) for cout in couts]
        )
        choices: dict[str, Any] = {"width_multipliers": multipliers, "expands": expands}
        sizes: dict[str, Any] = {"stem_width": full[0], "stages": stages}
        return OfaResNet50(replace(of, preset="", resolutions=(resolution,), **choices, **sizes))

    def size_formula(self) -> str:
        definition = self.definition
        n_widths, n_expands = len(definition.width_multipliers), len(definition.expands)
        factors = [str(len(definition.resolutions)), str(len(MIDDLE)), *[str(n_widths)] * 2]
        for stage in definition.stages:
            depths = formulas.depths(n_expands, definition.depths(stage))
            factors.append(formulas.product([str(n_widths), depths]))
        return formulas.product(factors)

    def size_note(self) -> str:
        n_choices = len(self.definition.width_multipliers)
        n_widths = len(set(self.layout.stem[0].cout.values))
        if n_widths == n_choices:
            return ""
        return (
            f"In the middle of the stem {n_choices} multipliers give {n_widths} widths: "
            f"the choices are counted as published, {self.size() * n_widths // n_choices:.3g} "
            "networks differ."
        )


def _stem(definition: OfaResNetDefinition, genes: list[Gene]) -> tuple[StemConvolution, ...]:
    """Three convolutions, the middle one with a shortcut and left out at will."""
    wide = definition.widths(definition.stem_width)
    half = tuple(rounded_channels(width // 2) for width in wide)
    middle, first, last = len(genes), len(genes) + 1, len(genes) + 2
    genes += [
        Gene("stem.middle", MIDDLE, "stem", dimension="depth"),
        Gene("stem.middle_width", definition.width_multipliers, "stem", dimension="width"),
        Gene("stem.width", definition.width_multipliers, "stem", dimension="width"),
    ]
    narrow = Choice(half, first)
    colours, is_kept = Choice((definition.in_channels,)), Choice((False, True), middle)
    return (
        StemConvolution(colours, narrow, KERNEL, definition.stem_stride),
        StemConvolution(narrow, narrow, KERNEL, 1, is_kept, shortcut=True),
        StemConvolution(narrow, Choice(wide, last), KERNEL, 1),
    )


def _blocks(definition: OfaResNetDefinition, genes: list[Gene], cin: Choice) -> Iterator[Block]:
    """The blocks of all stages; appends their genes."""
    for index, stage in enumerate(definition.stages):
        name, group = f"stage{index + 1}", f"stage {index + 1}"
        depths = definition.depths(stage)
        depth, width = (
            Choice(depths, len(genes)),
            Choice(definition.widths(stage.width), len(genes) + 1),
        )
        genes.append(Gene(f"{name}.depth", depths, group, dimension="depth"))
        widths = definition.width_multipliers
        genes.append(Gene(f"{name}.width", widths, group, dimension="width"))
        for position in range(max(depths)):
            least = next(i for i, d in enumerate(depths) if d > position)
            expand = Choice(definition.expands, len(genes))
            label = f"{name}.block{position + 1}.expand"
            genes.append(Gene(label, definition.expands, group, depth.gene, least, "width"))
            is_first = position == 0
            yield Block(
                kind="bottleneck",
                shortcut="average pool" if is_first else "identity",
                stride=stage.stride if is_first else 1,
                stage=index,
                position=position,
                depth=depth,
                cin=cin if is_first else width,
                cout=width,
                expand=expand,
                kernel=Choice((KERNEL,)),
            )
        cin = width


def _collisions(definition: OfaResNetDefinition) -> dict[str, list[str]]:
    """Options that are the same once channels are rounded to multiples of 8."""
    found = {}
    for width in (definition.stem_width, *(stage.width for stage in definition.stages)):
        widths = definition.widths(width)
        if not _differ(widths):
            found["width_multipliers"] = [f"At width {width} they give {_listed(widths)}."]
    for stage in definition.stages:
        for cout in definition.widths(stage.width):
            mids = [middle_channels(cout, expand) for expand in definition.expands]
            if not _differ(mids):
                found["expands"] = [f"With {cout} output channels they give {_listed(mids)}."]
    return found


def _differ(channels: Sequence[int]) -> bool:
    return len(set(channels)) == len(channels)


def _listed(channels: Sequence[int]) -> str:
    return f"{', '.join(map(str, channels))} channels: all must differ"
