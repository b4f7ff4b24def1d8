"""A data set, a space, a device and a run of Alice's; and the people who ask for them."""

import pytest

from devices.models import DeviceProfile
from devices.profiles.builtin import analytic
from devices.versions import add_version
from searches.datasets.thumbnails import sample_sheet
from searches.models import ChosenModel, DataSet, ModelFile, Run, Space
from searches.runner import folder
from searches.services.requests import RunRequest
from searches.services.runs import start_run
from tests.cast import (  # noqa: F401
    alice,
    anonymous,
    as_alice,
    as_bob,
    as_carol,
    as_reader,
    bob,
    carol,
    unthrottled,
)
from tests.searches.rows import add_trials
from webnas.work import files


@pytest.fixture(scope="session")
def sheet(tiny_data):
    return sample_sheet(tiny_data, n=3)


@pytest.fixture
def dataset(db, tiny_data, sheet, monkeypatch):
    """Comes with webnas."""
    with monkeypatch.context() as patch:
        patch.setattr(folder, "sample_sheet", lambda data: sheet)
        columns = folder.stored_columns(tiny_data)
    return DataSet.objects.create(name="Bars", source=DataSet.Source.BUILTIN, **columns)


@pytest.fixture
def space(db, tiny_space):
    """Comes with webnas."""
    return Space.objects.create(
        name="Tiny",
        family=tiny_space.family,
        definition=tiny_space.to_json(),
        content_hash=tiny_space.content_hash(),
        size=str(tiny_space.size()),
    )


@pytest.fixture
def device(db):
    """Comes with webnas; its latencies are analytic."""
    profile = analytic()[0]
    row = DeviceProfile.objects.create(owner=None, name=profile.name)
    add_version(row, profile)
    return row


@pytest.fixture
def body(dataset, space, device):
    """A request for a run that can be started."""
    return {
        "name": "First try",
        "dataset": dataset.pk,
        "space": space.pk,
        "devices": [device.pk],
        "objectives": [
            {"measure": "accuracy"},
            {"measure": "latency", "device": device.pk},
            {"measure": "storage"},
        ],
        "strategy": "random",
        "evaluator": "supernet",
        "budget": 40,
        "seed": 3,
    }


@pytest.fixture
def run(alice, dataset, space, device):  # noqa: F811
    """A run of Alice's that has judged 30 networks."""
    objectives = [
        {"measure": "accuracy"},
        {"measure": "latency", "device": device.pk},
        {"measure": "storage"},
    ]
    request = RunRequest(
        name="Bars on a board",
        dataset=dataset,
        space=space,
        devices=[device],
        objectives=objectives,
        budget=100,
    )
    row = start_run(owner=alice, request=request)
    add_trials(row, 30)
    return Run.objects.get(pk=row.pk)


@pytest.fixture
def model(alice, run):  # noqa: F811
    """A model of Alice's that is ready, with one small file."""
    row = ChosenModel.objects.create(
        owner=alice,
        trial=run.trials.get(number=0),
        name="The small one",
        status=ChosenModel.Status.READY,
    )
    stored = files.write("models", ".onnx", b"not really a network")
    ModelFile.objects.create(
        model=row,
        format="onnx",
        filename="model.onnx",
        file=stored.name,
        sha256=stored.sha256,
        n_bytes=stored.n_bytes,
    )
    return row
