"""A run whose supernet is trained by progressive shrinking, from prepare to a verified front."""

from dataclasses import replace

import pytest
import torch
from django.contrib.auth.models import User

from searches.models import Run, Space, Supernet
from searches.runner import engine
from searches.services import runs
from searches.services.requests import RunRequest
from searches.spaces.registry import FAMILIES
from webnas.refusals import RefusedRequest

from .conftest import drive

pytestmark = pytest.mark.django_db

QUICK = {
    "epochs": 2,
    "kernel_epochs": 1,
    "depth_epochs": 1,
    "width_epochs": 1,
    "batch_size": 50,
    "warmup_epochs": 0,
    "recalibration_images": 50,
}


def stored(space):
    return Space.objects.create(
        name=space.family,
        family=space.family,
        definition=space.to_json(),
        content_hash=space.content_hash(),
        size=str(space.size()),
    )


@pytest.fixture
def request_(dataset, tiny_space):
    return RunRequest(
        name="once for all",
        dataset=dataset,
        space=stored(tiny_space),
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="random",
        evaluator="once_for_all",
        evaluator_settings=QUICK,
        budget=4,
        batch=2,
        seed=3,
    )


def started(request, **changes):
    owner = User.objects.get_or_create(username="alice")[0]
    return runs.start_run(owner=owner, request=replace(request, **changes))


@pytest.mark.slow
def test_phases_are_kept_with_the_supernet_however_it_is_cut(request_, settings):
    trained = []
    for seconds in (60, 0):  # one slice for all of it, and one for every step
        settings.WEBNAS_SLICE_SECONDS = seconds
        run = drive(started(request_))
        assert run.status == Run.Status.FINISHED, run.error
        assert run.trials.filter(on_front=True, is_verified=True).count() == run.n_front > 0
        trained.append(Supernet.objects.get(runs=run))
        phases = [
            point.figures["phase"].split(",")[0]
            for point in run.points.filter(stage="train").order_by("step")
        ]
    assert list(dict.fromkeys(phases)) == ["largest", "kernel", "depth", "width"]
    whole, cut = trained
    assert cut.report == whole.report
    corners = [len(phase["corners"]) for phase in cut.report["phases"]]
    assert corners == [5, 5, 5, 5]
    one, other = (engine.load_checkpoint(s.checkpoint, s.sha256)["network"] for s in trained)
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.slow
def test_trained_network_serves_a_later_run_of_any_evaluator_of_shared_weights(request_):
    first = drive(started(request_))
    later = started(request_, evaluator="supernet", evaluator_settings={}, supernet=first.supernet)
    later = drive(later)
    assert later.status == Run.Status.FINISHED, later.error
    assert later.supernet_id == first.supernet_id


def test_space_whose_networks_are_no_parts_of_each_other_is_refused(request_):
    card = FAMILIES["proxyless"]
    definition = {"family": "proxyless", **card.presets["small"]}
    space = stored(card.load().from_json(definition))
    with pytest.raises(RefusedRequest) as refused:
        started(request_, space=space)
    assert "parts of one largest network" in str(refused.value.errors)
