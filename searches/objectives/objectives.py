"""Objectives: what a run optimises, turned into losses so that the engine only minimises."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from types import NoneType
from typing import Any

from searches.objectives.measures import Direction, Measure, MeasuredValue, key

_TYPES: Mapping[str, tuple[type, ...]] = {
    "measure": (str,),
    "device": (int, NoneType),
    "direction": (str,),
    "unit": (str,),
    "statistic": (str,),
}


class InvalidObjective(ValueError):
    """An objective or limit that cannot be; the message says why."""


@dataclass(frozen=True)
class Objective:
    """A measure to be made small or large.

    Attributes:
        device: primary key of the device, for measures that need one; the run pins its version.
        reference: the worst value that counts for hypervolume, in the measure's unit.
        ideal: the best conceivable value, in the measure's unit.
    """

    measure: str
    device: int | None = None
    direction: Direction = "min"
    unit: str = ""
    reference: float | None = None
    ideal: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in ("min", "max"):
            raise InvalidObjective(f"Direction {self.direction!r} is neither min nor max.")

    @classmethod
    def of(
        cls,
        measure: Measure,
        *,
        device: int | None = None,
        reference: float | None = None,
        ideal: float | None = None,
    ) -> "Objective":
        """The objective for a measure, in the measure's own direction and unit."""
        return cls(measure.name, device, measure.direction, measure.unit, reference, ideal)

    @property
    def key(self) -> str:
        return key(self.measure, self.device)

    def to_loss(self, value: float) -> float:
        """`value` so that smaller is better."""
        return -value if self.direction == "max" else value

    def to_json(self) -> dict[str, Any]:
        return {name: v for name, v in asdict(self).items() if v is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Objective":
        """The objective that `data` spells out.

        Raises:
            InvalidObjective: an unknown field, or a value of the wrong type.
        """
        return cls(**checked_fields(cls, data))


def checked_fields(cls: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` when its names and types are those of an Objective or Limit."""
    known = {field.name for field in fields(cls)}
    if not isinstance(data, Mapping) or "measure" not in data or set(data) - known:
        raise InvalidObjective(f"Needed: “measure”; possible: {', '.join(sorted(known))}.")
    for name, value in data.items():
        wanted = _TYPES.get(name, (int, float, NoneType))
        if type(value) not in wanted:
            raise InvalidObjective(f"{name}: {value!r} is of the wrong type.")
    return dict(data)


def losses(
    objectives: Sequence[Objective], measures: Mapping[str, MeasuredValue]
) -> tuple[float, ...] | None:
    """The losses in the order of the objectives; None when one is missing or not finite."""
    values = [measures[o.key].value if o.key in measures else math.nan for o in objectives]
    if not all(map(math.isfinite, values)):
        return None
    return tuple(o.to_loss(value) for o, value in zip(objectives, values, strict=True))
