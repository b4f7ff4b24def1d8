"""What an OFA-MobileNetV3 space is made of: numbers only, so that tuning a space changes no code.

Source: Cai, Gan, Wang, Zhang, Han: Once-for-All, ICLR 2020 (arXiv 1908.09791), section 3.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from devices.profiles.vocabulary import rounded_channels

FAMILY = "ofa_mobilenet_v3"
ACTIVATIONS = ("relu", "relu6", "hswish")
CHANNELS, STRIDES, SIDES, FEWEST_CLASSES = (1, 3), (1, 2), (1, 3, 5, 7), 2
WIDTHS, RESOLUTIONS = (1, 4096), (8, 512)
DEPTHS, KERNELS, EXPANDS = (1, 8), (3, 7), (1, 12)


def _within(least: float, most: float | None) -> Any:
    """A field that holds a number, or ascending options, within these ends."""
    return field(metadata={"range": (least, most), "is_ascending": True})


def _any() -> Any:
    return field()


def _one_of(*choices: Any) -> Any:
    return field(metadata={"choices": choices})


class InvalidSpace(ValueError):
    """A definition that describes no space: messages by field, as a form shows them."""

    def __init__(self, problems: Mapping[str, list[str]]):
        self.problems = dict(problems)
        super().__init__("; ".join(f"{k}: {' '.join(v)}" for k, v in self.problems.items()))


@dataclass(frozen=True)
class UnitDefinition:
    """One unit: `max(depths)` blocks of one width; the first d of them are kept.

    Attributes:
        stride: of the first block; the others have stride 1.
        depths, kernels, expands: the options, ascending; kernel and expand are chosen per block.
    """

    width: int = _within(*WIDTHS)
    stride: int = _one_of(*STRIDES)
    act: str = _one_of(*ACTIVATIONS)
    se: bool = _any()
    depths: tuple[int, ...] = _within(*DEPTHS)
    kernels: tuple[int, ...] = _within(*KERNELS)
    expands: tuple[float, ...] = _within(*EXPANDS)


@dataclass(frozen=True)
class BlockShape:
    """An MBConv block as every sub-network has it: what no gene changes."""

    cin: int
    cout: int
    stride: int
    act: str
    se: bool

    @property
    def skip(self) -> bool:
        return self.stride == 1 and self.cin == self.cout

    def mid(self, expand: float) -> int:
        """Channels between the two 1×1 convolutions."""
        return rounded_channels(self.cin * expand)


@dataclass(frozen=True)
class MobileDefinition:
    """Everything that fixes the space; kernels are square, padding is kernel // 2.

    Attributes:
        first_*: the MBConv after the stem, which has no expansion convolution (mid = cin).
        final_width: 1×1 convolution with BatchNorm at the end of the feature maps.
        mix_width: 1×1 convolution without BatchNorm and bias after global average pooling.
        resolutions: side of the square input image, ascending.
    """

    in_channels: int = _one_of(*CHANNELS)
    n_classes: int = _within(FEWEST_CLASSES, None)
    resolutions: tuple[int, ...] = _within(*RESOLUTIONS)
    stem_width: int = _within(*WIDTHS)
    stem_kernel: int = _one_of(*SIDES)
    stem_stride: int = _one_of(*STRIDES)
    stem_act: str = _one_of(*ACTIVATIONS)
    first_width: int = _within(*WIDTHS)
    first_kernel: int = _one_of(*SIDES)
    first_stride: int = _one_of(*STRIDES)
    first_act: str = _one_of(*ACTIVATIONS)
    first_se: bool = _any()
    units: tuple[UnitDefinition, ...] = _any()
    final_width: int = _within(*WIDTHS)
    final_act: str = _one_of(*ACTIVATIONS)
    mix_width: int = _within(*WIDTHS)
    mix_act: str = _one_of(*ACTIVATIONS)
    preset: str = ""
    family: str = FAMILY

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            raise InvalidSpace(problems)

    @property
    def first_block(self) -> BlockShape:
        return BlockShape(
            self.stem_width, self.first_width, self.first_stride, self.first_act, self.first_se
        )

    def block(self, unit: int, position: int) -> BlockShape:
        """The block at `position` (from 0) of `unit` (from 0)."""
        this = self.units[unit]
        if position > 0:
            return BlockShape(this.width, this.width, 1, this.act, this.se)
        before = self.units[unit - 1].width if unit > 0 else self.first_width
        return BlockShape(before, this.width, this.stride, this.act, this.se)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MobileDefinition":
        """The definition that `data` spells out.

        Raises:
            InvalidSpace: a field is missing, unknown or impossible.
        """
        _check_names(cls, data, "")
        units = data["units"]
        if not isinstance(units, list | tuple) or not units:
            raise InvalidSpace({"units": ["A list of at least one unit is needed."]})
        values = {**data, "units": tuple(_unit(u, i) for i, u in enumerate(units))}
        values["resolutions"] = _options(data["resolutions"], "resolutions")
        return cls(**values)


def _unit(data: Any, index: int) -> UnitDefinition:
    where = f"units[{index}]."
    if not isinstance(data, Mapping):
        raise InvalidSpace({where[:-1]: ["Not an object."]})
    _check_names(UnitDefinition, data, where)
    lists = {n: _options(data[n], where + n) for n in ("depths", "kernels", "expands")}
    return UnitDefinition(**{**data, **lists})


def _options(value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise InvalidSpace({where: ["A list of at least one number is needed."]})
    allowed = (int, float) if where.endswith("expands") else (int,)
    if not all(type(item) in allowed and math.isfinite(item) for item in value):
        kind = "numbers" if float in allowed else "whole numbers"
        raise InvalidSpace({where: [f"All options must be {kind}."]})
    return tuple(value)


def _check_names(cls: type[Any], data: Mapping[str, Any], where: str) -> None:
    """Refuse unknown and missing names, and values of another type than the field's."""
    known = {f.name: f for f in fields(cls)}
    problems = {where + name: ["Unknown field."] for name in data if name not in known}
    for name, of in known.items():
        if name not in data:
            if name not in ("preset", "family"):
                problems[where + name] = ["This field is missing."]
        elif of.type in (int, str, bool) and type(data[name]) is not of.type:
            problems[where + name] = [f"Must be of type {of.type.__name__}."]  # type: ignore[union-attr]
    if problems:
        raise InvalidSpace(problems)


def _problems(definition: MobileDefinition) -> dict[str, list[str]]:
    """Messages by field, empty for a sound definition."""
    found: dict[str, list[str]] = {}
    if definition.family != FAMILY:
        found["family"] = [f"Must be “{FAMILY}”."]
    if definition.n_classes < FEWEST_CLASSES:
        found["n_classes"] = ["At least 2 classes are needed."]
    if definition.in_channels not in CHANNELS:
        found["in_channels"] = ["Must be 1 (grey) or 3 (colour)."]
    _check_options(found, "resolutions", definition.resolutions, RESOLUTIONS)
    _check_numbers(found, definition, "")
    for index, unit in enumerate(definition.units):
        _check_numbers(found, unit, f"units[{index}].")
        _check_unit(found, definition, index)
    return found


def _check_numbers(found: dict[str, list[str]], part: Any, where: str) -> None:
    """Widths, strides, kernels and activations of the definition or of one of its units."""
    for of in fields(part):
        value, place = getattr(part, of.name), where + of.name
        if of.name.endswith("width") and not (WIDTHS[0] <= value <= WIDTHS[1]):
            found[place] = [f"Must lie between {WIDTHS[0]} and {WIDTHS[1]}."]
        if of.name.endswith("stride") and value not in STRIDES:
            found[place] = ["Must be 1 or 2."]
        if of.name.endswith("kernel") and value not in SIDES:
            found[place] = ["Must be 1, 3, 5 or 7."]
        if of.name.endswith("act") and value not in ACTIVATIONS:
            found[place] = [f"Must be one of {', '.join(ACTIVATIONS)}."]


def _check_unit(found: dict[str, list[str]], definition: MobileDefinition, index: int) -> None:
    unit, where = definition.units[index], f"units[{index}]."
    _check_options(found, where + "depths", unit.depths, DEPTHS)
    _check_options(found, where + "kernels", unit.kernels, KERNELS)
    _check_options(found, where + "expands", unit.expands, EXPANDS)
    if any(kernel % 2 == 0 for kernel in unit.kernels):
        found[where + "kernels"] = ["Kernels must be odd."]
    if where + "expands" in found:
        return
    for position in range(2):
        shape = definition.block(index, position)
        mids = [shape.mid(expand) for expand in unit.expands]
        if len({shape.cin, *mids}) <= len(mids):
            found[where + "expands"] = [
                f"With {shape.cin} input channels these give {', '.join(map(str, mids))} middle "
                f"channels: all must differ, and be more than {shape.cin}."
            ]


def _check_options(
    found: dict[str, list[str]], where: str, options: Sequence[float], ends: tuple[int, int]
) -> None:
    least, most = ends
    if list(options) != sorted(set(options)):
        found[where] = ["Options must ascend, each once."]
    elif options[0] < least or options[-1] > most:
        found[where] = [f"Options must lie between {least} and {most}."]
