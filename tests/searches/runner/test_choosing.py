"""From a judged trial to files that run elsewhere, on a space of a few small networks."""

import errno
import hashlib
import io
import json
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from django.contrib.auth.models import User

from searches.models import ChosenModel, DataSet, Run, Space
from searches.runner import engine
from searches.services import models, runs
from searches.services.models import choose
from searches.services.requests import RunRequest
from webnas.work import files

from .conftest import drive

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def dataset_and_space(tiny_space, tiny_data):
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
    space = Space.objects.create(
        owner=owner,
        name="tiny",
        family=tiny_space.family,
        definition=tiny_space.to_json(),
        content_hash=tiny_space.content_hash(),
        size=str(tiny_space.size()),
    )
    return owner, dataset, space


@pytest.fixture
def run(dataset_and_space):
    owner, dataset, space = dataset_and_space
    request = RunRequest(
        name="Bars & more",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        evaluator="supernet",
        evaluator_settings={"epochs": 12, "batch_size": 16, "recalibration_images": 64},
        budget=8,
        batch=8,
    )
    return drive(runs.start_run(owner=owner, request=request))


def made(run, **settings):
    best = run.trials.filter(on_front=True).order_by("-value_0", "number").first()
    model = choose(owner=run.owner, run=run, number=best.number, settings=settings)
    drive(run)
    model.refresh_from_db()
    return model


def content(model, name):
    return files.read(model.files.get(format=name).file)


def test_the_downloaded_network_scores_what_the_page_says(run, tiny_data):
    assert run.status == Run.Status.FINISHED, run.error
    model = made(run)
    assert model.status == ChosenModel.Status.READY, model.error
    assert {f.format for f in model.files.all()} == {
        "onnx",
        "pt2",
        "safetensors",
        "source",
        "card",
        "bundle",
    }
    import onnxruntime
    import torch
    from torch.nn import functional

    card = json.loads(content(model, "card"))
    session = onnxruntime.InferenceSession(content(model, "onnx"))
    side = card["architecture"]["resolution"]
    images = torch.from_numpy(tiny_data.x_test).permute(0, 3, 1, 2).float() / 255
    resized = functional.interpolate(images, (side, side), mode="bilinear").numpy()
    scores = session.run(None, {session.get_inputs()[0].name: resized})[0]
    accuracy = float(np.mean(scores.argmax(1) == tiny_data.y_test))
    assert accuracy == pytest.approx(model.trial.measures["accuracy:test"]["value"])
    assert accuracy == pytest.approx(card["metrics"]["accuracy:test"]["value"])


def test_files_have_the_hashes_that_card_and_rows_tell(run):
    model = made(run)
    card = json.loads(content(model, "card"))
    archive = zipfile.ZipFile(io.BytesIO(content(model, "bundle")))
    assert model.files.get(format="bundle").filename.startswith("bars-more-")
    for name, told in card["files"].items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == told["sha256"]
    for file in model.files.all():
        assert hashlib.sha256(files.read(file.file)).hexdigest() == file.sha256


def test_training_on_in_slices_gives_the_same_network_as_in_one(run, settings):
    whole = made(run, fine_tune_epochs=2)
    settings.WEBNAS_SLICE_SECONDS = 0
    sliced = made(run, fine_tune_epochs=2)
    assert whole.status == sliced.status == ChosenModel.Status.READY, sliced.error
    assert content(whole, "safetensors") == content(sliced, "safetensors")
    assert content(whole, "safetensors") != content(made(run), "safetensors")


@pytest.fixture
def trained_alone(dataset_and_space):
    """A run that trained every network from scratch."""
    owner, dataset, space = dataset_and_space
    request = RunRequest(
        name="alone",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="random",
        evaluator="full",
        evaluator_settings={"epochs": 2, "batch_size": 16},
        budget=4,
        batch=4,
    )
    return drive(runs.start_run(owner=owner, request=request))


def test_a_network_that_left_the_front_is_trained_again_when_it_is_chosen(trained_alone):
    run = trained_alone
    left = run.trials.filter(on_front=False).first()
    assert left.checkpoint == ""
    model = choose(owner=run.owner, run=run, number=left.number)
    drive(run)
    model.refresh_from_db()
    assert model.status == ChosenModel.Status.READY, model.error
    judged = left.measures["cross_entropy"]["value"]
    assert model.card["metrics"]["cross_entropy"]["value"] == judged


def test_weights_that_vanish_when_they_are_wanted_are_trained_again(trained_alone):
    """The trial left the front between the reading of its row and that of its file."""
    run = trained_alone
    member = run.trials.filter(on_front=True).first()
    files.remove(member.checkpoint)
    model = choose(owner=run.owner, run=run, number=member.number)
    drive(run)
    model.refresh_from_db()
    assert model.status == ChosenModel.Status.READY, model.error


@contextmanager
def disk_full_after(n_files):
    """So many files can be written, then there is no room."""
    real, written = files.write, []

    def write(folder, suffix, content):
        if len(written) == n_files:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(real(folder, suffix, content))
        return written[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "write", write)
        yield


def test_a_disk_that_is_full_when_files_are_stored_leaves_none_and_can_be_tried_again(run):
    with disk_full_after(3):
        model = made(run)
    assert model.status == ChosenModel.Status.FAILED
    assert "free some space and try again" in model.error
    assert not [name for name in files.stored() if name.startswith("models/")]
    models.retry_model(model=model)
    drive(run)
    model.refresh_from_db()
    assert (model.status, model.error) == (ChosenModel.Status.READY, "")
    assert content(model, "safetensors") == content(made(run), "safetensors")


def test_a_disk_that_is_full_in_the_middle_of_training_keeps_the_last_state(run, settings):
    settings.WEBNAS_SLICE_SECONDS = 0
    with disk_full_after(2):
        model = made(run, fine_tune_epochs=2)
    assert model.status == ChosenModel.Status.FAILED
    state = engine.load_checkpoint(model.checkpoint)
    assert state["inner"]["step"] > 0
    models.retry_model(model=model)
    settings.WEBNAS_SLICE_SECONDS = 60
    drive(run)
    model.refresh_from_db()
    assert (model.status, model.checkpoint) == (ChosenModel.Status.READY, "")
    assert content(model, "safetensors") == content(made(run, fine_tune_epochs=2), "safetensors")


def test_a_file_that_does_something_else_is_refused_with_the_reason(run, monkeypatch):
    from searches.export import graphs

    real = graphs.onnx_bytes

    def damaged(program, name):
        import onnx
        from onnx import numpy_helper

        model = onnx.load_from_string(real(program, name))
        weight = model.graph.initializer[0]
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * 2, weight.name))
        return model.SerializeToString()

    monkeypatch.setattr(graphs, "onnx_bytes", damaged)
    model = made(run)
    assert model.status == ChosenModel.Status.REFUSED
    assert "model.onnx" in model.error
    assert not model.files.exists()
