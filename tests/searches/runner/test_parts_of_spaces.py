"""A space with options left out is searched with shared weights, down to a network."""

from random import Random

import pytest
from django.contrib.auth.models import User

from searches.models import ChosenModel, DataSet, Run
from searches.runner import engine
from searches.services import models, runs, spaces
from searches.services.requests import RunRequest
from webnas.work import files

from .conftest import drive

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ONLY = {"unit1.depth": [1], "unit2.block1.kernel": [5], "resolution": [12]}


def test_a_restricted_space_is_searched_down_to_a_network(tiny_space, tiny_data):
    owner = User.objects.create_user("alice")
    stored = files.write("datasets", ".npz", tiny_data.to_bytes())
    dataset = DataSet.objects.create(
        owner=owner,
        name="bars",
        source="npz",
        status="ready",
        file=stored.name,
        sha256=tiny_data.sha256(),
        statistics=tiny_data.statistics(),
    )
    definition = {**tiny_space.to_json(), "only": ONLY}
    space = spaces.create_space(owner=owner, name="part", definition=definition)
    request = RunRequest(
        name="part",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="nsga2",
        strategy_settings={"population": 4},
        evaluator="supernet",
        evaluator_settings={"epochs": 1},
        budget=8,
        batch=4,
    )
    run = drive(runs.start_run(owner=owner, request=request))
    assert run.status == Run.Status.FINISHED, run.error
    part = engine.space_of(run)
    for trial in run.trials.all():
        described = part.describe(tuple(trial.data["genes"]))
        assert described["resolution"] == 12
        assert described["units"][0]["depth"] == 1
        assert described["units"][1]["blocks"][0]["kernel"] == 5
    assert part.size() == len({part.sample(Random(seed)) for seed in range(400)})
    member = run.trials.filter(on_front=True).first()
    model = models.choose(owner=owner, run=run, number=member.number)
    drive(run)
    model.refresh_from_db()
    assert model.status == ChosenModel.Status.READY, model.error
