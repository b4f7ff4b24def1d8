"""Searches of cells, from prepare to a chosen network, with real small trainings."""

import pytest
from django.contrib.auth.models import User

from searches.models import ChosenModel, Run, Space
from searches.services import models, runs
from searches.services.requests import RunRequest
from searches.spaces.cell_presets import PRESETS
from searches.spaces.registry import load

from .conftest import drive

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TINY = {"resolutions": [8], "channels": 8, "stem_width": 8, "n_cells": 1, "n_stages": 2}
QUICK = {"epochs": 2, "warmup_epochs": 0, "batch_size": 32}


def stored(preset, **changes):
    loaded = load({**PRESETS[preset], **TINY, **changes})
    return Space.objects.create(
        name=preset,
        family=loaded.family,
        definition=loaded.to_json(),
        content_hash=loaded.content_hash(),
        size=str(loaded.size()),
    )


def finished(dataset, space, strategy, **changes):
    owner = User.objects.get_or_create(username="alice")[0]
    wanted = {
        "objectives": [{"measure": "accuracy"}, {"measure": "macs"}],
        "evaluator": "supernet",
        "evaluator_settings": {},
        "budget": 6,
        "batch": 3,
        "seed": 1,
        **changes,
    }
    request = RunRequest(name="cells", dataset=dataset, space=space, strategy=strategy, **wanted)
    run = drive(runs.start_run(owner=owner, request=request))
    assert run.status == Run.Status.FINISHED, run.error
    return run


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("darts", {}),
        ("nas_bench_201", {}),
        ("lecture", {"n_nodes": 2}),
        ("enas", {"n_nodes": 2, "operations": ["conv_3x3", "attention", "linear"]}),
    ],
)
def test_choices_are_trained_judged_and_become_a_checked_network(dataset, preset, changes):
    space = stored(preset, **changes)
    run = finished(dataset, space, "gdas", strategy_settings=QUICK)
    assert run.trials.filter(status="done").count() == 6
    names = [choice["name"] for choice in run.supernet.report["choices"]]
    kinds = load(space.definition).definition.kinds
    assert (
        len(names) == len(set(names)) == len(kinds) * len(load(space.definition).topology.places)
    )
    trial = run.trials.filter(on_front=True).first()
    model = models.choose(owner=run.owner, run=run, number=trial.number)
    drive(run)
    model.refresh_from_db()
    assert model.status == ChosenModel.Status.READY, model.error
    assert model.files.filter(format="onnx").exists()


def test_darts_searches_its_own_cells(dataset):
    run = finished(dataset, stored("darts", n_nodes=2), "darts", strategy_settings=QUICK)
    assert run.trials.filter(status="done").count() == 6


def test_a_dead_cell_is_trained_and_guesses(dataset):
    """Ten classes of equal size: an answer that is always the same is right once in ten."""
    space = stored("nas_bench_201", operations=["none"])
    evaluator = {"evaluator": "full", "evaluator_settings": QUICK}
    run = finished(dataset, space, "random", **evaluator, budget=1, batch=1)
    trial = run.trials.get(status="done")
    assert 0.02 < trial.measures["accuracy"]["value"] < 0.25
