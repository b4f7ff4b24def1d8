"""Rows as a real search leaves them, made in a moment: costs are computed, accuracies made up."""

import io
import math
import zlib
from copy import copy
from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from django.test import override_settings
from django.utils import timezone

from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.builtin import analytic
from devices.profiles.kit.plan import plan
from devices.profiles.profile import Device, Entry, Profile, Provenance, Runtime
from devices.versions import add_version, version_of
from searches.datasets import features, splits
from searches.datasets.base import ImageData, Limits
from searches.models import (
    ChosenModel,
    DataSet,
    FullTraining,
    ModelFile,
    PinnedProfile,
    Run,
    RunEvent,
    RunPoint,
    Space,
    Supernet,
    Trial,
    Trust,
)
from searches.objectives.fronts import hypervolume, non_dominated
from searches.objectives.measures import MeasuredValue, to_json
from searches.runner import engine, trust
from searches.runner import folder as folders
from searches.runner.costing import Costing
from searches.spaces import registry
from searches.spaces.registry import FAMILIES
from webnas.work import files

SMALL = {"family": "ofa_mobilenet_v3", **FAMILIES["ofa_mobilenet_v3"].presets["small"]}


def shapes(n: int = 120, n_classes: int = 4) -> ImageData:
    """Small pictures of stripes and dots: class k has k + 1 stripes."""
    rng = np.random.default_rng(0)
    x, y = np.zeros((n, 12, 12, 1), np.uint8), np.arange(n) % n_classes
    for image, label in zip(x, y, strict=True):
        image[:, :: 8 // (label + 1)] = 160
        image += rng.integers(0, 60, image.shape, dtype=np.uint8)
    names = ("one", "two", "three", "four")[:n_classes]
    return splits.split((x, y.astype(np.int64)), None, None, classes=names, seed=0)


@cache
def prepared() -> tuple[dict[str, Any], bytes, bytes]:
    """Columns and files of the pictures: drawing the sheet takes longer than a test."""
    with TemporaryDirectory() as place, override_settings(MEDIA_ROOT=place):
        columns = folders.stored_columns(shapes())
        return columns, files.read(columns["file"]), files.read(columns["sheet"])


def dataset(owner=None, name="Stripes", **fields) -> DataSet:
    columns, content, sheet = prepared()
    stored = {
        "file": files.write("datasets", ".npz", content).name,
        "sheet": files.write("datasets", ".png", sheet).name,
    }
    source = DataSet.Source.NPZ
    return DataSet.objects.create(
        owner=owner, name=name, source=source, **columns | stored | fields
    )


def leaves(owner=None, name="Leaves") -> DataSet:
    """Rows of two numbers."""
    values = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    data = features.assemble(
        ((values, np.arange(60) % 2), None, None),
        classes=("ash", "oak"),
        columns=("length", "width", "sort"),
        seed=0,
        limits=Limits(),
    )
    columns = folders.stored_columns(data)
    return DataSet.objects.create(owner=owner, name=name, source="csv", **columns)


def perceptrons(name="Perceptrons") -> Space:
    return space(name=name, definition=FAMILIES["mlp"].presets["features"])


def space(owner=None, name="MobileNetV3, small", definition=SMALL) -> Space:
    loaded = registry.load(definition)
    return Space.objects.create(
        owner=owner,
        name=name,
        family=loaded.family,
        definition=loaded.to_json(),
        content_hash=loaded.content_hash(),
        size=str(loaded.size()),
        summary=FAMILIES[loaded.family].summary,
    )


@cache
def measured_profile(name="This machine", limit=30, seed=0) -> Profile:
    """A profile whose rows were timed on a made-up machine of 4 GMAC/s."""
    rng, entries = Random(seed), []
    for op in plan(
        registry.load(SMALL).with_data(in_channels=1, n_classes=4).operation_table(), limit=limit
    ):
        mean_ms = 0.004 + op.macs() / 4e6 * rng.uniform(0.9, 1.1) + op.output_elements() / 2e6
        entries.append(Entry(op, mean_ms, std_ms=mean_ms * 0.02, min_ms=mean_ms * 0.97, runs=60))
    return Profile(
        name=name,
        device=Device(kind="cpu", vendor="Example", model="Example CPU", memory_bytes=8 * 2**30),
        runtime=Runtime("onnxruntime", "fp32", 1, 1, version="1.32.0", clock="cpu"),
        provenance=Provenance("measured", tool="webnas kit", repeat_rel=0.018, host_load=0.4),
        entries=tuple(entries),
        overhead_ms=0.003,
    )


def device(owner=None, name="This machine", is_host=False, profile=None) -> DeviceProfile:
    row = DeviceProfile.objects.create(owner=owner, name=name, is_host=is_host)
    if profile is None:
        version = copy(fitted())  # fitting takes longer than a test
        version.device, version.number = row, 1
        version.save()
    else:
        add_version(row, profile)
    return row


@cache
def fitted() -> ProfileVersion:
    return version_of(measured_profile())


def analytic_device(owner=None) -> DeviceProfile:
    profile = replace(analytic()[0])
    row = DeviceProfile.objects.create(owner=owner, name=profile.name)
    add_version(row, profile)
    return row


def run(owner, *, data=None, place=None, on=None, **fields) -> Run:
    """A run with three objectives that has not begun."""
    on = on or device(owner, f"Device of {owner}")
    data, place = data or dataset(owner), place or space(owner)
    objectives = [
        {"measure": "accuracy", "direction": "max", "unit": ""},
        {"measure": "latency", "device": on.pk, "direction": "min", "unit": "ms"},
        {"measure": "storage", "direction": "min", "unit": "B"},
    ]
    columns = {
        "name": "Stripes on this machine",
        "target": "mobile",
        "strategy": "nsga2",
        "evaluator": "supernet",
        "evaluator_settings": {"epochs": 40},
        "objectives": objectives,
        "budget": 240,
        "batch": 20,
        "seed": 1,
    }
    made = Run.objects.create(owner=owner, dataset=data, space=place, **columns | fields)
    version = ProfileVersion.objects.filter(device=on).first()
    PinnedProfile.objects.create(run=made, device=on, version=version, position=0)
    RunEvent.objects.create(run=made, text="Queued.")
    return made


def trained(found: Run, steps=920, until=None) -> None:
    """The training curve, and the supernet."""
    supernet = Supernet.objects.create(
        owner=found.owner, dataset=found.dataset, space=found.space,
        recipe=engine.recipe_of(found), sha256="5" * 64,
        total_steps=steps, step=until or steps, is_trained=until is None,
    )  # fmt: skip
    last = until or steps
    points = []
    for step in range(0, last + 1, max(last // 60, 1)):
        noise = (zlib.crc32(str(step).encode()) % 100) / 1000
        loss = 2.2 * math.exp(-step / 260) + 0.35 + noise
        figures = {"loss": loss, "learning_rate": 0.1, "total": steps}
        points.append(RunPoint(run=found, stage="train", step=step, figures=figures))
    RunPoint.objects.bulk_create(points)
    Run.objects.filter(pk=found.pk).update(supernet=supernet, stage="train", status="running")
    found.refresh_from_db()


def searched(found: Run, n=200, *, seed=0, n_failed=2, limit_ms=None, ends=True) -> list[Trial]:
    """Judged networks with front, verified members and the history of the hypervolume."""
    rng, costing = Random(seed), engine.costing_of(found)
    costing = Costing(costing.space, costing.versions)
    genes = [costing.space.sample(rng) for _ in range(n)]
    trials = [
        _trial(found, number, one, costs, costing, rng, limit_ms)
        for number, (one, costs) in enumerate(zip(genes, costing.measures(genes), strict=True), 1)
    ]
    for trial in trials[5 : 5 + n_failed]:
        _fail(trial)
    _mark_front(found, trials, costing)
    Trial.objects.bulk_create(trials, batch_size=500)
    RunEvent.objects.create(run=found, text="Trained 920 steps; the search begins.")
    if n_failed:
        text = f"{n_failed} networks could not be judged."
        RunEvent.objects.create(run=found, text=text, level="warning")
    now = timezone.now()
    ended = {"stage": "verify", "status": "finished", "ended_at": now} if ends else {}
    Run.objects.filter(pk=found.pk).update(
        **{"stage": "search", "status": "running"} | ended,
        n_asked=n, n_told=n, n_failed=n_failed, seconds=148.2,
        n_front=sum(t.on_front for t in trials), started_at=now - timedelta(minutes=4),
    )  # fmt: skip
    found.refresh_from_db()
    return trials


def _trial(found, number, genes, costs, costing, rng, limit_ms) -> Trial:
    macs = costs["macs"].value
    accuracy = 0.985 - 0.35 * math.exp(-macs / 7e5) - abs(rng.gauss(0, 0.012))
    low, high = accuracy - 0.011, min(accuracy + 0.009, 1)
    costs["accuracy"] = MeasuredValue(
        accuracy, "", "supernet", split="validation", spread=(low, high), n=359
    )
    latency = costs[f"latency@{found.objectives[1]['device']}"].value
    violation = max(latency / limit_ms - 1, 0) if limit_ms else 0.0
    return Trial(
        run=found,
        number=number,
        architecture_hash=costing.space.hash(genes),
        status=Trial.Status.DONE,
        value_0=accuracy,
        value_1=latency,
        value_2=costs["storage"].value,
        violation=violation,
        is_told=True,
        data={"genes": list(genes), "measures": to_json(costs)},
        seconds=0.4,
    )


def _fail(trial: Trial) -> None:
    trial.status, trial.error = Trial.Status.FAILED, "RuntimeError: no more memory"
    trial.value_0 = trial.value_1 = trial.value_2 = None
    del trial.data["measures"]["accuracy"]


def _mark_front(found: Run, trials: list[Trial], costing: Costing) -> None:
    done = [t for t in trials if t.status == Trial.Status.DONE and t.violation == 0]
    losses = np.array([(-t.value_0, t.value_1, t.value_2) for t in done])
    for trial, is_best in zip(done, non_dominated(losses), strict=True):
        trial.on_front = bool(is_best)
        if is_best:
            tested = MeasuredValue(
                trial.value_0 - 0.006, "", "supernet", split="test", n=360,
                spread=(trial.value_0 - 0.02, trial.value_0),
            )  # fmt: skip
            trial.is_verified = True
            trial.data["measures"]["accuracy:test"] = tested.to_json()
    members = [t for t in done if t.on_front]
    if len(members) > 3:
        members[1].data["fell_off"] = True
    scale = np.array([1.0, losses[:, 1].max(), losses[:, 2].max()])
    points = []
    for told in range(20, len(trials) + 1, 20):
        kept = [i for i, t in enumerate(done) if t.number <= told]
        part = losses[kept] / scale
        volume = hypervolume(part, np.array([0.0, 1.0, 1.0]))
        front = int(non_dominated(losses[kept]).sum())
        figures = {"hypervolume": volume, "front": front}
        points.append(RunPoint(run=found, stage="search", step=told, figures=figures))
    RunPoint.objects.bulk_create(points)


def fully_trained(found: Run, *, sample=12, fallen=(), due=0) -> None:
    """A sample of the judged networks and the whole front after full training."""
    done = list(found.trials.filter(status=Trial.Status.DONE).order_by("number"))
    sampled = {trial.pk for trial in done[:: max(1, len(done) // sample)][:sample]}
    rng, rows = Random(3), []
    for trial in done:
        if trial.pk in sampled or trial.on_front:
            value = min(0.999, trial.value_0 + 0.01 + abs(rng.gauss(0, 0.01)))
            judged = MeasuredValue(
                value, "", "fully trained", split="validation", n=360,
                spread=(value - 0.01, min(1.0, value + 0.01)),
            )  # fmt: skip
            row = FullTraining(
                run=found, trial=trial, is_sampled=trial.pk in sampled, status="done",
                measures={"accuracy": judged.to_json()}, ended_at=timezone.now(),
            )  # fmt: skip
            rows.append(row)
    for row in rows[:due]:
        row.status, row.measures, row.due_at = "waiting", {}, timezone.now()
    FullTraining.objects.bulk_create(rows)
    Trust.objects.create(run=found, settings={"epochs": 40})
    trust.consider(found)
    front = FullTraining.objects.filter(run=found, trial__on_front=True)
    front.update(fell_off=False)
    front.filter(trial__number__in=fallen).update(fell_off=True)


def many_trials(found: Run, n: int) -> None:
    """Rows without costs, as many as wanted: only the columns that lists and plots read."""
    rng = np.random.default_rng(1)
    latency = rng.gamma(4, 0.1, n) + 0.05
    accuracy = 0.98 - 0.4 * np.exp(-latency * 4) - np.abs(rng.normal(0, 0.02, n))
    storage = 4e4 + latency * 2e5 * rng.uniform(0.7, 1.3, n)
    is_best = non_dominated(np.stack([-accuracy, latency, storage], 1))
    genes = [0] * len(engine.space_of(found).genes)
    data = {
        "genes": genes,
        "measures": {"accuracy": {"value": 0.9, "unit": "", "provenance": "supernet"}},
    }
    Trial.objects.bulk_create(
        (
            Trial(
                run=found, number=i + 1, architecture_hash=f"{i:016x}", status="done",
                value_0=accuracy[i], value_1=latency[i], value_2=storage[i],
                on_front=bool(is_best[i]), is_told=True, data=data,
            )
            for i in range(n)
        ),
        batch_size=2000,
    )  # fmt: skip
    Run.objects.filter(pk=found.pk).update(
        n_asked=n, n_told=n, n_front=int(is_best.sum()), budget=n, stage="search", status="running"
    )
    found.refresh_from_db()


def model(found: Run, trial: Trial, **fields) -> ChosenModel:
    """A chosen network that is ready to be taken away."""
    card = {
        "name": trial.run.name,
        "metrics": trial.data["measures"],
        "signature": {
            "input": {"name": "images", "dtype": "float32", "shape": ["batch", 1, 24, 24]},
            "output": {"name": "logits", "shape": ["batch", 4], "classes": ["one", "two"]},
        },
    }
    compared = [
        ("model.onnx", "random inputs", 16, 4.1e-7),
        ("model.pt2", "random inputs", 16, 0.0),
        ("model.onnx", "test split", 360, 7.6e-7),
    ]
    names = ("file", "inputs", "n", "largest_difference", "allowed")
    outputs = [dict(zip(names, (*row, 1.2e-4), strict=True)) for row in compared]
    score = {"accuracy": 0.9528, "cross_entropy": 0.1603}
    scores = {"pytorch": score, "model.onnx": score}
    columns = {
        "name": f"{found.name} #{trial.number}",
        "status": ChosenModel.Status.READY,
        "settings": {"fine_tune_epochs": 0},
        "card": card,
        "report": {"outputs": outputs, "scores": scores, "problems": [], "versions": {}},
    }
    made = ChosenModel.objects.create(owner=found.owner, trial=trial, **columns | fields)
    if made.status == ChosenModel.Status.READY:
        for name, filename in (("onnx", "model.onnx"), ("bundle", "model.zip")):
            content = io.BytesIO(filename.encode() * 4000).getvalue()
            stored = files.write(f"models/{made.pk}", f"-{filename}", content)
            ModelFile.objects.create(
                model=made, format=name, filename=filename, file=stored.name,
                sha256=stored.sha256, n_bytes=stored.n_bytes,
            )  # fmt: skip
    return made
