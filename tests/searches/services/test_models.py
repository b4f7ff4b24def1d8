"""Choosing networks: what is taken, what is refused, and what deletion leaves."""

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage

from searches.models import ChosenModel, DataSet, ModelFile, Run, Space, Trial
from searches.services import models
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def run(alice):
    data = DataSet.objects.create(owner=alice, name="d", source="npz")
    space = Space.objects.create(
        owner=alice, name="s", family="f", definition={}, content_hash="x", size="1"
    )
    run = Run.objects.create(
        owner=alice,
        name="r",
        target="mobile",
        dataset=data,
        space=space,
        strategy="nsga2",
        evaluator="supernet",
        objectives=[],
        budget=10,
        batch=1,
    )
    for number, status in ((1, "done"), (2, "failed")):
        Trial.objects.create(
            run=run, number=number, architecture_hash=str(number), status=status, data={}
        )
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


def test_a_trial_that_does_not_exist_is_refused(alice, run):
    with pytest.raises(RefusedRequest):
        models.choose(owner=alice, run=run, number=3)


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
