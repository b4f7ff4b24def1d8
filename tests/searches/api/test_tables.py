"""REST: from an uploaded table of known results to the best rows."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from searches.models import Run
from tests.searches import tables
from tests.searches.runner.conftest import drive

RUNS, DATASETS, SPACES = (f"/api/v1/{name}/" for name in ("runs", "datasets", "spaces"))


@pytest.fixture
def table(as_alice):
    """The data set, and the space that came with it."""
    file = SimpleUploadedFile("known.csv", tables.small())
    answer = as_alice.post(DATASETS, {"name": "Known", "file": file}, format="multipart")
    assert answer.status_code == 201, answer.data
    space = as_alice.get(f"{SPACES}?family=table").data["results"][0]
    return answer.data, space


def request_(table, **changes):
    return {
        "name": "Known",
        "target": "table",
        "dataset": table[0]["id"],
        "space": table[1]["id"],
        "objectives": [{"measure": "error"}, {"measure": "delay"}],
        "strategy": "random",
        "evaluator": "table",
        "budget": 20,
    } | changes


@pytest.fixture
def run(as_alice, table):
    answer = as_alice.post(RUNS, request_(table))
    assert answer.status_code == 202, answer.data
    return drive(Run.objects.get(pk=answer.data["id"]))


def test_an_uploaded_table_says_what_it_holds(as_alice, table):
    dataset, space = table
    assert (dataset["kind"], dataset["n"]) == ("table", {"rows": 64})
    assert [column["name"] for column in dataset["statistics"]["columns"]] == [
        "first",
        "second",
        "width",
    ]
    assert (space["name"], space["size"]) == ("Known", "64")
    samples = as_alice.get(f"{DATASETS}{dataset['id']}/samples/")
    assert b"".join(samples.streaming_content).startswith(b"\x89PNG")


def test_a_run_shows_its_columns_everywhere(as_alice, run):
    shown = as_alice.get(f"{RUNS}{run.pk}/").data
    assert (shown["status"], shown["best"].keys()) == ("finished", {"error", "delay"})
    front = as_alice.get(f"{RUNS}{run.pk}/front/").data
    assert [o["label"] for o in front["objectives"]] == ["error", "delay"]
    assert all(m["measures"].keys() == {"error", "delay", "score"} for m in front["results"])
    points = as_alice.get(f"{RUNS}{run.pk}/points/").data
    assert len(points["values"][0]) == 20
    trial = as_alice.get(f"{RUNS}{run.pk}/trials/{front['results'][0]['number']}/").data
    assert trial["architecture"].keys() == {"first", "second", "width"}
    assert trial["network"]["blocks"] == []


def test_the_export_has_columns_for_what_is_known_alone(as_alice, run):
    answer = as_alice.get(f"{RUNS}{run.pk}/export/?format=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(rows) == 20
    assert {"error", "delay", "score"} <= rows[0].keys()
    assert not {"macs", "storage", "error:test"} & rows[0].keys()
    assert rows[0]["score provenance"] == "table"


def test_choosing_is_refused_with_the_reason(as_alice, run):
    number = run.trials.first().number
    answer = as_alice.post(f"{RUNS}{run.pk}/trials/{number}/choose/", {})
    assert answer.status_code == 400
    assert "no networks to train or download" in str(answer.data)


def test_costs_are_refused_with_what_there_is(as_alice, table):
    answer = as_alice.post(RUNS, request_(table, objectives=[{"measure": "macs"}]))
    assert answer.status_code == 400
    assert "Known: error, delay, score." in str(answer.data["errors"])


def test_another_person_sees_neither_the_table_nor_its_space(as_bob, table):
    dataset, space = table
    assert as_bob.get(f"{DATASETS}{dataset['id']}/").status_code == 404
    assert as_bob.get(f"{SPACES}{space['id']}/").status_code == 404
    assert as_bob.post(RUNS, request_(table)).status_code == 400
