"""Tables of known results: what comes with one, and what cannot be asked of it."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from devices import services as devices
from devices.models import DeviceProfile
from searches.models import DataSet, Run, Space
from searches.services import anatomy, datasets, reading, runs, spaces
from searches.services.requests import RunRequest
from searches.spaces.base import InvalidArchitecture
from tests.searches import tables
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return User.objects.create_user("alice")


@pytest.fixture
def dataset(owner):
    return tables.upload(owner)


@pytest.fixture
def request_(dataset):
    return RunRequest(
        name="Known",
        dataset=dataset,
        space=Space.objects.get(name="Known"),
        objectives=[{"measure": "error"}, {"measure": "delay"}],
        target="table",
        evaluator="table",
        budget=40,
    )


def refused(owner, request):
    with pytest.raises(RefusedRequest) as refusal:
        runs.start_run(owner=owner, request=request)
    assert not Run.objects.exists()
    return refusal.value.errors


def test_a_csv_with_measured_columns_becomes_a_table_with_its_space(owner, dataset):
    assert (dataset.kind, dataset.source, dataset.status) == ("table", "csv", "ready")
    assert [m["name"] for m in dataset.statistics["measures"]] == ["error", "delay", "score"]
    space = Space.objects.get(owner=owner, family="table")
    assert (space.name, space.size) == ("Known", "64")
    assert space.definition["table"] == dataset.sha256
    assert files.read(dataset.sheet).startswith(b"\x89PNG")


def test_a_csv_with_a_named_class_is_no_table(owner):
    rows = "".join(f"{i},{i % 3},{'ab'[i % 2]}\n" for i in range(40))
    content = f"temperature (K min),size,sort\n{rows}".encode()
    dataset = tables.upload(owner, content=content, target="sort")
    assert dataset.kind == "features"
    assert not Space.objects.filter(owner=owner).exists()


def test_what_is_wrong_in_a_table_is_refused_by_its_place_and_nothing_stays(owner, settings):
    with pytest.raises(RefusedRequest) as refusal:
        tables.upload(owner, content=b"op,error (min)\nconv,1\nconv,2\n")
    assert "same architecture" in refusal.value.errors["row 3"][0]
    assert not DataSet.objects.exists()
    assert not Space.objects.exists()


def test_a_name_that_a_space_has_is_refused(owner):
    definition = spaces.FAMILIES["mlp"].presets["features"]
    spaces.create_space(owner=owner, name="Known", definition=definition)
    with pytest.raises(RefusedRequest) as refusal:
        tables.upload(owner)
    assert "brings a space" in refusal.value.errors["name"][0]
    assert not DataSet.objects.exists()


def test_the_space_goes_with_its_table_and_not_before(owner, dataset):
    space = Space.objects.get(name="Known")
    with pytest.raises(ConflictingRequest, match="deleted with it"):
        spaces.delete_space(space=space)
    datasets.delete_dataset(dataset=dataset)
    assert not Space.objects.filter(owner=owner).exists()
    assert not DataSet.objects.exists()


def test_another_persons_table_of_the_same_name_keeps_its_space(owner, dataset):
    bob = User.objects.create_user("bob")
    other = tables.upload(bob)
    datasets.delete_dataset(dataset=dataset)
    assert Space.objects.get().owner == bob
    assert DataSet.objects.get() == other


def test_a_table_in_use_is_kept_with_its_space(owner, dataset, request_):
    runs.start_run(owner=owner, request=request_)
    with pytest.raises(ConflictingRequest, match="Known"):
        datasets.delete_dataset(dataset=dataset)
    assert Space.objects.filter(owner=owner).exists()


def test_a_copys_space_in_use_keeps_the_copy(owner, dataset, request_):
    """Equal tables have equal spaces: a run of one may use the space of the other."""
    copy = tables.upload(owner, name="Copy")
    space = Space.objects.get(name="Copy")
    runs.start_run(owner=owner, request=replace(request_, space=space))
    with pytest.raises(ConflictingRequest, match="Known"):
        datasets.delete_dataset(dataset=copy)
    assert Space.objects.filter(name="Copy").exists()


def test_a_good_request_is_taken(owner, request_):
    run = runs.start_run(owner=owner, request=request_)
    assert run.objectives == [
        {"measure": "error", "direction": "min", "unit": "%"},
        {"measure": "delay", "direction": "min", "unit": "ms"},
    ]


COSTS = [{"measure": "error"}, {"measure": "macs"}]
WRONG = {
    "cost": ({"objectives": COSTS}, "objectives.1", "a table says of its rows what it holds"),
    "listed": ({"objectives": COSTS}, "objectives.1", "Known: error, delay, score."),
    "accuracy": ({"objectives": [{"measure": "accuracy"}]}, "objectives.0", "no measure"),
    "limit": ({"limits": [{"measure": "storage", "at_most": 9}]}, "limits.0", "Storage: a table"),
    "low": ({"limits": [{"measure": "error", "at_most": 1}]}, "limits.0", "smallest reachable"),
    "high": ({"limits": [{"measure": "score", "at_least": 2}]}, "limits.0", "largest reachable"),
    "text": ({"limits": [{"measure": "error", "at_most": "9"}]}, "limits.0", "a number is"),
    "full": ({"evaluator": "full"}, "evaluator", "Full training needs networks"),
    "supernet": ({"evaluator": "supernet"}, "evaluator", "share one set of weights"),
    "one-shot": ({"strategy": "darts"}, "strategy", "mixed with weights"),
    "fidelity": ({"strategy": "asha"}, "strategy", "several levels of effort"),
    "target": ({"target": "mobile"}, "dataset", "images with one class each"),
}


@pytest.mark.parametrize(("changes", "place", "reason"), WRONG.values(), ids=WRONG)
def test_what_a_table_cannot_do_is_refused_with_the_reason(
    owner, request_, changes, place, reason
):
    errors = refused(owner, replace(request_, **changes))
    assert reason in " ".join(errors[place])


def test_limits_of_a_table_may_be_zero_or_less(owner):
    dataset = tables.upload(owner, content=b"a,gain (max)\nx,-2.5\ny,0.5\n")
    request = RunRequest(
        name="Gain",
        dataset=dataset,
        space=Space.objects.get(name="Known"),
        objectives=[{"measure": "gain"}],
        limits=[{"measure": "gain", "at_least": -1}],
        target="table",
        evaluator="table",
        strategy="random",
        budget=2,
    )
    assert runs.start_run(owner=owner, request=request).limits[0]["at_least"] == -1


def test_devices_are_refused(owner, request_):
    devices.add_builtin()
    device = DeviceProfile.objects.first()
    errors = refused(owner, replace(request_, devices=[device]))
    assert "no networks that a device could run" in errors["devices"][0]


def test_the_space_of_another_table_is_refused(owner, request_):
    tables.upload(owner, name="Other", content=b"a,error (% min),delay (ms min)\nx,1,2\ny,2,1\n")
    space = Space.objects.get(name="Other")
    errors = refused(owner, replace(request_, space=space))
    assert "not those of the table “Known”" in errors["space"][0]


def test_a_space_that_only_claims_to_be_of_the_table_is_refused(owner, dataset, request_):
    columns = [{"name": "first", "options": ["skip", "conv"]}]
    definition = {"family": "table", "table": dataset.sha256, "columns": columns}
    space = spaces.create_space(owner=owner, name="Mine", definition=definition)
    assert "not those" in refused(owner, replace(request_, space=space))["space"][0]


def test_spaces_of_networks_are_refused_for_a_table(owner, request_):
    definition = spaces.FAMILIES["mlp"].presets["features"]
    space = spaces.create_space(owner=owner, name="Perceptrons", definition=definition)
    errors = refused(owner, replace(request_, space=space))
    assert "Table of known results" in errors["space"][0]


def test_the_preview_says_what_the_columns_reach(dataset, request_):
    found = runs.preview_run(request=request_)
    column = dataset.statistics["measures"][1]
    assert found["errors"] == {}
    assert found["size"] == "64"
    assert found["bounds"]["delay"] == {
        "min": column["min"],
        "max": column["max"],
        "unit": "ms",
        "label": "delay",
    }


def test_the_space_of_a_table_has_no_costs(dataset):
    found = spaces.analysis(space=Space.objects.get(name="Known"))
    assert found["bounds"] == {}
    assert found["n_operations"] == 0
    assert [gene["name"] for gene in found["genes"]] == ["first", "second", "width"]


def test_labels_are_the_columns(owner, request_):
    run = runs.start_run(owner=owner, request=request_)
    labels = reading.objective_labels(run)
    assert [(o["key"], o["unit"], o["direction"]) for o in labels] == [
        ("error", "%", "min"),
        ("delay", "ms", "min"),
    ]


def test_a_row_has_no_blocks(owner, request_):
    run = runs.start_run(owner=owner, request=request_)
    trial = run.trials.create(number=0, architecture_hash="0", data={"genes": [0, 0, 0]})
    assert anatomy.breakdown(trial=trial)["blocks"] == []
    with pytest.raises(InvalidArchitecture):
        spaces.load(run.space.definition).validate([0, 0, 9])
