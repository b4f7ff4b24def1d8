"""What a search optimises and what it must keep to: one row per measure, or measure and device."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from devices.models import DeviceProfile
from frontend.fleet import Listed
from frontend.formats import within
from searches.datasets.known_table import measures_of
from searches.models import DataSet
from searches.objectives.measures import COSTS, Measure, key

# Units in which people type limits, and how many of the stored unit one of them is.
TYPED = {
    "accuracy": ("%", 0.01),
    "latency": ("ms", 1.0),
    "energy": ("mJ", 1.0),
    "storage": ("kB", 1e3),
    "peak_memory": ("kB", 1e3),
    "macs": ("million", 1e6),
    "parameters": ("thousand", 1e3),
}
GUESSES = "Accept limits that rest on guesses"
WHEN_GUESSES = (
    "Needed where most of a latency was neither measured on the device nor checked against whole "
    "networks."
)


@dataclass(frozen=True)
class Goal:
    """A measure that can be an objective and can have a limit.

    Attributes:
        table: data set whose column it is, for tables of known results.
        position: of the column among those that were measured.
        judge: name of the evaluator that alone tells it, for proxies.
    """

    measure: Measure
    device: DeviceProfile | None = None
    table: DataSet | None = None
    position: int = 0
    judge: str = ""

    @property
    def key(self) -> str:
        return key(self.measure.name, self.device.pk if self.device else None)

    @property
    def row(self) -> str:
        """Names its row on the page; what people call a column may be no name for that."""
        return f"table-{self.table.pk}-{self.position}" if self.table else self.key

    @property
    def field(self) -> str:
        return f"goal-{self.row}"

    @property
    def limit_field(self) -> str:
        return f"limit-{self.row}"

    @property
    def bound(self) -> str:
        return "at_least" if self.measure.direction == "max" else "at_most"

    @property
    def typed_unit(self) -> tuple[str, float]:
        if self.table:
            return self.measure.unit, 1
        known = TYPED.get(self.measure.name)
        return known or (("%", 0.01) if self.measure.kind == "quality" else (self.measure.unit, 1))

    def item(self) -> dict[str, Any]:
        """The goal as an objective of a request."""
        found: dict[str, Any] = {"measure": self.measure.name}
        return found | ({"device": self.device.pk} if self.device else {})

    def limit(self, typed: float) -> dict[str, Any]:
        """The goal as a limit of a request, in the stored unit."""
        return self.item() | {self.bound: float(f"{typed * self.typed_unit[1]:.12g}")}

    def typed(self, limit: Mapping[str, Any]) -> float | None:
        """The inverse of `limit`."""
        value = limit.get(self.bound)
        return None if value is None else float(f"{value / self.typed_unit[1]:.12g}")


def goals_of(qualities: Sequence[Measure], devices: Sequence[Listed]) -> list[Goal]:
    """Qualities, costs without a device, then what each device's profile can say."""
    goals = [Goal(measure) for measure in qualities]
    goals += [Goal(measure) for measure in COSTS.values() if not measure.needs_device]
    for row in devices:
        goals.append(Goal(COSTS["latency"], row.device))
        if row.has_energy:
            goals.append(Goal(COSTS["energy"], row.device))
    return goals


def of_judges(cards: Iterable[Mapping[str, Any]]) -> list[Goal]:
    """The proxies of each evaluator, as its card lists them."""
    return [
        Goal(Measure(**quality, kind="proxy"), judge=card["name"])
        for card in cards
        for quality in card["qualities"]
    ]


def of_tables(tables: Iterable[DataSet]) -> list[Goal]:
    """What was measured in each table of known results."""
    return [
        Goal(measure, table=table, position=position)
        for table in tables
        for position, measure in enumerate(measures_of(table.statistics))
    ]


def offered(goals: Sequence[Goal], dataset: Any, evaluator: Any) -> list[Goal]:
    """Those that go with a data set, which is a row, an id or nothing, and with an evaluator."""
    chosen = str(getattr(dataset, "pk", dataset))
    columns = [goal for goal in goals if goal.table and str(goal.table.pk) == chosen]
    if columns:
        return columns
    proxies = [goal for goal in goals if goal.judge and goal.judge == evaluator]
    hidden = "quality" if proxies else ""  # nothing is trained that would have one
    others = [goal for goal in goals if not goal.table and not goal.judge]
    return [*proxies, *(goal for goal in others if goal.measure.kind != hidden)]


def fields_of(goals: Sequence[Goal]) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for goal in goals:
        fields[goal.field] = forms.BooleanField(required=False, label=goal.measure.label)
        fields[goal.limit_field] = forms.FloatField(
            required=False,
            min_value=None if goal.measure.is_plain else 0,
            label=f"Limit on {within(goal.measure.label)}",
            widget=forms.NumberInput(attrs={"step": "any", "placeholder": "none"}),
        )
    return fields
