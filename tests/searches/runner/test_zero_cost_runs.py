"""Searches by proxies, from prepare to a chosen network that was trained after all."""

import math

import pytest
from django.contrib.auth.models import User

from searches.models import ChosenModel, DataSet, Run, Space
from searches.runner import full_training
from searches.runner.search import NOTHING_TRAINED
from searches.services import models, runs
from searches.services.requests import RunRequest
from webnas.work import files

from .conftest import drive

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def run(tiny_space, tiny_data):
    owner = User.objects.create_user("alice")
    stored = files.write("datasets", ".npz", tiny_data.to_bytes())
    dataset = DataSet.objects.create(
        name="bars",
        status="ready",
        file=stored.name,
        sha256=tiny_data.sha256(),
        statistics=tiny_data.statistics(),
    )
    space = Space.objects.create(
        name="tiny",
        family=tiny_space.family,
        definition=tiny_space.to_json(),
        content_hash=tiny_space.content_hash(),
        size=str(tiny_space.size()),
    )
    request = RunRequest(
        name="Proxies",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "synflow"}, {"measure": "macs"}],
        limits=[{"measure": "naswot", "at_least": 0.0001}],
        evaluator="zero_cost",
        evaluator_settings={"batch_size": 8, "initialisations": 2},
        budget=12,
        batch=6,
    )
    return drive(runs.start_run(owner=owner, request=request))


def test_the_front_is_found_without_any_training_and_nothing_is_kept(run):
    assert run.status == Run.Status.FINISHED, run.error
    assert run.supernet is None
    assert 0 < run.hypervolume < 1
    ends = run.scale["synflow"]
    assert math.isfinite(ends["ideal"])
    assert ends["ideal"] > ends["reference"]
    assert NOTHING_TRAINED in list(run.events.values_list("text", flat=True))
    for trial in run.trials.all():
        assert trial.measures["synflow"]["provenance"] == "proxy"
        assert trial.measures["naswot"]["value"] > 0
        assert not {"accuracy", "accuracy:test", "snip"} & trial.measures.keys()
        assert (trial.checkpoint, trial.n_bytes, trial.is_verified) == ("", 0, False)


def test_a_chosen_network_is_trained_before_it_is_handed_over(run, monkeypatch):
    quick = {"epochs": 3, "batch_size": 16, "learning_rate": 0.05, "warmup_epochs": 1}
    monkeypatch.setattr("searches.runner.full_training.recipe_of", lambda run: quick)
    best = run.trials.filter(on_front=True).order_by("-value_0").first()
    model = models.choose(owner=run.owner, run=run, number=best.number)
    drive(run)
    model.refresh_from_db()
    assert model.status == ChosenModel.Status.READY, model.error
    judged = model.card["metrics"]["accuracy:test"]
    assert judged["provenance"] == "fully trained"
    trained = full_training.candidate_of(run, best, quick)
    assert trained.advance(deadline=math.inf, tick=lambda: True).done
    assert judged["value"] == trained.quality("test")["accuracy"].value
    assert model.card["training"]["evaluator"] == "full"
    assert model.card["training"]["evaluator_settings"] == quick
