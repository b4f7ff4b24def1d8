"""Searches in tables of known results: nothing is trained, verified or chosen."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from django.contrib.auth.models import User

from searches.datasets.known_table import KnownTable
from searches.models import Run, Space
from searches.objectives.fronts import hypervolume, non_dominated
from searches.runner import search
from searches.services import models, runs
from searches.services.requests import RunRequest
from tests.searches import tables
from webnas.refusals import RefusedRequest
from webnas.work import files

from .conftest import drive

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return User.objects.create_user("alice")


def request_of(dataset, **changes):
    """Error against delay, with the space that came with the table."""
    request = RunRequest(
        name="Known",
        dataset=dataset,
        space=Space.objects.get(name=dataset.name),
        objectives=[{"measure": "error"}, {"measure": "delay"}],
        target="table",
        evaluator="table",
        strategy="random",
        budget=40,
        batch=10,
    )
    return replace(request, **changes)


def searched(owner, dataset, **changes):
    return drive(runs.start_run(owner=owner, request=request_of(dataset, **changes)))


def true_losses(dataset, *measures):
    """[n, n_measures] of every row, straight from the stored table."""
    table = KnownTable.load(BytesIO(files.read(dataset.file)))
    names = [measure.name for measure in table.measures]
    signs = [1 if m.direction == "min" else -1 for m in table.measures]
    picked = [names.index(measure) for measure in measures]
    return table.values[:, picked] * np.array(signs)[picked]


def true_share(dataset, *measures):
    """Hypervolume of the true front in the box from best to worst of each column."""
    losses = true_losses(dataset, *measures)
    losses = losses[np.isfinite(losses).all(axis=1)]
    low, high = losses.min(axis=0), losses.max(axis=0)
    return hypervolume((losses - low) / (high - low), np.ones(len(measures)))


def test_a_table_is_searched_to_its_end_without_training_or_verification(owner):
    run = searched(owner, tables.upload(owner))
    assert (run.status, run.stage, run.error) == (Run.Status.FINISHED, Run.Stage.DONE, "")
    assert run.n_told == 40
    assert run.supernet is None
    assert not run.trials.filter(is_verified=True).exists()
    assert not run.trials.exclude(checkpoint="").exists()
    assert search.NOTHING_TO_VERIFY in run.events.values_list("text", flat=True)


def test_every_trial_has_the_values_of_its_row_and_nothing_else(owner):
    dataset = tables.upload(owner)
    table = KnownTable.load(BytesIO(files.read(dataset.file)))
    run = searched(owner, dataset)
    for trial in run.trials.all():
        known = table.known(trial.data["genes"])
        assert (trial.value_0, trial.value_1) == (known["error"], known["delay"])
        assert {key: m["value"] for key, m in trial.measures.items()} == known
        assert trial.measures["delay"] == {
            "value": known["delay"],
            "unit": "ms",
            "provenance": "table",
        }


def test_the_whole_table_gives_the_true_front_and_the_whole_hypervolume(owner):
    dataset = tables.upload(owner)
    run = searched(owner, dataset, strategy="grid", budget=64, batch=16)
    losses = true_losses(dataset, "error", "delay")
    true_front = {tuple(row) for row in losses[non_dominated(losses)]}
    front = run.trials.filter(on_front=True)
    assert set(front.values_list("value_0", "value_1")) == true_front
    assert run.hypervolume == pytest.approx(true_share(dataset, "error", "delay"))


def test_the_scale_is_that_of_the_columns(owner):
    dataset = tables.upload(owner)
    run = searched(owner, dataset, objectives=[{"measure": "score"}, {"measure": "delay"}])
    score, delay = (-true_losses(dataset, "score"), true_losses(dataset, "delay"))
    assert run.scale == {
        "score": {"ideal": score.max(), "reference": score.min()},
        "delay": {"ideal": delay.min(), "reference": delay.max()},
    }


def test_a_limit_on_a_column_keeps_rows_off_the_front(owner):
    dataset = tables.upload(owner)
    limits = [{"measure": "delay", "at_most": 3.0}]
    run = searched(owner, dataset, strategy="grid", budget=64, limits=limits)
    losses = true_losses(dataset, "error", "delay")
    allowed = losses[losses[:, 1] <= 3.0]
    front = set(run.trials.filter(on_front=True).values_list("value_0", "value_1"))
    assert front == {tuple(row) for row in allowed[non_dominated(allowed)]}
    assert run.trials.filter(violation__gt=0).count() == len(losses) - len(allowed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [{}, {"limits": [{"measure": "error", "at_most": 50}], "objectives": "other"}]
)
def test_a_row_without_a_value_fails_alone(owner, asked):
    """Whether the value was to be an objective, or only what a limit is on."""
    dataset = tables.upload(owner, content=tables.small(missing={5, 6, 7}))
    if asked:
        asked = asked | {"objectives": [{"measure": "score"}, {"measure": "delay"}]}
    run = searched(owner, dataset, strategy="grid", budget=64, **asked)
    assert run.status == Run.Status.FINISHED
    assert run.n_failed == 3
    errors = run.trials.filter(status="failed").values_list("error", flat=True)
    assert all(error.strip().endswith("NoValue: error") for error in errors)


def test_an_extended_run_ends_again(owner):
    run = searched(owner, tables.upload(owner), budget=20)
    runs.extend_run(run=run, budget=30)
    run = drive(run)
    assert (run.status, run.n_told) == (Run.Status.FINISHED, 30)


@pytest.mark.slow
def test_a_search_can_start_from_an_earlier_one_of_the_same_table(owner):
    dataset = tables.upload(owner)
    origin = searched(owner, dataset)
    run = searched(owner, dataset, strategy="nsga2", budget=20, warm_start=origin)
    assert (run.status, run.n_told) == (Run.Status.FINISHED, 20)
    assert run.events.filter(text__contains=", with their quality").exists()


def test_no_network_of_a_table_can_be_chosen(owner):
    run = searched(owner, tables.upload(owner), budget=10)
    with pytest.raises(RefusedRequest, match="no networks to train or download"):
        models.choose(owner=owner, run=run, number=run.trials.first().number)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "measures"),
    [
        (tables.nas_bench_201, ["error", "latency on a Pi 4"]),
        (tables.nas_bench_macro, ["accuracy", "size"]),
    ],
)
def test_a_search_of_a_published_table_finds_most_of_its_front(owner, shared_data, make, measures):
    dataset = tables.upload(owner, content=make(shared_data))
    true = true_share(dataset, *measures)
    found = {}
    for strategy in ("nsga2", "random"):
        run = searched(
            owner,
            dataset,
            strategy=strategy,
            objectives=[{"measure": measure} for measure in measures],
            budget=200,
            batch=20,
        )
        assert run.status == Run.Status.FINISHED
        found[strategy] = run.hypervolume / true
    assert found["nsga2"] > 0.9
    assert found["random"] > 0.9
    assert max(found.values()) <= 1 + 1e-9
