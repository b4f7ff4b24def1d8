"""What the installed sample package adds, at work; run by tests/test_plugins.py alone.

Its name keeps it out of the ordinary suite, where the package is not installed.
"""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from devices.models import DeviceProfile
from devices.profiles.formats.registry import FORMATS
from devices.profiles.intake import Accepted, Refused, read
from devices.services import import_profile
from searches.models import ChosenModel, Run, Space
from searches.services import models, runs, spaces
from searches.services.requests import RunRequest
from webnas.refusals import RefusedRequest

from .conftest import drive

pytestmark = pytest.mark.django_db

TIMINGS = b"""sample timings of Lab board, cpu, 1 thread, us
conv 3x3 32x32x16 -> 32: 470
conv 3x3 28x28x64 -> 64: 2890.5
conv 3x3 14x14x128 -> 128: 2700
conv 3x3 56x56x16 -> 32: 1440
conv 3x3 8x8x128 -> 256: 1800
linear 1280 -> 1000: 130.25
"""
NAMES = {
    "strategies": "sample_climb",
    "evaluators": "sample_untrained",
    "targets": "sample_balanced",
    "spaces/families": "sample_plain",
}


@pytest.fixture
def owner():
    return User.objects.create_superuser("alice")


@pytest.fixture
def web(owner):
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def request_(dataset):
    spaces.add_builtin()
    return RunRequest(
        name="all of it",
        dataset=dataset,
        space=Space.objects.get(family="sample_plain"),
        target="sample_balanced",
        strategy="sample_climb",
        strategy_settings={"kept": 5},
        evaluator="sample_untrained",
        objectives=[{"measure": "balanced_accuracy"}, {"measure": "macs"}],
        budget=16,
        batch=4,
    )


@pytest.mark.parametrize("registry", NAMES)
def test_the_card_is_told_over_rest(web, registry):
    answer = web.get(f"/api/v1/{registry}/?page_size=100").json()
    found = {card["name"]: card for card in answer["results"]}
    assert found[NAMES[registry]]["label"].endswith("(sample)")


def test_the_form_offers_the_choices(web, request_):
    page = web.get(reverse("run-new")).content.decode()
    for name in ("sample_climb", "sample_untrained", "sample_balanced"):
        assert f'value="{name}"' in page
    assert "strategy-sample_climb-kept" in page
    assert str(request_.space.name) in page


def test_a_run_with_all_of_it_goes_to_its_end(owner, request_):
    run = drive(runs.start_run(owner=owner, request=request_))
    assert run.status == Run.Status.FINISHED, run.error
    assert run.n_told == 16
    member = run.trials.filter(on_front=True).first()
    assert member.measures["balanced_accuracy:test"]["provenance"] == "proxy"
    model = models.choose(owner=owner, run=run, number=member.number)
    drive(run)
    model.refresh_from_db()
    assert model.status == ChosenModel.Status.READY, model.error
    assert {file.format for file in model.files.all()} >= {"onnx", "source", "bundle"}


def test_what_does_not_fit_is_refused_with_the_reason(owner, request_):
    small = Space.objects.get(family="ofa_mobilenet_v3", definition__preset="small")
    with pytest.raises(RefusedRequest) as refused:
        runs.start_run(owner=owner, request=replace(request_, space=small))
    assert "Balanced classification (sample)" in refused.value.errors["space"][0]
    with pytest.raises(RefusedRequest) as refused:
        runs.start_run(owner=owner, request=replace(request_, evaluator="supernet"))
    assert "share one set of weights" in refused.value.errors["evaluator"][0]


def test_settings_of_the_package_are_checked(owner, request_):
    with pytest.raises(RefusedRequest) as refused:
        runs.start_run(owner=owner, request=replace(request_, strategy_settings={"kept": 0}))
    assert "strategy_settings.kept" in refused.value.errors


def test_a_profile_in_its_format_is_read(owner):
    assert "sample_timings" in FORMATS
    verdict = read(TIMINGS, "board.txt", answers={})
    assert isinstance(verdict, Accepted), verdict
    assert verdict.profile.name == "Lab board"
    means = sorted(entry.mean_ms for entry in verdict.profile.entries)
    assert means == pytest.approx([0.13025, 0.47, 1.44, 1.8, 2.7, 2.8905])
    imported = import_profile(owner=owner, data=TIMINGS, filename="board.txt", answers={})
    assert DeviceProfile.objects.get(owner=owner).latest().n_entries == 6, imported


def test_a_faulty_line_of_its_format_is_named():
    verdict = read(TIMINGS + b"magic 4 -> 5: 1\n", "board.txt", answers={})
    assert isinstance(verdict, Accepted)
    assert "Line 8" in verdict.report[0].text
    assert "neither a convolution nor a linear layer" in verdict.report[0].text
    assert isinstance(read(b"neither\n", "board.txt", answers={}), Refused)
