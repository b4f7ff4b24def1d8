"""What a person asks of a run, and everything that can be wrong with it before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from devices.models import DeviceProfile, ProfileVersion
from searches.datasets import known_table
from searches.evaluators.registry import EVALUATORS, EvaluatorCard
from searches.models import N_OBJECTIVES, DataSet, Run, Space, Supernet
from searches.objectives import combinations
from searches.objectives.cards import Card, Registry, UnknownEntry, load_object
from searches.objectives.limits import Limit
from searches.objectives.measures import COSTS, Measure
from searches.objectives.objectives import InvalidObjective, Objective
from searches.objectives.settings import SettingsError, build
from searches.runner import engine
from searches.runner.costing import COLUMNS, Bound, Costing, unreachable
from searches.runner.guesses import objection
from searches.services import warm
from searches.spaces.registry import FAMILIES
from searches.spaces.restriction import ONLY
from searches.strategies.registry import STRATEGIES, StrategyCard
from searches.targets.registry import TARGETS

MAX_BUDGET = 1_000_000
MAX_BATCH = 1_000
MAX_DEVICES = 8
PREDICTED = "predicted weights"

Errors = dict[str, list[str]]


@dataclass(frozen=True)
class RunRequest:
    """All choices of a new run, as they come from the form or the API.

    Attributes:
        devices: their newest versions are pinned when the run starts.
        objectives: `{"measure": "latency", "device": 3}`; one to five.
        limits: `{"measure": "latency", "device": 3, "at_most": 2.0}`.
        warm_start: an earlier run of the same person; the strategy begins with its trials.
        batch: trials that are asked and told together; None: a default by the budget.
        accept_guesses: limits may rest on latencies that were neither measured nor checked.
    """

    name: str
    dataset: DataSet
    space: Space
    devices: Sequence[DeviceProfile] = ()
    objectives: Sequence[Mapping[str, Any]] = ()
    limits: Sequence[Mapping[str, Any]] = ()
    target: str = "mobile"
    target_settings: Mapping[str, Any] = field(default_factory=dict)
    strategy: str = "nsga2"
    strategy_settings: Mapping[str, Any] = field(default_factory=dict)
    evaluator: str = "supernet"
    evaluator_settings: Mapping[str, Any] = field(default_factory=dict)
    budget: int = 200
    batch: int | None = None
    seed: int = 0
    supernet: Supernet | None = None
    warm_start: Run | None = None
    accept_guesses: bool = False

    def effective_batch(self) -> int:
        return self.batch or min(20, self.budget)


@dataclass
class Checked:
    """A request with its engine objects, and what is wrong with it."""

    request: RunRequest
    errors: Errors = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    objectives: list[Objective] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    costing: Costing | None = None

    @property
    def known(self) -> dict[str, Measure]:
        """What can be measured, by name."""
        return engine.known_measures(self.request)

    @property
    def is_tabular(self) -> bool:
        return engine.is_tabular(self.request.target)

    def add(self, place: str, message: str) -> None:
        self.errors.setdefault(place, []).append(message)


def check(request: RunRequest) -> Checked:
    """Everything that can be said without training or searching."""
    checked = Checked(request)
    _check_choices(checked)
    _check_numbers(checked)
    if {"dataset", "space"}.isdisjoint(checked.errors) and (reason := warm.problem(request)):
        checked.add("warm_start", reason)
    if "target" in checked.cards:
        _check_objectives(checked)
        _check_limits(checked)
    if not checked.errors.keys() & {"target", "dataset", "space", "devices"}:
        _check_costs(checked)
        _check_columns(checked)
        _precheck(checked)
    return checked


def _check_choices(checked: Checked) -> None:
    request = checked.request
    _choose(checked, "target", TARGETS, request.target, request.target_settings)
    _choose(checked, "strategy", STRATEGIES, request.strategy, request.strategy_settings)
    _choose(checked, "evaluator", EVALUATORS, request.evaluator, request.evaluator_settings)
    if request.dataset.status != DataSet.Status.READY:
        checked.add("dataset", f"“{request.dataset.name}” is not ready: {request.dataset.status}.")
    if len(checked.cards) == 3:
        found = combinations.problems(
            target=checked.cards["target"],
            dataset_kind=request.dataset.kind,
            space=offered_by(request.space),
            strategy=checked.cards["strategy"],
            evaluator=checked.cards["evaluator"],
        )
        for place, messages in found.items():
            checked.errors.setdefault(place, []).extend(messages)
    if "target" in checked.cards and checked.is_tabular:
        _check_table(checked)
    _check_supernet(checked)


def _check_table(checked: Checked) -> None:
    """A table's space has the columns of this very table, and no device could run its rows."""
    request, place = checked.request, "space"
    table = {"table": request.dataset.sha256, "columns": request.dataset.statistics.get("columns")}
    is_own = table == {name: request.space.definition.get(name) for name in table}
    if not is_own and not checked.errors.keys() & {"dataset", place}:
        name = request.dataset.name
        checked.add(place, f"Its choices are not those of the table “{name}”, which has a space.")
    if request.devices:
        checked.add("devices", "A table holds results, no networks that a device could run.")


def offered_by(space: Space) -> Card:
    """The card of the space's family, without what this space does not offer."""
    card = FAMILIES[space.family]
    if ONLY in space.definition:  # mixtures have every option that the family has
        return replace(card, provides=card.provides - {"differentiable slots"})
    return card


def _choose(
    checked: Checked, place: str, registry: Registry, name: str, settings: Mapping[str, Any]
) -> None:
    try:
        card = registry[name]
    except UnknownEntry as error:
        checked.add(place, str(error))
        return
    checked.cards[place] = card
    cls = card.settings_class()
    if cls is None:
        return
    try:
        build(cls, settings)
    except SettingsError as error:
        for setting, messages in error.problems.items():
            checked.errors.setdefault(f"{place}_settings.{setting}", []).extend(messages)


def _check_supernet(checked: Checked) -> None:
    request = checked.request
    if request.supernet is None:
        return
    if not request.supernet.is_trained:
        checked.add("supernet", "This supernet is not trained to its end.")
    if request.supernet.space.content_hash != request.space.content_hash:
        checked.add("supernet", "This supernet was trained for another space.")
    if request.supernet.dataset_id != request.dataset.pk:
        checked.add("supernet", "This supernet was trained on another data set.")
    _check_trainer(checked, request.supernet)


def _check_trainer(checked: Checked, supernet: Supernet) -> None:
    """Whether the run can use what was trained."""
    card = checked.cards.get("strategy")
    if isinstance(card, StrategyCard) and card.trainable is not None:
        if supernet.recipe.get("strategy") != card.name:
            checked.add("supernet", f"{card.label} did not train this supernet.")
        return
    evaluator = checked.cards.get("evaluator")
    if evaluator is not None and "shared weights" not in evaluator.provides:
        checked.add("supernet", "This evaluator does not use shared weights.")
    elif any(place.startswith("evaluator_settings") for place in checked.errors):
        return
    elif evaluator is not None and not _is_alike(evaluator, supernet, checked.request):
        checked.add("supernet", f"{evaluator.label}, as it is set, did not train this supernet.")


def _is_alike(evaluator: Card, supernet: Supernet, request: RunRequest) -> bool:
    """Whether the stored weights are of the kind and size that the evaluator loads."""
    trainer = EVALUATORS.get(str(supernet.recipe.get("evaluator")))
    cards = [card for card in (evaluator, trainer) if card is not None]
    if not any(PREDICTED in card.provides for card in cards):
        return True
    if trainer != evaluator:
        return False
    chosen = (supernet.recipe["evaluator_settings"], request.evaluator_settings)
    one, other = (engine.settings_of(evaluator, dict(settings)) for settings in chosen)
    return bool(one.hidden == other.hidden)


def _check_numbers(checked: Checked) -> None:
    request = checked.request
    if not request.name.strip():
        checked.add("name", "A name is needed.")
    if len(request.name) > 120:
        checked.add("name", f"{len(request.name)} characters; at most 120.")
    if not 1 <= request.budget <= MAX_BUDGET:
        checked.add("budget", f"{request.budget} trials; between 1 and {MAX_BUDGET:,}.")
    if request.batch is not None and not 1 <= request.batch <= min(MAX_BATCH, request.budget):
        checked.add("batch", f"{request.batch}; between 1 and the budget, at most {MAX_BATCH}.")
    if not 0 <= request.seed < 2**48:
        checked.add("seed", f"{request.seed}; between 0 and 2^48 − 1.")
    if len(request.devices) > MAX_DEVICES:
        checked.add("devices", f"{len(request.devices)} devices; at most {MAX_DEVICES}.")


def _check_objectives(checked: Checked) -> None:
    items = checked.request.objectives
    if not 1 <= len(items) <= N_OBJECTIVES:
        checked.add("objectives", f"{len(items)} objectives; 1 to {N_OBJECTIVES} are possible.")
    for position, item in enumerate(items[:N_OBJECTIVES]):
        place = f"objectives.{position}"
        if not _names_a_measure(checked, place, item, {"measure", "device"}):
            continue
        objective = objective_of(checked.known, item)
        if any(objective.key == other.key for other in checked.objectives):
            checked.add(place, f"{_label_of(checked, objective)} is there twice.")
        checked.objectives.append(objective)


def objective_of(known: Mapping[str, Measure], item: Mapping[str, Any]) -> Objective:
    """The objective of a request, with the direction and unit of its measure."""
    measure = known[item["measure"]]
    return Objective.of(measure, device=item.get("device") if measure.needs_device else None)


def _check_limits(checked: Checked) -> None:
    allowed = {"measure", "device", "at_most", "at_least", "statistic"}
    for position, item in enumerate(checked.request.limits):
        place = f"limits.{position}"
        if _names_a_measure(checked, place, item, allowed) and _has_bounds(checked, place, item):
            _add_limit(checked, place, item)


def _add_limit(checked: Checked, place: str, item: Mapping[str, Any]) -> None:
    try:
        limit = limit_of(item)
    except InvalidObjective as error:
        checked.add(place, str(error))
        return
    reason = _beyond_perfect(limit, checked.known[limit.measure])
    if reason:
        checked.add(place, reason)
    else:
        checked.limits.append(limit)


def _beyond_perfect(limit: Limit, measure: Measure) -> str:
    """Why no network can reach a share above 1; empty when it is none or can be reached."""
    largest = max(bound for bound in (limit.at_most, limit.at_least) if bound is not None)
    if not measure.is_share or largest <= 1:
        return ""
    reason = f"{measure.label} is a share from 0 to 1: the nearest reachable value is 1.0 (100 %)"
    return f"{reason}; did you mean {largest / 100:g}?" if 2 <= largest <= 100 else f"{reason}."


def limit_of(item: Mapping[str, Any]) -> Limit:
    needs_device = item["measure"] in COSTS and COSTS[item["measure"]].needs_device
    return Limit(
        measure=str(item["measure"]),
        device=item.get("device") if needs_device else None,
        at_most=item.get("at_most"),
        at_least=item.get("at_least"),
        statistic=item.get("statistic", "value"),
    )


def _names_a_measure(
    checked: Checked, place: str, item: Mapping[str, Any], allowed: set[str]
) -> bool:
    if not isinstance(item, Mapping) or not isinstance(item.get("measure"), str):
        checked.add(place, 'An object with "measure" is needed, such as {"measure": "macs"}.')
        return False
    unknown = sorted(set(item) - allowed)
    if unknown:
        checked.add(place, f"Unknown: {', '.join(unknown)}. Known: {', '.join(sorted(allowed))}.")
        return False
    known, name = checked.known, item["measure"]
    if name not in known:
        checked.add(place, f"{_unknown(checked, name)} Known: {', '.join(known)}.")
        return False
    return _names_its_device(checked, place, item)


def _unknown(checked: Checked, name: str) -> str:
    """Why there is no such measure."""
    if checked.is_tabular and name in COSTS:
        return f"{COSTS[name].label}: a table says of its rows what it holds, no more."
    judge, target = checked.cards.get("evaluator"), checked.cards["target"]
    is_trained = name in {measure.name for measure in getattr(target, "qualities", ())}
    if judge is not None and is_trained:
        return f"{judge.label} tell no {name}, which only training can."
    if name in {measure.name for card in EVALUATORS.values() for measure in _own(card)}:
        return f"The evaluator {judge.label if judge else ''} tells no {name}."
    return f"There is no measure “{name}”."


def _own(card: Card) -> tuple[Measure, ...]:
    return card.qualities if isinstance(card, EvaluatorCard) else ()


def _names_its_device(checked: Checked, place: str, item: Mapping[str, Any]) -> bool:
    name = item["measure"]
    if name not in COSTS or not COSTS[name].needs_device:
        return True
    ids = [device.pk for device in checked.request.devices]
    if item.get("device") in ids:
        return True
    listed = ", ".join(map(str, ids)) or "none"
    checked.add(place, f"{name} needs a device of this run, not {item.get('device')!r}: {listed}.")
    return False


def _has_bounds(checked: Checked, place: str, item: Mapping[str, Any]) -> bool:
    if item.get("statistic", "value") not in ("value", "upper"):
        checked.add(place, f"statistic {item['statistic']!r}; “value” or “upper”.")
        return False
    bounds = [item[name] for name in ("at_most", "at_least") if item.get(name) is not None]
    if not bounds:
        checked.add(place, "at_most or at_least is needed.")
        return False
    for bound in bounds:
        is_number = isinstance(bound, int | float) and not isinstance(bound, bool)
        # What a table holds or a proxy says may be anything; a cost or a share is above 0.
        is_plain = checked.known[item["measure"]].is_plain
        if not is_number or not isfinite(bound) or (bound <= 0 and not is_plain):
            above = "" if is_plain else " above 0"
            checked.add(place, f"{bound!r}; a number{above} is needed.")
            return False
    return True


def _check_costs(checked: Checked) -> None:
    """Each limit alone: the nearest value that can be reached over the whole space."""
    request = checked.request
    versions = pinned_versions(checked)
    checked.costing = Costing(engine.space_for(request.space, request.dataset), versions)
    measured = set(versions)
    for position, objective in enumerate(checked.objectives):
        _check_known(checked, f"objectives.{position}", objective.measure, objective.device)
    for position, limit in enumerate(checked.limits):
        if limit.measure not in COLUMNS or (limit.device and limit.device not in measured):
            continue
        place = f"limits.{position}"
        if _check_known(checked, place, limit.measure, limit.device):
            device = device_name(request, limit.device)
            reason = unreachable(limit, checked.costing.limited(limit), device)
            if not reason and limit.device and not request.accept_guesses:
                reason = objection(checked.costing, limit.measure, limit.device, device)
            if reason:
                checked.add(place, reason)


def _check_columns(checked: Checked) -> None:
    """Each limit on a table's column alone, as for costs."""
    if not checked.is_tabular:
        return
    for position, limit in enumerate(checked.limits):
        reason = unreachable(limit, _column_bound(checked, limit.measure), known=checked.known)
        if reason:
            checked.add(f"limits.{position}", reason)


def _column_bound(checked: Checked, measure: str) -> Bound:
    low, high = known_table.ends_of(checked.request.dataset.statistics, measure)
    return Bound(low, high, cheapest=(), dearest=())


def _precheck(checked: Checked) -> None:
    """What the strategy and the evaluator have against this space, their settings, the budget."""
    request = checked.request
    settings = {"strategy": request.strategy_settings, "evaluator": request.evaluator_settings}
    for place, chosen in settings.items():
        card = checked.cards.get(place)
        is_wrong = any(name.startswith(f"{place}_settings") for name in checked.errors)
        if is_wrong or card is None or card.precheck is None:
            continue
        space = engine.space_for(request.space, request.dataset)
        filled = engine.settings_of(card, dict(chosen))
        for where, messages in load_object(card.precheck)(space, filled, request.budget).items():
            checked.errors.setdefault(where, []).extend(messages)


def _check_known(checked: Checked, place: str, measure: str, device: int | None) -> bool:
    costing = checked.costing
    if measure not in COLUMNS or costing is None:
        return True
    if device is not None and device not in costing.versions:
        return True  # not measured yet: seen in prepare
    if costing.knows(measure, device):
        return True
    name = device_name(checked.request, device)
    checked.add(place, f"The profile of “{name}” gives no {measure}.")
    return False


def device_name(request: RunRequest, device: int | None) -> str:
    names = {found.pk: found.name for found in request.devices}
    return names.get(device, "") if device else ""


def _label_of(checked: Checked, objective: Objective) -> str:
    label = checked.known[objective.measure].label
    device = device_name(checked.request, objective.device)
    return f"{label} on {device}" if device else label


def pinned_versions(checked: Checked) -> dict[int, ProfileVersion]:
    """Device id -> newest version; a device without one must be about to be measured."""
    versions = {}
    for device in checked.request.devices:
        latest = device.latest()
        if latest is not None:
            versions[device.pk] = latest
        elif not device.is_measuring:
            checked.add("devices", f"“{device.name}” has no profile yet.")
    return versions


def bounds(checked: Checked) -> dict[str, dict[str, Any]]:
    """Reachable range of each objective that has one, for the page before the start."""
    found = {}
    for objective in checked.objectives:
        bound = _bound(checked, objective)
        if bound is not None:
            found[objective.key] = {
                "min": bound.minimum,
                "max": bound.maximum,
                "unit": objective.unit,
                "label": checked.known[objective.measure].label,
            }
    return found


def _bound(checked: Checked, objective: Objective) -> Bound | None:
    costing, device = checked.costing, objective.device
    if costing is None:
        return None
    if checked.is_tabular:
        return _column_bound(checked, objective.measure)
    is_measured = device is None or device in costing.versions
    if objective.measure not in COLUMNS or not is_measured:
        return None
    if not costing.knows(objective.measure, device):
        return None
    return costing.bound(objective.measure, device)
