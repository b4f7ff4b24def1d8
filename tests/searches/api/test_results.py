"""REST: what a run has found."""

import csv
import io
import json

import pytest

from searches.models import ChosenModel, RunEvent, RunPoint, Trial
from tests.searches.rows import add_trials


@pytest.fixture
def address(run):
    return f"/api/v1/runs/{run.pk}/"


def pages(client, address):
    """All rows, page by page."""
    rows = []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.data
        rows += answer.data["results"]
        address = answer.data["next"]
    return rows


def test_trials_come_in_the_order_of_their_numbers(as_alice, address):
    rows = pages(as_alice, address + "trials/?page_size=7")
    assert [row["number"] for row in rows] == list(range(30))
    down = pages(as_alice, address + "trials/?page_size=7&ordering=-number")
    assert [row["number"] for row in down] == list(range(29, -1, -1))


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("key", ["accuracy", "storage"])
def test_trials_are_sorted_by_a_value_with_those_without_last(as_alice, run, address, key, sign):
    Trial.objects.filter(run=run, number__in=[3, 4, 11]).update(
        value_0=None, value_2=None, status="failed"
    )
    Trial.objects.filter(run=run, number__in=[5, 6, 7, 8, 9]).update(value_0=0.5, value_2=5.0)
    rows = pages(as_alice, f"{address}trials/?page_size=4&ordering={sign}{key}")
    assert len({row["number"] for row in rows}) == len(rows) == 30
    values = [row["values"][key] for row in rows]
    assert values[27:] == [None] * 3
    assert values[:27] == sorted(values[:27], reverse=bool(sign))


def test_trials_are_filtered(as_alice, run, address):
    Trial.objects.filter(run=run, number=20).update(status="failed")
    assert as_alice.get(address + "trials/?status=failed").data["count"] == 1
    assert as_alice.get(address + "trials/?on_front=true").data["count"] == 10
    assert as_alice.get(address + "trials/?on_front=false&status=done").data["count"] == 19


@pytest.mark.parametrize(
    "query",
    [
        "status=odd",
        "on_front=maybe",
        "ordering=beauty",
        "ordering=value_0",
        "page_size=x",
        "page_size=-5",
        f"page_size={10**20}",
        "cursor=x",
        "cursor=W10",
        "cursor=%00",
        "cursor=WzEsIDFlOTldCg",
        "cursor=" + "W" * 3000,
    ],
)
def test_a_senseless_question_is_refused(as_alice, address, query):
    answer = as_alice.get(f"{address}trials/?{query}")
    assert answer.status_code == 400
    assert list(answer.data["errors"]) == [query.partition("=")[0]]


def test_a_trial_tells_its_network_block_by_block(as_alice, address, device):
    answer = as_alice.get(address + "trials/2/").data
    assert answer["measures"]["accuracy"]["provenance"] == "supernet"
    assert answer["architecture"]["resolution"] in (8, 12)
    blocks = answer["network"]["blocks"]
    assert len(blocks) >= 6
    assert {"label", "macs", "parameters", "devices"} <= set(blocks[0])
    assert str(device.pk) in blocks[0]["devices"]
    assert as_alice.get(address + "trials/999/").status_code == 404
    assert as_alice.get(f"{address}trials/{2**70}/").status_code == 404


def test_the_front_is_complete(as_alice, address):
    answer = as_alice.get(address + "front/").data
    assert {row["number"] for row in answer["results"]} == set(range(10))
    assert [objective["direction"] for objective in answer["objectives"]] == ["max", "min", "min"]


def test_every_value_of_the_front_says_where_it_comes_from(as_alice, address):
    for row in as_alice.get(address + "front/").data["results"]:
        assert row["measures"]
        assert all(measured["provenance"] for measured in row["measures"].values())
        assert row["fell_off"] is False


def test_points_are_the_front_and_a_sample(as_alice, address):
    answer = as_alice.get(address + "points/").data
    assert answer["state"].count("front") == 10
    assert answer["shown"] == len(answer["number"]) == 30
    assert len(answer["values"]) == 3


def test_history_has_what_was_kept(as_alice, run, address):
    for step in (10, 20):
        RunPoint.objects.create(run=run, stage="search", step=step, figures={"front": step})
    answer = as_alice.get(address + "history/").data
    assert [point["step"] for point in answer["search"]] == [10, 20]
    assert answer["train"] == []


def test_events_are_told_once(as_alice, run, address):
    first = as_alice.get(address + "events/").data
    assert first["results"][0]["text"] == "Queued."
    again = as_alice.get(f"{address}events/?since={first['since']}").data
    assert again == {"since": first["since"], "results": []}
    RunEvent.objects.create(run=run, text="More.")
    later = as_alice.get(f"{address}events/?since={first['since']}").data
    assert [event["text"] for event in later["results"]] == ["More."]


@pytest.mark.parametrize("since", ["x", "-1", str(10**20)])
def test_a_senseless_since_is_refused(as_alice, address, since):
    assert as_alice.get(f"{address}events/?since={since}").status_code == 400


def test_a_table_of_all_trials_is_exported(as_alice, run, address, device):
    answer = as_alice.get(address + "export/")
    assert answer["Content-Disposition"] == f'attachment; filename="run-{run.pk}.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(rows) == 30
    assert rows[4]["number"] == "4"
    assert rows[0]["accuracy"] == "0.9"
    assert rows[0]["accuracy provenance"] == "supernet"
    assert {f"latency@{device.pk}", "macs", "accuracy:test"} <= set(rows[0])


def test_no_cell_is_a_formula(as_alice, run, address):
    Trial.objects.filter(run=run, number=0).update(status="failed", error="why\n=HYPERLINK(1)")
    answer = as_alice.get(address + "export/")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0]["error"] == "'=HYPERLINK(1)"


def test_everything_is_exported_as_json(as_alice, run, address):
    answer = as_alice.get(address + "export/?format=json")
    content = json.loads(b"".join(answer.streaming_content))
    assert content["run"]["id"] == run.pk
    assert [trial["number"] for trial in content["trials"]] == list(range(30))
    assert content["trials"][0]["measures"]["accuracy"]["n"] == 360
    assert as_alice.get(address + "export/?format=xml").status_code == 400


def test_an_export_goes_on_after_each_batch(as_alice, run, address, monkeypatch):
    monkeypatch.setattr("searches.api.export.BATCH", 7)
    answer = as_alice.get(address + "export/?format=json")
    assert len(json.loads(b"".join(answer.streaming_content))["trials"]) == 30


def test_choosing_makes_a_model(as_alice, address):
    body = {"name": "Mine", "settings": {"fine_tune_epochs": 2}}
    answer = as_alice.post(address + "trials/3/choose/", body)
    assert answer.status_code == 202
    assert answer["Retry-After"] == "2"
    assert answer.data["status"] == "queued"
    assert ChosenModel.objects.get().settings == {"fine_tune_epochs": 2}
    assert as_alice.post(address + "trials/3/choose/").status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        {"settings": {"fine_tune_epochs": -1}},
        {"settings": {"epochs": 1}},
        {"settings": 3},
        {"name": "x" * 121},
        {"nmae": "x"},
        [],
    ],
)
def test_a_senseless_choice_is_refused(as_alice, address, body):
    assert as_alice.post(address + "trials/3/choose/", body).status_code == 400
    assert not ChosenModel.objects.exists()


def test_a_trial_that_is_not_there_or_not_done_is_not_chosen(as_alice, run, address):
    assert as_alice.post(address + "trials/999/choose/").status_code == 404
    Trial.objects.filter(run=run, number=3).update(status="waiting")
    assert as_alice.post(address + "trials/3/choose/").status_code == 409


@pytest.mark.parametrize(
    ("tail", "queries"),
    [
        ("trials/", 4),
        ("trials/?ordering=-storage", 5),
        ("trials/7/", 8),
        ("front/", 5),
        ("points/", 5),
        ("history/", 6),
        ("events/", 3),
    ],
)
def test_the_number_of_queries_does_not_grow_with_trials(
    as_alice, run, address, tail, queries, django_assert_max_num_queries
):
    as_alice.get(address)  # notes the use of the token
    with django_assert_max_num_queries(queries):
        as_alice.get(address + tail)
    add_trials(run, 970)
    with django_assert_max_num_queries(queries):
        assert as_alice.get(address + tail).status_code == 200
