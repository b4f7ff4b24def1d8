"""From rows to engine objects. torch is imported only by what needs it, when it is called."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from searches.datasets import kinds, known_table
from searches.evaluators.registry import EVALUATORS, EvaluatorCard
from searches.models import DataSet, Run, Space, Supernet, Trial
from searches.objectives.cards import Card, load_object
from searches.objectives.fidelity import FULL, Scale
from searches.objectives.limits import Limit
from searches.objectives.measures import COSTS, Measure
from searches.objectives.objectives import Objective
from searches.objectives.settings import build
from searches.runner.costing import Costing
from searches.runner.warm import prior_of
from searches.spaces import registry as space_registry
from searches.spaces.base import Genes, SearchSpace
from searches.strategies.base import Aim, Problem, Result, Strategy
from searches.strategies.registry import STRATEGIES, StrategyCard
from searches.targets.registry import TARGETS, TargetCard
from webnas.work import files

if TYPE_CHECKING:
    from searches.evaluators.base import Evaluator
    from searches.runner.surrogate import Surrogate
    from searches.training.base import Trainable
    from searches.training.one_shot.base import OneShot
    from searches.training.one_shot.costs import AdditiveCost
    from searches.training.task import Task

# Costs that are sums over the operations of a network.
ADDITIVE = ("latency", "energy", "storage", "macs", "parameters")
# Loaded evaluators kept per worker process: a trained supernet is read from disk once.
EVALUATORS_KEPT = 2


@lru_cache(maxsize=32)
def _space(definition: str, in_channels: int, n_classes: int) -> SearchSpace:
    space = space_registry.load(json.loads(definition))
    return space.with_data(in_channels=in_channels, n_classes=n_classes)


def space_for(space: Space, dataset: DataSet) -> SearchSpace:
    """The space adjusted to the data: input channels (or features) and number of classes."""
    facts = dataset.statistics
    definition = json.dumps(space.definition, sort_keys=True)
    return _space(definition, int(facts["shape"][-1]), len(facts["classes"]))


def target_card(name: str) -> TargetCard:
    card = TARGETS[name]
    if not isinstance(card, TargetCard):
        raise TypeError(f"The card of target {name} is no TargetCard.")
    return card


def is_tabular(target: str) -> bool:
    """Whether results are looked up: there are no networks, so none of their costs either."""
    return target_card(target).data_kind == known_table.KnownTable.kind


class Chosen(Protocol):
    """A run, or the request of one; the data set is read only where it matters."""

    @property
    def target(self) -> str: ...

    @property
    def dataset(self) -> DataSet: ...

    @property
    def evaluator(self) -> str: ...


def proxies_of(evaluator: str) -> tuple[Measure, ...]:
    """What the evaluator tells in place of the target's qualities; empty when it tells those."""
    card = EVALUATORS.get(evaluator)
    return card.qualities if isinstance(card, EvaluatorCard) else ()


def has_test(chosen: Chosen) -> bool:
    """Whether an evaluation can be repeated on the test split: looking up and proxies cannot."""
    return not is_tabular(chosen.target) and not proxies_of(chosen.evaluator)


def qualities_of(chosen: Chosen) -> dict[str, Measure]:
    """What an evaluation tells, by name.

    The target's measures, unless they are the columns of a table, or proxies of the evaluator.
    """
    qualities: Sequence[Measure] = target_card(chosen.target).qualities
    if is_tabular(chosen.target):
        qualities = known_table.measures_of(chosen.dataset.statistics)
    elif proxies := proxies_of(chosen.evaluator):
        qualities = proxies
    return {measure.name: measure for measure in qualities}


def known_measures(chosen: Chosen) -> dict[str, Measure]:
    """Everything that can be an objective or a limit."""
    costs = {} if is_tabular(chosen.target) else dict(COSTS)
    return qualities_of(chosen) | costs


def space_of(run: Run) -> SearchSpace:
    return space_for(run.space, run.dataset)


def objectives_of(run: Run) -> list[Objective]:
    return [Objective.from_json(item) for item in run.objectives]


def limits_of(run: Run) -> list[Limit]:
    return [Limit.from_json(item) for item in run.limits]


def settings_of(card: Card, data: dict[str, Any]) -> Any:
    """The settings dataclass of a card, filled; None for a card that has none."""
    cls = card.settings_class()
    return None if cls is None else build(cls, data)


def costing_of(run: Run) -> Costing:
    pins = run.pinned.select_related("version")
    versions = {pin.device_id: pin.version for pin in pins if pin.version is not None}
    return Costing(space_of(run), versions)


def strategy_of(run: Run, costing: Costing) -> Strategy:
    """The run's strategy as it was after its last ask or tell."""
    problem = problem_of(run, costing)
    card = STRATEGIES[run.strategy]
    settings = settings_of(card, run.strategy_settings)
    strategy: Strategy = card.load()(problem, settings, Random(seed_of(run.seed, "strategy")))
    if run.strategy_state is not None:
        strategy.restore(run.strategy_state, history_of(run))
    return strategy


def problem_of(run: Run, costing: Costing) -> Problem:
    """What the run's strategy may know; the scale is there once the run is prepared."""
    limits, objectives = limits_of(run), objectives_of(run)
    known = known_measures(run)
    return Problem(
        space=costing.space,
        n_objectives=len(objectives),
        violations=lambda population: costing.violations(population, limits),
        budget=run.budget,
        limits=tuple(limit.text(known) for limit in limits),
        aims=tuple(_aim(run, objective) for objective in objectives if run.scale),
        costs=lambda population: costing.losses(population, objectives),
        fidelities=_fidelities(run),
        derived=_derived(run),
        prior=prior_of(run, costing, objectives, limits),
        expected=expectation_of(run, costing),
    )


def asks_a_surrogate(run: Run) -> bool:
    """Whether the strategy wants to know what is expected of networks that are not judged."""
    return "surrogate" in STRATEGIES[run.strategy].provides


def expectation_of(run: Run, costing: Costing) -> "Surrogate | None":
    from searches.runner.surrogate import Surrogate  # it asks this module

    return Surrogate(run, costing) if asks_a_surrogate(run) else None


def _fidelities(run: Run) -> Scale | None:
    """Of the evaluator, where it has several."""
    card = EVALUATORS[run.evaluator]
    if "fidelities" not in card.provides:
        return None
    scale: Scale = settings_of(card, run.evaluator_settings).scale()
    return scale


def _derived(run: Run) -> tuple[Genes, ...]:
    """What the training of a one-shot strategy ended with."""
    if run.supernet is None or not is_one_shot(run):
        return ()
    return tuple(tuple(genes) for genes in run.supernet.report.get("derived", []))


def _aim(run: Run, objective: Objective) -> Aim:
    ends = run.scale[objective.key]
    return Aim(
        objective.key,
        objective.measure not in COSTS,
        objective.to_loss(ends["ideal"]),
        objective.to_loss(ends["reference"]),
    )


def history_of(run: Run) -> list[Result]:
    """Everything that the strategy was told, in the order of tickets; few columns per row."""
    objectives = objectives_of(run)
    names = [f"value_{position}" for position in range(len(objectives))]
    told = run.trials.filter(number__lte=run.n_told).order_by("number")
    rows = told.values_list("number", "data__genes", "status", "violation", "fidelity", *names)
    found = []
    for number, genes, status, violation, fidelity, *values in rows.iterator(chunk_size=5000):
        losses = _losses(objectives, status, values)
        found.append(Result(number, tuple(genes), losses, violation=violation, fidelity=fidelity))
    return found


def _losses(
    objectives: list[Objective], status: str, values: Sequence[float | None]
) -> tuple[float, ...] | None:
    known = [value for value in values if value is not None]
    if status != Trial.Status.DONE or len(known) < len(objectives):
        return None
    return tuple(o.to_loss(value) for o, value in zip(objectives, known, strict=True))


def results_of(run: Run, trials: Iterable[Trial]) -> list[Result]:
    """What the strategy is told about trials, in their order."""
    objectives = objectives_of(run)
    return [result_of(objectives, trial) for trial in trials]


def result_of(objectives: list[Objective], trial: Trial) -> Result:
    losses = _losses(objectives, trial.status, trial.values[: len(objectives)])
    return Result(
        trial.number, genes_of(trial), losses, violation=trial.violation, fidelity=trial.fidelity
    )


def genes_of(trial: Trial) -> Genes:
    return tuple(trial.data["genes"])


def seed_of(*parts: object) -> int:
    """A seed that depends on all parts and on nothing else: 48 bits of a hash."""
    text = ":".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def trial_seed(run: Run, trial: Trial) -> int:
    """The seed of an evaluation; trials that continue each other are one training."""
    return seed_of(run.seed, trial.data.get("root", trial.number), FULL)


@lru_cache(maxsize=2)
def _data(kind: str, name: str) -> kinds.Data:
    return kinds.load(kind, BytesIO(files.read(name)))


def task_of(run: Run) -> "Task":
    """The target's view of the run: space, data, and the settings of preprocessing."""
    card = TARGETS[run.target]
    settings = settings_of(card, run.target_settings)
    task: Task = card.load()(space_of(run), _data(run.dataset.kind, run.dataset.file), settings)
    return task


def evaluator_of(run: Run) -> "Evaluator":
    """The run's evaluator, not yet prepared."""
    card = EVALUATORS[run.evaluator]
    settings = settings_of(card, run.evaluator_settings)
    evaluator: Evaluator = card.load()(task_of(run), settings, seed_of(run.seed, "evaluator"))
    if proxies_of(run.evaluator):
        evaluator.focus(_asked_for(run))
    return evaluator


def _asked_for(run: Run) -> list[str]:
    objectives, limits = objectives_of(run), limits_of(run)
    return [o.measure for o in objectives] + [limit.measure for limit in limits]


_prepared: "OrderedDict[str, Evaluator]" = OrderedDict()


def prepared_evaluator_of(run: Run) -> "Evaluator":
    """The run's evaluator with its trained supernet, kept between the slices of a process.

    Runs that judge alike on the same weights share it: only the first one reads them.
    """
    kept = _identity(run)
    if kept not in _prepared:
        evaluator = evaluator_of(run)
        if run.supernet:
            evaluator.restore(load_checkpoint(run.supernet.checkpoint, run.supernet.sha256))
        _prepared[kept] = evaluator
        while len(_prepared) > EVALUATORS_KEPT:
            _prepared.popitem(last=False)
    _prepared.move_to_end(kept)
    return _prepared[kept]


def _identity(run: Run) -> str:
    """Equal for runs with equal evaluators; trained weights stand for the seed that made them."""
    weights = run.supernet.sha256 if run.supernet else ""
    names = ("target", "target_settings", "evaluator", "evaluator_settings")
    chosen = [getattr(run, name) for name in names]
    made = [space_of(run).content_hash(), run.dataset.sha256, weights or run.seed]
    made += _asked_for(run) if proxies_of(run.evaluator) else []
    return json.dumps([*chosen, *made], sort_keys=True)


def judging_run(supernet: Supernet) -> Run:
    """A run that is not stored, to judge networks on the supernet as its recipe says."""
    recipe = supernet.recipe
    names = ("target", "target_settings", "evaluator", "evaluator_settings", "seed")
    chosen = {name: recipe[name] for name in names}
    return Run(
        owner=supernet.owner,
        dataset=supernet.dataset,
        space=supernet.space,
        supernet=supernet,
        **chosen,
    )


def judges_networks(supernet: Supernet) -> bool:
    """Whether networks can be judged on it: not on the mixture of a one-shot strategy."""
    card = EVALUATORS.get(str(supernet.recipe.get("evaluator")))
    is_own = "strategy" not in supernet.recipe
    return card is not None and is_own and "shared weights" in card.provides


class DamagedCheckpoint(Exception):
    """A stored state does not have the hash that its row remembers."""


def load_checkpoint(name: str, sha256: str = "") -> dict[str, Any]:
    from searches.training import checkpoints

    content = files.read(name)
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedCheckpoint(f"Checkpoint {name} has changed since it was written.")
    return checkpoints.loads(content)


def store_checkpoint(folder: str, state: dict[str, Any]) -> files.StoredFile:
    from searches.training import checkpoints

    return files.write(folder, ".pt", checkpoints.dumps(state))


def shares_weights(run: Run) -> bool:
    """Whether the evaluator judges by weights that all architectures share."""
    return "shared weights" in EVALUATORS[run.evaluator].provides


def trains_alone(run: Run) -> bool:
    """Whether every candidate is trained for itself."""
    return not shares_weights(run) and has_test(run)


def is_one_shot(run: Run) -> bool:
    """Whether the strategy searches by a training of its own."""
    card = STRATEGIES[run.strategy]
    return isinstance(card, StrategyCard) and card.trainable is not None


def judges_in_rungs(run: Run) -> bool:
    """Whether the strategy has networks judged with less effort first."""
    return "fidelities" in STRATEGIES[run.strategy].requires


def needs_training(run: Run) -> bool:
    """Whether something is trained before the search."""
    return shares_weights(run) or is_one_shot(run)


def trainable_of(run: Run) -> "OneShot | Trainable | None":
    """What the *train* stage trains: the one-shot strategy, else what the evaluator prepares."""
    if not is_one_shot(run):
        return evaluator_of(run).prepare()
    card = STRATEGIES[run.strategy]
    settings = settings_of(card, run.strategy_settings)
    costs = additive_costs(run, costing_of(run))
    trainable: OneShot = load_object(str(getattr(card, "trainable", "")))(
        task_of(run), settings, seed_of(run.seed, "one-shot"), costs=costs
    )
    return trainable


def additive_costs(run: Run, costing: Costing) -> "list[AdditiveCost]":
    """Costs that add up over the operations, as one-shot strategies see them.

    Of the objectives, then of what else a limit is on.
    """
    from searches.training.one_shot.costs import AdditiveCost

    objectives: list[Objective | Limit] = [*objectives_of(run)]
    found: dict[str, AdditiveCost] = {}
    for wanted in [*objectives, *limits_of(run)]:
        if wanted.measure not in ADDITIVE or wanted.key in found:
            continue
        needs_device = COSTS[wanted.measure].needs_device
        table = costing.table(wanted.device if needs_device else None)
        values, constant = table.slot_costs(wanted.measure)
        bound = costing.bound(wanted.measure, wanted.device)
        ends = (bound.minimum, bound.maximum, bound.cheapest)
        is_objective = wanted in objectives
        found[wanted.key] = AdditiveCost(wanted.key, values, constant, *ends, is_objective)
    return list(found.values())


def recipe_of(run: Run) -> dict[str, Any]:
    """What makes a supernet's weights: equal recipes give equal weights."""
    one_shot: dict[str, Any] = {}
    if is_one_shot(run):
        one_shot = {
            "strategy": run.strategy,
            "strategy_settings": run.strategy_settings,
            "objectives": run.objectives,
            "devices": [pin.version.content_sha256 for pin in run.pinned.all() if pin.version],
        }
    return one_shot | {
        "target": run.target,
        "target_settings": run.target_settings,
        "evaluator": run.evaluator,
        "evaluator_settings": run.evaluator_settings,
        "space": space_of(run).content_hash(),
        "dataset": run.dataset.sha256,
        "seed": run.seed,
    }


def supernet_of(run: Run) -> Supernet:
    return Supernet(owner=run.owner, dataset=run.dataset, space=run.space, recipe=recipe_of(run))
