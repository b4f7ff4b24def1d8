"""Choosing networks: what is taken, what is refused, and what deletion leaves."""

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage

from searches.models import ChosenModel, ModelFile, Run
from searches.services import models, runs
from tests.searches.rows import bare_run, bare_trials
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def run(alice):
    """Its first trial was judged, its second one failed."""
    run = bare_run(alice)
    bare_trials(run, 2, lambda number: {"status": ("done", "failed")[number - 1]})
    return run


def test_a_chosen_trial_becomes_a_model_that_is_due(alice, run):
    model = models.choose(owner=alice, run=run, number=1, settings={"fine_tune_epochs": 3})
    assert (model.name, model.status, model.settings) == (
        "r #1",
        ChosenModel.Status.QUEUED,
        {"fine_tune_epochs": 3},
    )
    assert model.due_at is not None


@pytest.mark.parametrize("epochs", [-1, 1001, 1.5, "3", True, None])
def test_other_numbers_of_epochs_are_refused(alice, run, epochs):
    with pytest.raises(RefusedRequest) as refusal:
        models.choose(owner=alice, run=run, number=1, settings={"fine_tune_epochs": epochs})
    assert "0 to 1000" in refusal.value.errors["fine_tune_epochs"][0]
    assert not ChosenModel.objects.exists()


def test_an_unknown_setting_is_refused_by_name(alice, run):
    with pytest.raises(RefusedRequest) as refusal:
        models.choose(owner=alice, run=run, number=1, settings={"epochs": 3})
    assert list(refusal.value.errors) == ["epochs"]


def test_a_trial_that_failed_cannot_be_chosen(alice, run):
    with pytest.raises(ConflictingRequest, match="not done"):
        models.choose(owner=alice, run=run, number=2)


@pytest.mark.parametrize("status", ["failed", "lost"])
def test_a_model_that_could_not_be_made_is_tried_again(alice, run, status):
    model = models.choose(owner=alice, run=run, number=1)
    ChosenModel.objects.update(status=status, due_at=None, error="no space", attempts=4)
    models.retry_model(model=model)
    assert (model.status, model.error, model.attempts) == (ChosenModel.Status.QUEUED, "", 0)
    assert model.due_at is not None


@pytest.mark.parametrize("status", ["queued", "training", "ready", "refused"])
def test_other_models_are_not_made_again(alice, run, status):
    model = models.choose(owner=alice, run=run, number=1)
    ChosenModel.objects.update(status=status, due_at=None)
    with pytest.raises(ConflictingRequest, match=f"A model that is {status} is not made again"):
        models.retry_model(model=model)
    assert ChosenModel.objects.get().due_at is None


def test_a_model_is_tried_again_within_the_quota_only(alice, run, settings):
    model = models.choose(owner=alice, run=run, number=1)
    ChosenModel.objects.update(status="failed", due_at=None)
    settings.WEBNAS_QUOTA_MODELS = 0
    with pytest.raises(ConflictingRequest, match="0 are allowed"):
        models.retry_model(model=model)


def test_a_trial_that_does_not_exist_is_refused(alice, run):
    with pytest.raises(RefusedRequest):
        models.choose(owner=alice, run=run, number=3)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_deleted_meanwhile_is_told(alice, run, monkeypatch):
    """Between the look at the trial and the storing of the model: the database finds out."""
    Run.objects.filter(pk=run.pk).update(status=Run.Status.FINISHED)
    check = models._checked_settings

    def deleted_meanwhile(settings):
        runs.delete_run(run=Run.objects.get(pk=run.pk))
        return check(settings)

    monkeypatch.setattr(models, "_checked_settings", deleted_meanwhile)
    with pytest.raises(ConflictingRequest, match="was deleted while you chose from it"):
        models.choose(owner=alice, run=run, number=1)
    assert not ChosenModel.objects.exists()


def test_only_so_many_models_are_made_at_once(alice, run, settings):
    settings.WEBNAS_QUOTA_MODELS = 2
    first, _ = (models.choose(owner=alice, run=run, number=1) for _ in range(2))
    with pytest.raises(ConflictingRequest, match="2 models are being made; 2 are allowed"):
        models.choose(owner=alice, run=run, number=1)
    assert ChosenModel.objects.count() == 2
    ChosenModel.objects.filter(pk=first.pk).update(status=ChosenModel.Status.FAILED)
    models.choose(owner=alice, run=run, number=1)


def test_models_of_others_do_not_count(alice, run, settings):
    settings.WEBNAS_QUOTA_MODELS = 1
    models.choose(owner=User.objects.create_user("bob"), run=run, number=1)
    models.choose(owner=alice, run=run, number=1)


def test_files_of_models_count_as_bytes_of_their_owner(alice, run, settings):
    model = models.choose(owner=alice, run=run, number=1)
    columns = {"filename": "f", "file": "f", "sha256": "0"}
    for name, n_bytes in (("onnx", 700), ("pt2", 500)):
        ModelFile.objects.create(model=model, format=name, n_bytes=n_bytes, **columns)
    assert quotas.used_bytes(alice) == 1200
    settings.WEBNAS_QUOTA_BYTES = 1000
    with pytest.raises(RefusedRequest, match="You use 1,200 of 1,000 bytes"):
        models.choose(owner=alice, run=run, number=1)


def test_deleting_a_model_deletes_its_files(alice, run, django_capture_on_commit_callbacks):
    model = models.choose(owner=alice, run=run, number=1)
    stored = files.write("models", ".onnx", b"weights")
    ModelFile.objects.create(
        model=model,
        format="onnx",
        filename="model.onnx",
        file=stored.name,
        sha256=stored.sha256,
        n_bytes=stored.n_bytes,
    )
    with django_capture_on_commit_callbacks(execute=True):
        models.delete_model(model=model)
    assert not ModelFile.objects.exists()
    assert not default_storage.exists(stored.name)
