"""What architectures cost on a run's devices. Free of torch: services ask it, too.

Every operation of the space is priced once per device; an architecture is then a gather and a
sum. Cost keys are "latency@7" on device 7 and "storage" without a device.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from devices.models import ProfileVersion
from devices.profiles.cost import CostModel
from devices.profiles.cost_table import Costs, CostTable
from devices.profiles.profile import Profile
from searches.objectives.limits import Limit
from searches.objectives.measures import (
    COST_PROVENANCES,
    COSTS,
    Measure,
    MeasuredValue,
    Measures,
    display_beyond,
    key,
)
from searches.objectives.objectives import Objective
from searches.spaces.base import Aggregate, Genes, SearchSpace

Floats = npt.NDArray[np.float64]

# Names of the arrays of Costs; latency also has an interval and a provenance per architecture.
COLUMNS = {
    "latency": "latency_ms",
    "energy": "energy_mj",
    "storage": "storage_bytes",
    "peak_memory": "peak_memory_bytes",
    "macs": "macs",
    "parameters": "parameters",
}
LOW_END, HIGH_END = "latency_low_ms", "latency_high_ms"
# Rounds and samples of the search for one architecture within all limits at once.
FEASIBLE_SAMPLES = 2048
CLIMB_STEPS = 100
CLIMB_NEIGHBOURS = 4096
FEASIBLE_ROUNDS = 40
FEASIBLE_CHILDREN = 128


@dataclass(frozen=True)
class Bound:
    """The smallest and largest value of a cost over the space, and who has them."""

    minimum: float
    maximum: float
    cheapest: Genes
    dearest: Genes


@lru_cache(maxsize=16)
def _table(space: SearchSpace, version_id: int | None, sha256: str) -> CostTable:  # noqa: ARG001
    """Kept by the profile's hash as well: the hash, not the number, says what it holds."""
    if version_id is None:
        return CostModel(None).table(space.operation_table())
    version = ProfileVersion.objects.get(pk=version_id)
    model = CostModel(Profile.from_dict(version.document), fits=version.fits, allow_analytic=True)
    return model.table(space.operation_table())


class Costing:
    """Costs of the architectures of one space on some devices.

    Args:
        space: adjusted to the data set.
        versions: device id -> the profile version that the run is bound to.
    """

    def __init__(self, space: SearchSpace, versions: dict[int, ProfileVersion]):
        self.space, self.versions = space, versions
        self._tables: dict[int | None, CostTable] = {None: _table(space, None, "")}
        for device, version in versions.items():
            self._tables[device] = _table(space, version.pk, version.content_sha256)
        # Nothing is known of the layers behind a table of results.
        self.has_costs = bool(space.operation_table())

    def knows(self, measure: str, device: int | None) -> bool:
        """Whether the device's profile can give this cost at all."""
        if not self.has_costs:
            return False
        if measure in ("latency", "energy"):
            table = self._tables.get(device) if device is not None else None
            return table is not None and bool(getattr(table, f"has_{measure}"))
        return measure in COLUMNS

    def table(self, device: int | None) -> CostTable:
        """The cost of each row of the space's operation table; None: what needs no device."""
        return self._tables[device]

    def costs(self, population: Sequence[Genes], device: int | None) -> Costs:
        indices = self.space.operation_indices(as_table(population))
        return self._tables[device].total(indices)

    def values(self, population: Sequence[Genes], measure: str, device: int | None) -> Floats:
        table_of = device if measure in ("latency", "energy") else None
        column = getattr(self.costs(population, table_of), COLUMNS[measure])
        return np.asarray(column, dtype=float)

    def losses(self, population: Sequence[Genes], objectives: Sequence[Objective]) -> Floats:
        """[n, n_objectives] losses of the costs; NaN for what only an evaluation tells."""
        found = np.full((len(population), len(objectives)), np.nan)
        for column, objective in enumerate(objectives):
            if objective.measure in COLUMNS and len(population):
                values = self.values(population, objective.measure, objective.device)
                found[:, column] = -values if objective.direction == "max" else values
        return found

    def measures(self, population: Sequence[Genes]) -> list[Measures]:
        """All costs of each architecture, with provenance and source."""
        found: list[Measures] = [{} for _ in population]
        if not self.has_costs:
            return found
        free = self.costs(population, None)
        for name in ("storage", "peak_memory", "macs", "parameters"):
            column = getattr(free, COLUMNS[name])
            for measures, value in zip(found, column, strict=True):
                unit = COSTS[name].unit
                measures[name] = MeasuredValue(float(value), unit, provenance="analytic")
        for device, version in self.versions.items():
            self._add_device(found, self.costs(population, device), device, version)
        return found

    def _add_device(
        self, found: list[Measures], costs: Costs, device: int, version: ProfileVersion
    ) -> None:
        source = f"device {device}, version {version.number}, {version.content_sha256[:12]}"
        for row, measures in enumerate(found):
            if self.knows("latency", device):
                measures[key("latency", device)] = MeasuredValue(
                    float(costs.latency_ms[row]),
                    "ms",
                    provenance=COST_PROVENANCES[int(costs.provenance[row])],
                    spread=(float(costs.latency_low_ms[row]), float(costs.latency_high_ms[row])),
                    source=source,
                )
            if self.knows("energy", device):
                measures[key("energy", device)] = MeasuredValue(
                    float(costs.energy_mj[row]),
                    "mJ",
                    provenance=COST_PROVENANCES[int(costs.energy_provenance[row])],
                    source=source,
                )

    def bound(self, measure: str, device: int | None) -> Bound:
        """The reachable extremes of one cost."""
        ends = [self._extreme(measure, device, largest=largest) for largest in (False, True)]
        (low, cheapest), (high, dearest) = ends
        return Bound(low, high, cheapest, dearest)

    def _extreme(self, measure: str, device: int | None, *, largest: bool) -> tuple[float, Genes]:
        """Exact where the cost adds up over operations; peak memory, a maximum plus a sum, climbs
        from the exact extremes of its two parts.
        """
        table = self._tables[device if measure in ("latency", "energy") else None]
        parts: list[tuple[Floats, Aggregate]]
        if measure == "peak_memory":
            parts = [
                (np.asarray(table.peak_bytes, dtype=float), "max"),
                (np.asarray(table.weight_bytes, dtype=float), "sum"),
            ]
        else:
            parts = [(table.slot_costs(measure)[0], "sum")]
        found = [self.space.extreme(v, aggregate=a, largest=largest)[1] for v, a in parts]
        if measure == "peak_memory":
            return self._climb(found, COLUMNS[measure], None, largest=largest)
        return float(self.values(found, measure, device)[0]), found[0]

    def limited(self, limit: Limit) -> Bound:
        """The extremes of what the limit judges: `minimum` is the least that `at_most` can ask.

        The ends of an interval do not add up over operations: they climb from the exact extremes
        of the value.
        """
        bound = self.bound(limit.measure, limit.device)
        if not _judges_interval(limit):
            return bound
        low, cheapest = self._climb([bound.cheapest], HIGH_END, limit.device, largest=False)
        high, dearest = self._climb([bound.dearest], LOW_END, limit.device, largest=True)
        return Bound(low, high, cheapest, dearest)

    def _climb(
        self, start: list[Genes], column: str, device: int | None, *, largest: bool
    ) -> tuple[float, Genes]:
        """From the best of `start` to the best neighbour, until none is better; bounded."""
        pick = np.argmax if largest else np.argmin
        pool = start
        for _ in range(CLIMB_STEPS):
            values = np.asarray(getattr(self.costs(pool, device), column), dtype=float)
            best = int(pick(values))
            if best == 0 and pool is not start:
                break
            around = islice(self.space.neighbours(pool[best]), CLIMB_NEIGHBOURS)
            pool = [pool[best], *around]
        return float(values[best]), pool[best]

    def violations(self, population: Sequence[Genes], limits: Sequence[Limit]) -> Floats:
        """[n] sum of the relative excess over each cost limit; 0 = within all of them."""
        total = np.zeros(len(population))
        limits = [limit for limit in limits if limit.measure in COLUMNS]
        if not limits or not len(population):
            return total
        for limit in limits:
            total += self._excess(population, limit)
        return total

    def _excess(self, population: Sequence[Genes], limit: Limit) -> Floats:
        needs_device = limit.measure in ("latency", "energy")
        costs = self.costs(population, limit.device if needs_device else None)
        if _judges_interval(limit):
            return limit.excess(costs.latency_low_ms, costs.latency_high_ms)
        values = np.asarray(getattr(costs, COLUMNS[limit.measure]), dtype=float)
        return limit.excess(values, values)

    def most_feasible(self, limits: Sequence[Limit], rng: Random) -> tuple[Genes, float]:
        """An architecture that meets all cost limits, or the best of a bounded search.

        Random samples and the ends of each limit's cost, then mutations of the best so far.

        Returns:
            Its genes and its violation; 0 means that it meets them all.
        """
        costly = [limit for limit in limits if limit.measure in COLUMNS]
        pool = [self.space.sample(rng) for _ in range(FEASIBLE_SAMPLES)]
        for limit in costly:
            bound = self.limited(limit)
            pool += [bound.cheapest, bound.dearest]
        for _ in range(FEASIBLE_ROUNDS):
            violations = self.violations(pool, costly)
            best = int(np.argmin(violations))
            if violations[best] == 0:
                break
            children = [self.space.mutate(pool[best], rng) for _ in range(FEASIBLE_CHILDREN)]
            pool = [pool[best], *children]
        return pool[best], float(violations[best])


def as_table(population: Sequence[Genes]) -> npt.NDArray[Any]:
    """[n, n_genes] options; four times as fast as NumPy, which looks at each number by itself."""
    try:
        flat = b"".join(map(bytes, population))  # options below 256, as those of all spaces are
    except (TypeError, ValueError):
        return np.asarray(population)
    return np.frombuffer(flat, dtype=np.uint8).reshape(len(population), -1)


def _judges_interval(limit: Limit) -> bool:
    return limit.statistic == "upper" and limit.measure == "latency"


def unreachable(
    limit: Limit, bound: Bound, device: str = "", known: Mapping[str, Measure] = COSTS
) -> str:
    """Why no architecture can meet the limit alone, and what can be met; empty when some can.

    Args:
        limit: of a cost, or of another measure whose ends are known.
        bound: as `Costing.limited` gives it for this limit.
        device: name of the limit's device.
        known: measures by name.
    """
    measure, asked = known[limit.measure], limit.text(known, device)
    high, low = (" upper", " lower") if _judges_interval(limit) else ("", "")
    if limit.at_most is not None and bound.minimum > limit.at_most:
        least = display_beyond(measure, bound.minimum, up=True)
        return (
            f"No network of this space has {asked}: the smallest reachable{high} value is {least}."
        )
    if limit.at_least is not None and bound.maximum < limit.at_least:
        most = display_beyond(measure, bound.maximum, up=False)
        return f"No network of this space has {asked}: the largest reachable{low} value is {most}."
    return ""


def scale_of(objective: Objective, costing: Costing, *, trivial: float) -> dict[str, float]:
    """Ideal and reference value of an objective, fixed before the search starts.

    Costs: the ends of the space. Quality: perfect, and what a trivial guesser reaches.
    """
    if objective.measure not in COLUMNS:
        return {"ideal": 1.0, "reference": trivial}
    bound = costing.bound(objective.measure, objective.device)
    return scale_between(objective, bound.minimum, bound.maximum)


def scale_between(objective: Objective, low: float, high: float) -> dict[str, float]:
    """The better of two ends is the ideal, the worse one the reference."""
    ideal, reference = (low, high) if objective.direction == "min" else (high, low)
    return {"ideal": ideal, "reference": reference}
