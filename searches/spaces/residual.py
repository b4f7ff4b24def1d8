"""A plain residual space: depth and width of every stage, resolution, kernels if wanted.

Source: the ResNets of He, Zhang, Ren, Sun: Deep Residual Learning, CVPR 2016 (arXiv 1512.03385),
table 1, are points of it: depths 2, 2, 2, 2 and widths 64 to 512 with basic blocks are ResNet-18.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from searches.spaces import formulas
from searches.spaces.base import Gene
from searches.spaces.definitions import number, one_of, options, problems, read
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.residual_layout import (
    Block,
    Choice,
    Layout,
    ResidualSpace,
    Shortcut,
    StemConvolution,
)
from searches.spaces.scaling import channels

FAMILY = "residual"


@dataclass(frozen=True)
class ResidualStage:
    """One stage: blocks of one width, the first of them with the stride.

    Attributes:
        widths: options of the output channels; the input is as wide as the stage before.
        depths: options of the number of blocks.
        kernels: options for each block, of its 3×3 convolutions.
    """

    widths: tuple[int, ...] = options(1, 4096)
    depths: tuple[int, ...] = options(1, 24)
    stride: int = one_of(1, 2)
    kernels: tuple[int, ...] = options(3, 7, default=(3,))


@dataclass(frozen=True)
class ResidualDefinition:
    """Everything that fixes the space.

    Attributes:
        resolutions: side of the square input image.
        block: "basic" (two convolutions) or "bottleneck" (1×1, k×k, 1×1).
        shortcut: what brings a shortcut to another shape: a 1×1 "convolution" with the stride,
            or an "average pool" with it and then a 1×1 convolution.
        stem_pool: 3×3 maximum pool with stride 2 after the stem.
        expand: middle channels of a bottleneck as a share of its output channels.
    """

    stages: tuple[ResidualStage, ...]
    resolutions: tuple[int, ...] = options(8, 512)
    in_channels: int = one_of(1, 3, default=3)
    n_classes: int = number(2, 1_000_000, default=1000)
    block: str = one_of("basic", "bottleneck", default="basic")
    shortcut: str = one_of("convolution", "average pool", default="convolution")
    stem_width: int = number(1, 4096, default=64)
    stem_kernel: int = one_of(3, 5, 7, default=7)
    stem_stride: int = one_of(1, 2, default=2)
    stem_pool: bool = True
    expand: float = number(0.05, 4, default=0.25)
    preset: str = ""
    family: str = one_of(FAMILY, default=FAMILY)

    def __post_init__(self) -> None:
        found = problems(self)
        for index, stage in enumerate(self.stages):
            if any(kernel % 2 == 0 for kernel in stage.kernels):
                found[f"stages[{index}].kernels"] = ["Kernels must be odd."]
        if found:
            raise InvalidSpace(found)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ResidualDefinition":
        """The definition that `data` spells out.

        Raises:
            InvalidSpace: a field is missing, unknown or impossible.
        """
        return read(cls, data)


class Residual(ResidualSpace):
    """Genes: resolution; per stage depth, width and, where there is a choice, every kernel."""

    family = FAMILY
    definition_class = ResidualDefinition

    def __init__(self, definition: ResidualDefinition):
        self.definition = definition
        genes = [Gene("resolution", definition.resolutions, "input", dimension="resolution")]
        blocks = list(_blocks(definition, genes))
        stem = StemConvolution(
            cin=Choice((definition.in_channels,)),
            cout=Choice((definition.stem_width,)),
            kernel=definition.stem_kernel,
            stride=definition.stem_stride,
        )
        layout = Layout(
            definition.in_channels,
            definition.n_classes,
            Choice(definition.resolutions, 0),
            (stem,),
            definition.stem_pool,
            tuple(blocks),
        )
        self._build(genes, layout)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Residual":
        return cls(ResidualDefinition.from_json(data))

    def to_json(self) -> dict[str, Any]:
        return asdict(self.definition)

    def with_data(self, *, in_channels: int, n_classes: int) -> "Residual":
        return Residual(replace(self.definition, in_channels=in_channels, n_classes=n_classes))

    def scaled(self, width: float, resolution: int) -> "Residual":
        """As `scaling.Scalable`: the stem and all width options alike."""
        stages = tuple(
            replace(stage, widths=tuple(sorted({channels(w, width) for w in stage.widths})))
            for stage in self.definition.stages
        )
        stem_width = channels(self.definition.stem_width, width)
        changed = replace(self.definition, stem_width=stem_width, stages=stages, preset="")
        return Residual(replace(changed, resolutions=(resolution,)))

    def size_formula(self) -> str:
        factors = [str(len(self.definition.resolutions))]
        for stage in self.definition.stages:
            depths = formulas.depths(len(stage.kernels), stage.depths)
            factors.append(formulas.product([str(len(stage.widths)), depths]))
        return formulas.product(factors)


def _blocks(definition: ResidualDefinition, genes: list[Gene]) -> Iterator[Block]:
    """The blocks of all stages; appends their genes."""
    cin = Choice((definition.stem_width,))
    for index, stage in enumerate(definition.stages):
        name, group = f"stage{index + 1}", f"stage {index + 1}"
        depth = Choice(stage.depths, len(genes))
        genes.append(Gene(f"{name}.depth", stage.depths, group, dimension="depth"))
        width = Choice(stage.widths, len(genes))
        genes.append(Gene(f"{name}.width", stage.widths, group, dimension="width"))
        for position in range(max(stage.depths)):
            is_first = position == 0
            yield Block(
                kind="basic" if definition.block == "basic" else "bottleneck",
                shortcut=_shortcut(definition, cin, index) if is_first else "identity",
                stride=stage.stride if is_first else 1,
                stage=index,
                position=position,
                depth=depth,
                cin=cin if is_first else width,
                cout=width,
                expand=Choice((definition.expand,)),
                kernel=_kernel(stage, genes, index, position, depth),
            )
        cin = width


def _shortcut(definition: ResidualDefinition, cin: Choice, index: int) -> Shortcut:
    """Of the first block of a stage: the identity only if no architecture changes the shape."""
    stage = definition.stages[index]
    if stage.stride == 1 and len(stage.widths) == 1 and cin.values == stage.widths:
        return "identity"
    return "convolution" if definition.shortcut == "convolution" else "average pool"


def _kernel(
    stage: ResidualStage, genes: list[Gene], index: int, position: int, depth: Choice
) -> Choice:
    """A gene for the block's kernel, if there is a choice."""
    if len(stage.kernels) == 1:
        return Choice(stage.kernels)
    least = next(i for i, d in enumerate(stage.depths) if d > position)
    name, group = f"stage{index + 1}.block{position + 1}.kernel", f"stage {index + 1}"
    genes.append(Gene(name, stage.kernels, group, depth.gene, least, "kernel"))
    return Choice(stage.kernels, len(genes) - 1)
