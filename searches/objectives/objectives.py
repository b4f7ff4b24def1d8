"""Objectives: what a run optimises, turned into losses so that the engine only minimises."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt

from searches.objectives.measures import Direction, Measure, MeasuredValue, key

MOST_OBJECTIVES = 5
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

    def from_loss(self, loss: float) -> float:
        """The value in its own unit and direction."""
        return -loss if self.direction == "max" else loss

    def is_better(self, value: float, other: float) -> bool:
        return self.to_loss(value) < self.to_loss(other)

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


def repeated(keys: Sequence[str]) -> list[str]:
    """Those that occur more than once, each once."""
    return [name for name in dict.fromkeys(keys) if keys.count(name) > 1]


def losses(
    objectives: Sequence[Objective], measures: Mapping[str, MeasuredValue]
) -> tuple[float, ...] | None:
    """The losses in the order of the objectives; None when one is missing or not finite."""
    values = [measures[o.key].value if o.key in measures else math.nan for o in objectives]
    if not all(map(math.isfinite, values)):
        return None
    return tuple(o.to_loss(value) for o, value in zip(objectives, values, strict=True))


def reference_losses(objectives: Sequence[Objective]) -> npt.NDArray[np.float64]:
    """The reference point of the hypervolume as losses: [m].

    Raises:
        InvalidObjective: an objective has no reference yet.
    """
    return np.array([o.to_loss(_known(o, o.reference, "reference")) for o in objectives])


def ideal_losses(objectives: Sequence[Objective]) -> npt.NDArray[np.float64]:
    """The ideal point as losses: [m]."""
    return np.array([o.to_loss(_known(o, o.ideal, "ideal")) for o in objectives])


def _known(objective: Objective, value: float | None, what: str) -> float:
    if value is None or not math.isfinite(value):
        raise InvalidObjective(f"Objective {objective.key} has no {what} value.")
    return value


def problems(objectives: Sequence[Objective], known: Mapping[str, Measure]) -> list[str]:
    """What is wrong with the objectives of a run; empty when they can be searched for.

    Args:
        objectives: as asked for.
        known: the target's quality measures and the costs, by name.
    """
    found = []
    if not 1 <= len(objectives) <= MOST_OBJECTIVES:
        found.append(f"Choose 1 to {MOST_OBJECTIVES} objectives, not {len(objectives)}.")
    keys = [objective.key for objective in objectives]
    found += [f"Objective {name} is there twice." for name in repeated(keys)]
    for objective in objectives:
        found += measure_problems(objective.measure, objective.device, known)
        measure = known.get(objective.measure)
        if measure is not None and objective.direction != measure.direction:
            wish = "smaller" if measure.direction == "min" else "larger"
            found.append(f"{measure.label}: {wish} is better, so it is “{measure.direction}”.")
    return found


def measure_problems(name: str, device: int | None, known: Mapping[str, Measure]) -> list[str]:
    """Whether the measure exists, and names a device exactly when it needs one."""
    if name not in known:
        return [f"There is no measure “{name}”. Known: {', '.join(known)}."]
    measure = known[name]
    if measure.needs_device and device is None:
        return [f"{measure.label} needs a device."]
    if not measure.needs_device and device is not None:
        return [f"{measure.label} does not depend on a device."]
    return []
