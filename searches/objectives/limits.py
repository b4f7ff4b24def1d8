"""Limits: what an architecture may cost at most, or must reach at least."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from searches.objectives.measures import (
    COSTS,
    Measure,
    MeasuredValue,
    display,
    display_beyond,
    key,
)
from searches.objectives.objectives import InvalidObjective, checked_fields

Floats = npt.NDArray[np.float64]
Statistic = Literal["value", "upper"]


@dataclass(frozen=True)
class Limit:
    """Bounds on a measure, in its unit.

    Attributes:
        statistic: "value" judges the value itself; "upper" the pessimistic end of its interval
            (the high end for `at_most`, the low end for `at_least`), or the value without one.
    """

    measure: str
    device: int | None = None
    at_most: float | None = None
    at_least: float | None = None
    statistic: Statistic = "value"

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.at_most, self.at_least) if bound is not None]
        if not bounds:
            raise InvalidObjective(f"The limit on {self.key} has no bound.")
        if not all(math.isfinite(bound) for bound in bounds):
            raise InvalidObjective(f"The limit on {self.key} must be a finite number.")
        if len(bounds) == 2 and bounds[0] < bounds[1]:
            raise InvalidObjective(f"The limit on {self.key} asks for more than it allows.")
        if self.statistic not in ("value", "upper"):
            raise InvalidObjective(f"Statistic {self.statistic!r} is neither value nor upper.")

    @property
    def key(self) -> str:
        return key(self.measure, self.device)

    def violation(self, measured: MeasuredValue | None) -> float:
        """How far the limit is exceeded: 0 when met, infinite when the value is unknown."""
        if measured is None:
            return math.inf
        low, high = self.judged(measured)
        return float(self.excess(np.array([low]), np.array([high]))[0])

    def judged(self, measured: MeasuredValue) -> tuple[float, float]:
        """What `at_least` and what `at_most` looks at."""
        if self.statistic == "upper" and measured.spread is not None:
            return measured.spread
        return measured.value, measured.value

    def loosened(self, measured: MeasuredValue, known: Mapping[str, Measure], device: str) -> str:
        """What a cost that exceeds the limit would keep to, such as "Latency on Pixel 1 25 ms"."""
        low, high = self.judged(measured)
        is_above = self.at_most is not None and high > self.at_most
        bound = display_beyond(known[self.measure], high if is_above else low, up=is_above)
        end = (" (upper end)" if is_above else " (lower end)") if low < high else ""
        return f"{self.label(known, device)} {bound}{end}"

    def label(self, known: Mapping[str, Measure], device: str) -> str:
        measure = known.get(self.measure)
        name = measure.label if measure else self.measure
        return f"{name} on {device}" if device else name

    def excess(self, low: npt.ArrayLike, high: npt.ArrayLike) -> Floats:
        """Violations of many architectures at once.

        Args:
            low: [n] what `at_least` judges.
            high: [n] what `at_most` judges.

        Returns:
            [n] excess over the bound, relative to it unless it is 0; infinite for NaN.
        """
        lows, highs = np.asarray(low, np.float64), np.asarray(high, np.float64)
        worst = np.zeros(lows.shape)
        if self.at_most is not None:
            worst = np.maximum(worst, (highs - self.at_most) / (abs(self.at_most) or 1.0))
        if self.at_least is not None:
            worst = np.maximum(worst, (self.at_least - lows) / (abs(self.at_least) or 1.0))
        return np.where(np.isnan(worst), np.inf, worst)

    def text(self, known: Mapping[str, Measure] = COSTS, device: str = "") -> str:
        """The limit for people, such as "Latency on Pixel 1 at most 20 ms".

        Args:
            known: measures by name.
            device: name of the device, for measures that need one.
        """
        measure = known.get(self.measure) or Measure(self.measure, self.measure, "-", "min")
        parts = []
        if self.at_most is not None:
            parts.append(f"at most {display(measure, self.at_most)}")
        if self.at_least is not None:
            parts.append(f"at least {display(measure, self.at_least)}")
        return f"{self.label(known, device)} {' and '.join(parts)}"

    def to_json(self) -> dict[str, Any]:
        return {name: v for name, v in asdict(self).items() if v is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Limit":
        """The limit that `data` spells out.

        Raises:
            InvalidObjective: an unknown field, a value of the wrong type, or no bound.
        """
        return cls(**checked_fields(cls, data))


def total_violation(limits: Sequence[Limit], measures: Mapping[str, MeasuredValue]) -> float:
    """Sum of the violations: 0 exactly when all limits are met."""
    return sum((limit.violation(measures.get(limit.key)) for limit in limits), 0.0)
