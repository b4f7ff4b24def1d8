"""Runs that judge networks by the weights that a hypernetwork predicts for them."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from searches.models import Run, Space
from searches.services import runs
from searches.services.requests import RunRequest
from webnas.refusals import RefusedRequest

from .conftest import drive

pytestmark = pytest.mark.django_db

SETTINGS = {"epochs": 1, "batch_size": 32, "hidden": 4, "control_networks": 2}


@pytest.fixture
def request_(dataset, tiny_space):
    tiny = Space.objects.create(
        name="tiny",
        family=tiny_space.family,
        definition=tiny_space.to_json(),
        content_hash=tiny_space.content_hash(),
        size=str(tiny_space.size()),
    )
    return RunRequest(
        name="predicted",
        dataset=dataset,
        space=tiny,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="random",
        evaluator="hypernetwork",
        evaluator_settings=SETTINGS,
        budget=3,
        seed=3,
    )


def started(request, **changes):
    owner = User.objects.get_or_create(username="alice")[0]
    return runs.start_run(owner=owner, request=replace(request, **changes))


@pytest.mark.slow
def test_a_run_trains_its_hypernetwork_measures_the_control_and_shares_it(request_):
    run = drive(started(request_))
    assert run.status == Run.Status.FINISHED, run.error
    assert run.supernet.report["control"]["networks"] == 2
    provenances = {t.measures["accuracy"]["provenance"] for t in run.trials.all()}
    assert provenances == {"predicted weights"}
    for changes in (
        {"evaluator": "graph_hypernetwork"},
        {"evaluator": "supernet", "evaluator_settings": {}},
        {"evaluator_settings": SETTINGS | {"hidden": 5}},
    ):
        with pytest.raises(RefusedRequest) as refusal:
            started(request_, supernet=run.supernet, **changes)
        assert "did not train this supernet" in refusal.value.errors["supernet"][0]
    again = drive(started(request_, supernet=run.supernet, budget=2))
    assert again.status == Run.Status.FINISHED, again.error
