"""What pages and API read of a run: bounded, however many trials it has."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, FloatField, QuerySet, Window
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, RowNumber

from searches.evaluators.registry import EVALUATORS
from searches.models import N_OBJECTIVES, Run, Trial
from searches.objectives.fidelity import FULL
from searches.objectives.measures import Measure, key
from searches.runner import engine

# Points of a plot that are not on the front; the front is always complete.
POINTS = 5000
HISTORY_POINTS = 1000


def front(run: Run) -> QuerySet[Trial]:
    return run.trials.filter(on_front=True).order_by("value_0", "number")


def known_measures(chosen: engine.Chosen) -> dict[str, Measure]:
    """Everything that a run, or a request of one, can speak of, by name."""
    return engine.known_measures(chosen)


def is_tabular(run: Run) -> bool:
    """Whether the run looks results up in a table: no training, no test split, no networks."""
    return engine.is_tabular(run.target)


def has_test(run: Run) -> bool:
    """Whether members of the front are judged again on the test split."""
    return engine.has_test(run)


def shares_weights(run: Run) -> bool:
    """Whether networks are judged with their part of weights that all of them share."""
    return engine.shares_weights(run)


def objective_labels(run: Run) -> list[dict[str, Any]]:
    """Key, label, unit and direction of each objective, in the order of the values."""
    names = dict(run.pinned.values_list("device_id", "device__name"))
    known = engine.known_measures(run)
    return [_label(known[item["measure"]], item.get("device"), names) for item in run.objectives]


def _label(measure: Measure, device: int | None, names: dict[int, str]) -> dict[str, Any]:
    label = label_on(measure, "validation")
    return {
        "key": key(measure.name, device),
        "measure": measure.name,
        "device": device,
        "label": f"{label} on {names.get(device, device)}" if device else label,
        "unit": measure.unit,
        "direction": measure.direction,
    }


def label_on(measure: Measure, split: str) -> str:
    """The measure's label; of a quality with the part of the data set that it was judged on."""
    return f"{measure.label} on {split}" if measure.kind == "quality" else measure.label


def tested(runs: Sequence[Run]) -> dict[int, dict[tuple[str, float], float]]:
    """What verified members of the fronts reach on the test split, in one query at most.

    Returns:
        By run, and by quality and value on validation: the value on test.
    """
    places = {run.pk: _quality_places(run) for run in runs}
    names = sorted({name for found in places.values() for name in found})
    if not names:
        return {}
    columns = {f"test_{i}": value_of(f"{name}:test") for i, name in enumerate(names)}
    verified = Trial.objects.filter(run__in=places, on_front=True, is_verified=True)
    values = [f"value_{i}" for i in range(N_OBJECTIVES)]
    found: dict[int, dict[tuple[str, float], float]] = {}
    for row in verified.annotate(**columns).values("run", *values, *columns):
        for name, place in places[row["run"]].items():
            on_validation, on_test = row[f"value_{place}"], row[f"test_{names.index(name)}"]
            if on_validation is not None and on_test is not None:
                found.setdefault(row["run"], {})[name, on_validation] = on_test
    return found


def _quality_places(run: Run) -> dict[str, int]:
    """Position among the objectives of each quality that is one."""
    known = engine.known_measures(run)
    measures = [item["measure"] for item in run.objectives]
    return {m: place for place, m in enumerate(measures) if known[m].kind == "quality"}


def measured_keys(run: Run) -> list[str]:
    """Keys of everything that is known of a judged trial, such as those of the front."""
    members = run.trials.filter(on_front=True).order_by("number")
    row = members.values_list("data__measures", flat=True).first()
    return list(row or {})


def points(run: Run, limit: int = POINTS, measures: Sequence[str] = ()) -> dict[str, Any]:
    """Columns for the plots: the whole front and a bounded, even sample of the other trials.

    The sample takes every k-th number, so it is the same on every call and costs one range of an
    index; `total` says how many trials were judged. `measures` are keys of further columns, which
    hold None where a trial lacks the measure.
    """
    further = {f"measure_{i}": value_of(measure) for i, measure in enumerate(measures)}
    names = [*(f"value_{i}" for i in range(len(run.objectives))), *further]
    columns = ["number", *names, "violation", "on_front", "fidelity"]
    members = run.trials.filter(on_front=True).order_by("number").annotate(**further)
    others = _sample(run, limit).annotate(**further)
    rows = [*members.values_list(*columns), *others.values_list(*columns)]
    values = [[row[i] for row in rows] for i in range(1, 1 + len(names))]
    found = {
        "objectives": objective_labels(run),
        "number": [row[0] for row in rows],
        "values": values[: len(run.objectives)],
        "state": [_state(row) for row in rows],
        "shown": len(rows),
        "total": run.n_told,
        "failed": run.n_failed,
        "version": run.n_told,
    }
    if measures:
        found["measures"] = dict(zip(measures, values[len(run.objectives) :], strict=True))
    return found


def value_of(measure: str) -> Cast:
    """The measure's value out of a trial's data; as text it is read once, as JSON three times."""
    return Cast(KT(f"data__measures__{measure}__value"), FloatField())


def _sample(run: Run, limit: int) -> QuerySet[Trial]:
    others = run.trials.filter(on_front=False, status=Trial.Status.DONE, is_told=True)
    stride = max(1, -(-run.n_asked // limit))
    if stride > 1:
        others = others.filter(number__in=range(1, run.n_asked + 1, stride))
    return others.order_by("number")


def _state(row: tuple[Any, ...]) -> str:
    """Scores of less effort do not compare: such a network is neither on the front nor beaten."""
    violation, on_front, fidelity = row[-3:]
    if on_front:
        return "front"
    if violation > 0:
        return "infeasible"
    return "dominated" if fidelity == FULL else "reduced"


def history(run: Run) -> dict[str, Any]:
    """Figures by stage and step, thinned to a bounded number of points."""
    return {stage: _thinned(run, stage) for stage in (Run.Stage.TRAIN, Run.Stage.SEARCH)}


def _thinned(run: Run, stage: str) -> list[dict[str, Any]]:
    """Every k-th point by position, thinned by the database."""
    rows = run.points.filter(stage=stage)
    stride = max(1, -(-rows.count() // HISTORY_POINTS))
    if stride > 1:
        numbered = rows.annotate(position=Window(RowNumber(), order_by="step"))
        rows = numbered.annotate(rest=F("position") % stride).filter(rest=1)
    found = rows.order_by("step").values_list("step", "figures")
    return [{"step": step, **figures} for step, figures in found]


def judges_in_rungs(run: Run) -> bool:
    """Whether the run's strategy judges networks with less effort first."""
    return engine.judges_in_rungs(run)


def searches_by_training(run: Run) -> bool:
    """Whether the run's strategy is a one-shot one, which has choices to show."""
    return engine.is_one_shot(run)


def predicts_weights(run: Run) -> bool:
    """Whether a hypernetwork writes the weights of the run's networks."""
    card = EVALUATORS.get(run.evaluator)
    return card is not None and "predicted weights" in card.provides
