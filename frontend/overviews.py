"""Rows of the database as pages show them: labels, best values, stages, origins of values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, Max, Min

from frontend import formats
from searches.models import N_OBJECTIVES, Run, Supernet, Trial
from searches.objectives.fidelity import FULL
from searches.objectives.measures import MeasuredValue, split_key
from searches.services import reading

STAGES = [
    (Run.Stage.PREPARE, "Prepare"),
    (Run.Stage.TRAIN, "Train"),
    (Run.Stage.SEARCH, "Search"),
    (Run.Stage.VERIFY, "Verify"),
    (Run.Stage.DONE, "Done"),
]
NOT_IN_TABLES = (Run.Stage.TRAIN, Run.Stage.VERIFY)
SPLITS = {"validation": "search-validation images", "test": "test images", "train": "training"}


@dataclass(frozen=True)
class Best:
    """The best value of one objective on a run's front.

    Attributes:
        test: what the member that has it reaches on the test split, once it is verified.
    """

    label: str
    text: str
    test: str = ""


def best_values(runs: Sequence[Run]) -> dict[int, list[Best]]:
    """The best value of each objective of each run, in two queries."""
    ends: dict[str, Aggregate] = {f"min_{i}": Min(f"value_{i}") for i in range(N_OBJECTIVES)}
    ends |= {f"max_{i}": Max(f"value_{i}") for i in range(N_OBJECTIVES)}
    fronts = Trial.objects.filter(run__in=[run.pk for run in runs], on_front=True)
    found = {row["run"]: row for row in fronts.order_by().values("run").annotate(**ends)}
    tested = reading.tested([run for run in runs if run.pk in found])
    return {
        run.pk: _bests(run, found[run.pk], tested.get(run.pk, {}))
        for run in runs
        if run.pk in found
    }


def _bests(
    run: Run, row: Mapping[str, Any], tested: Mapping[tuple[str, float], float]
) -> list[Best]:
    known, bests = reading.known_measures(run), []
    for position, objective in enumerate(run.objectives):
        name = objective["measure"]
        measure = formats.measure_of(name, known)
        value = row[f"{measure.direction}_{position}"]
        label, text = reading.label_on(measure, "validation"), formats.quantity(value, name, known)
        on_test = tested.get((name, value))
        test = "" if on_test is None else formats.quantity(on_test, name, known)
        bests.append(Best(label, text, test))
    return bests


def stages_of(run: Run) -> list[dict[str, str]]:
    """The stage bar: what is past, what is now, what broke."""
    skipped = NOT_IN_TABLES if reading.is_tabular(run) else ()
    skipped = skipped if reading.has_test(run) else (*skipped, Run.Stage.VERIFY)
    stages = [(s, label) for s, label in STAGES if s not in skipped or s == run.stage]
    current = [stage for stage, _ in stages].index(Run.Stage(run.stage))
    if run.status == Run.Status.FINISHED:
        current = len(stages)
    marks = []
    for position, (stage, label) in enumerate(stages):
        mark = "past" if position < current else ""
        if position == current:
            mark = f"now {'live' if run.is_active else ''}{'broken' if run.error else ''}"
        marks.append({"stage": stage.value, "label": label, "mark": mark})
    return marks


@dataclass(frozen=True)
class Shown:
    """A measured value as the page shows it."""

    key: str
    label: str
    value: str
    interval: str
    provenance: str
    origin: str
    is_count: bool


def shown_measures(values: Mapping[str, Any], run: Run, devices: Mapping[int, str]) -> list[Shown]:
    """Measured values: the run's objectives first, each followed by its test value."""
    objectives = [objective_key(item) for item in run.objectives]
    order = [key for name in objectives for key in (name, f"{name}:test") if key in values]
    order += [key for key in values if key not in order]
    known = reading.known_measures(run)
    return [_shown(key, values[key], known, devices) for key in order]


def objective_key(item: Mapping[str, Any]) -> str:
    device = item.get("device")
    return item["measure"] if device is None else f"{item['measure']}@{device}"


def _shown(
    key: str, data: Mapping[str, Any], known: formats.Known, devices: Mapping[int, str]
) -> Shown:
    found = MeasuredValue.from_json(data)
    return Shown(
        key=key,
        label=label_of(key, known, devices),
        value=formats.quantity(found.value, key, known),
        interval=formats.interval(data, key, known),
        provenance=found.provenance,
        origin=_origin(found),
        is_count="@" not in key and found.split is None and found.provenance != "proxy",
    )


def label_of(key: str, known: formats.Known, devices: Mapping[int, str]) -> str:
    """“Latency on Pixel 4”, “Accuracy on test”; columns of a table as they were named."""
    name, device = split_key(key.removesuffix(":test"))
    measure = formats.measure_of(name, known)
    if measure.is_plain:
        return measure.label
    label = measure.label.replace("_", " ").capitalize()
    if device is not None:
        label += f" on {devices.get(device, f'device {device}')}"
    if measure.kind == "quality":
        label += " on test" if key.endswith(":test") else " on validation"
    return label


def _origin(found: MeasuredValue) -> str:
    """Where a value comes from: the split and how many images, or the device profile."""
    parts = []
    if found.split:
        images = SPLITS.get(found.split, found.split)
        parts.append(f"on {found.n:,} {images}" if found.n else f"on {images}")
    if found.source:
        parts.append(found.source)
    return ", ".join(parts)


def device_names(run: Run) -> dict[int, str]:
    return {pin.device_id: pin.device.name for pin in run.pinned.all()}


def state_of(trial: Trial) -> tuple[str, str]:
    """A trial's place in the search: words and the role that colours it."""
    if trial.status in (Trial.Status.FAILED, Trial.Status.LOST):
        return trial.get_status_display(), "red"
    if trial.status == Trial.Status.WAITING:
        return "not judged yet", ""
    if trial.on_front:
        return "front", "front"
    if trial.violation > 0:
        return "beyond a limit", ""
    if trial.fidelity != FULL:
        return formats.fidelity(trial.fidelity), "reduced"
    return "dominated", "dominated"


def limit_texts(
    limits: Iterable[Mapping[str, Any]], known: formats.Known, names: Mapping[int, str]
) -> list[str]:
    """The limits of a run in words."""
    texts = []
    for limit in limits:
        key = objective_key(limit)
        for bound, words in (("at_most", "at most"), ("at_least", "at least")):
            if limit.get(bound) is not None:
                value = formats.quantity(limit[bound], key, known)
                end = "upper" if bound == "at_most" else "lower"
                is_end = limit.get("statistic") == "upper"
                judged = f", {end} end of the interval" if is_end else ""
                texts.append(f"{label_of(key, known, names)} {words} {value}{judged}")
    return texts


def phases_of(supernet: Supernet | None) -> dict[str, Any]:
    """Phases of a training in order, each with what is known after it; none if it has none."""
    report = supernet.report if supernet else {}
    rows = report.get("phases", [])
    corners = list(report.get("corners", {})) if rows else []
    step = supernet.step if supernet else 0
    return {"corners": corners, "phases": [_phase(row, step, corners) for row in rows]}


def _phase(row: Mapping[str, Any], step: int, corners: Sequence[str]) -> dict[str, Any]:
    seen = row["corners"]
    is_done = len(seen) == len(corners)
    share = (step - row["first_step"]) / max(1, row["last_step"] - row["first_step"])
    accuracies = [seen.get(corner, {}).get("accuracy") for corner in corners]
    return {
        **row,
        "is_done": is_done,
        "share": min(1.0, max(0.0, share)),
        "rate": f"{row['learning_rate']:.3g}",
        "values": [formats.quantity(value, "accuracy") for value in accuracies],
    }
