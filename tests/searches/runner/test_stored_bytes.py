"""Checkpoints of trials and supernets count as bytes of the run's owner while they are there."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from searches.evaluators.registry import EVALUATORS
from searches.models import ChosenModel, Run, Supernet, Trial
from searches.objectives.cards import Card
from searches.runner import weights
from searches.services import runs
from searches.services.requests import RunRequest
from tests.searches.rows import bare_run, bare_trials
from webnas.accounts import quotas
from webnas.refusals import RefusedRequest
from webnas.work import files

from .conftest import drive

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return User.objects.create_user("alice")


@pytest.fixture
def trained_alone(monkeypatch):
    """An evaluator that shares no weights, as full training."""
    folder = "tests.searches.runner.fakes"
    card = Card(
        name="alone",
        label="Alone",
        path=f"{folder}:TrainedAloneEvaluator",
        settings=f"{folder}:FormulaSettings",
        summary="For tests.",
    )
    monkeypatch.setitem(EVALUATORS._all(), "alone", card)


@pytest.fixture
def request_(dataset, space):
    return RunRequest(
        name="small",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="random",
        evaluator="formula",
        evaluator_settings={"judging_steps": 2},
        budget=8,
        batch=4,
        seed=3,
    )


def stored_bytes(model) -> int:
    """What the files of a model's rows take, after each row was seen to tell it."""
    total = 0
    for name, n_bytes in model.objects.values_list("checkpoint", "n_bytes"):
        assert n_bytes == (default_storage.size(name) if name else 0)
        total += n_bytes
    return total


def watched(run, owner):
    """Drive the run slice by slice; the largest sums seen for trials and supernets."""
    most = {Trial: 0, Supernet: 0}
    while run.is_active:
        drive(run, at_most=1)
        found = {model: stored_bytes(model) for model in most}
        assert quotas.used_bytes(owner) == sum(found.values())
        most = {model: max(most[model], n_bytes) for model, n_bytes in found.items()}
    return most


def test_weights_that_are_shared_count_and_half_way_states_only_meanwhile(
    owner, request_, settings
):
    settings.WEBNAS_SLICE_SECONDS = 0
    run = runs.start_run(owner=owner, request=request_)
    most = watched(run, owner)
    assert run.status == Run.Status.FINISHED
    assert most[Trial] > 0
    assert stored_bytes(Trial) == 0
    assert quotas.used_bytes(owner) == stored_bytes(Supernet) == most[Supernet] > 0


def test_weights_of_trials_that_were_trained_alone_count_until_the_run_is_deleted(
    owner, request_, settings, trained_alone
):
    settings.WEBNAS_SLICE_SECONDS = 0
    run = runs.start_run(owner=owner, request=replace(request_, evaluator="alone"))
    watched(run, owner)
    kept = set(run.trials.exclude(checkpoint="").values_list("number", flat=True))
    assert kept == set(run.trials.filter(n_bytes__gt=0).values_list("number", flat=True))
    assert kept == set(run.trials.filter(on_front=True).values_list("number", flat=True))
    assert quotas.used_bytes(owner) == stored_bytes(Trial) > 0
    runs.delete_run(run=run)
    assert quotas.used_bytes(owner) == 0


@pytest.mark.django_db(transaction=True)
def test_weights_of_networks_that_left_the_front_are_removed(
    owner, request_, settings, trained_alone
):
    run = drive(runs.start_run(owner=owner, request=replace(request_, evaluator="alone")))
    assert 0 < run.n_front < run.trials.count()
    weights = {name for name in files.stored() if name.startswith("checkpoints")}
    assert weights == set(run.trials.filter(on_front=True).values_list("checkpoint", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("columns", "is_kept"),
    [
        ({}, False),
        ({"on_front": True}, True),
        ({"is_told": False}, True),
        ({"fidelity": "epochs=3"}, True),  # a later trial goes on from it
        ({"due_at": timezone.now()}, True),
        ({"lease_until": timezone.now()}, True),
        ({"is_chosen": True}, True),
    ],
)
def test_weights_that_somebody_may_ask_for_are_kept(owner, columns, is_kept):
    run = bare_run(owner)
    bare_trials(run, 1)
    stored = files.write("checkpoints", ".pt", b"weights")
    trial = run.trials.get()
    if columns.pop("is_chosen", False):
        ChosenModel.objects.create(owner=owner, trial=trial, name="chosen")
    state = {"checkpoint": stored.name, "n_bytes": stored.n_bytes} | columns
    run.trials.update(**state)
    with transaction.atomic():
        weights.drop_dominated(run, 1)
    trial.refresh_from_db()
    assert (trial.checkpoint != "", trial.n_bytes > 0) == (is_kept, is_kept)
    assert default_storage.exists(stored.name) == is_kept


def test_who_is_beyond_the_quota_starts_no_run_until_something_is_deleted(
    owner, request_, settings
):
    run = drive(runs.start_run(owner=owner, request=request_))
    settings.WEBNAS_QUOTA_BYTES = quotas.used_bytes(owner) - 1
    with pytest.raises(RefusedRequest, match="Delete something first") as refusal:
        runs.start_run(owner=owner, request=request_)
    assert list(refusal.value.errors) == ["non_field_errors"]
    assert Run.objects.count() == 1
    runs.start_run(owner=User.objects.create_user("bob"), request=request_)
    runs.delete_run(run=run)
    runs.start_run(owner=owner, request=request_)
    assert Run.objects.owned_by(owner).count() == 1
