"""All trials of a run as one file, sent while it is read: memory stays bounded."""

import csv
from collections.abc import Iterator
from typing import Any

from rest_framework.utils.encoders import JSONEncoder

from searches.api.run_answers import keys
from searches.models import Run, Trial
from searches.objectives.measures import COSTS, key
from searches.runner import engine
from webnas.rest.downloads import cell

BATCH = 2000
PLAIN = (
    "number",
    "status",
    "fidelity",
    "on_front",
    "is_verified",
    "violation",
    "architecture_hash",
    "seconds",
)
COLUMNS = (*PLAIN, "created_at", "ended_at", "data", "error")


class Line:
    """A file for the csv module that keeps what was written last."""

    def write(self, text: str) -> str:
        return text


def batches(run: Run) -> Iterator[list[dict[str, Any]]]:
    """All trials in the order of their numbers; each batch starts after the one before."""
    last = -1
    while True:
        rows = Trial.objects.filter(run=run, number__gt=last).order_by("number")
        batch = list(rows.values(*COLUMNS)[:BATCH])
        if not batch:
            return
        yield batch
        last = batch[-1]["number"]


def as_csv(run: Run) -> Iterator[str]:
    """A table: a column per measure, and one that says where its value comes from."""
    names = measure_keys(run)
    writer = csv.writer(Line(), lineterminator="\n")
    about = [f"{name} {what}" for name in names for what in ("provenance", "split")]
    yield writer.writerow([cell(c) for c in (*PLAIN, *names, *about, "genes", "error")])
    for batch in batches(run):
        yield "".join(writer.writerow([cell(c) for c in _cells(row, names)]) for row in batch)


def _cells(row: dict[str, Any], names: list[str]) -> Iterator[Any]:
    measures = row["data"].get("measures", {})
    found = [measures.get(name, {}) for name in names]
    yield from (row[name] for name in PLAIN)
    yield from (measure.get("value") for measure in found)
    for measure in found:
        yield measure.get("provenance")
        yield measure.get("split")
    yield " ".join(map(str, row["data"].get("genes", [])))
    yield row["error"].strip().rpartition("\n")[2]


def measure_keys(run: Run) -> list[str]:
    """All measures that a trial of the run may have: objectives first."""
    devices = [pin.device_id for pin in run.pinned.all()]
    qualities = list(engine.qualities_of(run))
    costs = [
        key(measure.name, device)
        for measure in engine.known_measures(run).values()
        if measure.name in COSTS
        for device in (devices if measure.needs_device else [None])
    ]
    tested = [f"{name}:test" for name in qualities] if engine.has_test(run) else []
    everything = [*keys(run), *qualities, *tested, *costs]
    return list(dict.fromkeys(everything))


def as_json(run: Run, shown: dict[str, Any]) -> Iterator[str]:
    """The run, and every trial with its genes and measures."""
    encoder = JSONEncoder()
    yield f'{{"run": {encoder.encode(shown)},\n"trials": ['
    separator = "\n"
    for batch in batches(run):
        rows = [encoder.encode(_flat(row)) for row in batch]
        yield separator + ",\n".join(rows)
        separator = ",\n"
    yield "\n]}\n"


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    data = row.pop("data")
    return row | {"genes": data.get("genes", []), "measures": data.get("measures", {})}
