"""REST: full trainings of a run's networks, and what they say of its scores."""

import pytest

from searches.models import FullTraining, Trust
from searches.runner import trust

STATES = {"none", "training", "stopped", "done"}


@pytest.fixture
def address(run):
    for trial in run.trials.all():
        for name, value in (("macs", trial.value_2), ("parameters", trial.value_2)):
            measured = {"value": value, "unit": "", "provenance": "analytic"}
            trial.data["measures"][name] = measured
        trial.data["measures"][f"latency@{run.objectives[1]['device']}"] = {
            "value": trial.value_1,
            "unit": "ms",
            "provenance": "analytic",
        }
        trial.data["measures"]["accuracy"]["value"] = trial.value_0
        trial.save()
    return f"/api/v1/runs/{run.pk}/trust/"


def trained(run):
    """All that was asked for ends: what needs more memory is better."""
    for training in run.full_trainings.select_related("trial"):
        value = 0.5 + training.trial.value_2 / 1e7
        measured = {"value": value, "unit": "", "provenance": "fully trained"}
        measured |= {"split": "validation", "spread": [value - 0.001, value + 0.001], "n": 90}
        FullTraining.objects.filter(pk=training.pk).update(
            status="done", due_at=None, measures={"accuracy": measured}
        )
    trust.consider(run)


def post(client, address, **body):
    return client.post(address, body, format="json")


def test_before_anything_is_asked_for_nothing_is_known(as_alice, address):
    found = as_alice.get(address).data
    assert (found["status"], found["networks"], found["order"]) == ("none", [], {})
    assert found["epochs"] == 40


def test_a_sample_is_queued_trained_and_compared(as_alice, run, address):
    answer = post(as_alice, address, networks=12, epochs=5)
    assert (answer.status_code, answer["Retry-After"]) == (202, "2")
    assert (answer.data["status"], answer.data["epochs"]) == ("training", 5)
    assert answer.data["counts"]["due"] == len(answer.data["networks"]) == 12
    trained(run)
    found = as_alice.get(address).data
    assert found["status"] == "done"
    scores = {row["name"]: row for row in found["order"]["scores"]}
    assert scores.keys() == {"accuracy", "macs", "parameters"}
    assert scores["macs"]["tau"] == 1
    assert scores["macs"]["is_baseline"]
    assert scores["accuracy"]["tau_low"] <= scores["accuracy"]["tau"]
    assert scores["accuracy"]["half"]["n"] == 6
    network = found["networks"][0]
    assert network["score"]["accuracy"]["provenance"] == "supernet"
    assert network["measures"]["accuracy"]["provenance"] == "fully trained"
    assert {line["level"] for line in found["order"]["says"]} <= {"info", "warning"}


def test_members_of_the_front_tell_both_values_and_whether_they_fell_off(as_alice, run, address):
    post(as_alice, address, networks="front")
    trained(run)
    found = as_alice.get(address).data["front"]
    members = as_alice.get(f"/api/v1/runs/{run.pk}/front/").data["results"]
    assert found["n"] == len(members) == 10
    marked = [row["number"] for row in members if row["full_training"]["fell_off"]]
    assert sorted(marked) == sorted(found["fell_off"])
    for row in members:
        assert row["measures"]["accuracy"]["provenance"] == "supernet"
        assert row["full_training"]["measures"]["accuracy"]["provenance"] == "fully trained"


def test_members_that_nobody_trained_say_so(as_alice, run):
    members = as_alice.get(f"/api/v1/runs/{run.pk}/front/").data["results"]
    assert {row["full_training"] for row in members} == {None}


WRONG = {
    "a text": ({"networks": "all"}, "networks", "'all'; a whole number from 2 to 200, or “front”"),
    "a truth": ({"networks": True}, "networks", "True; a whole number"),
    "a fraction": ({"networks": 2.5}, "networks", "2.5; a whole number"),
    "a list": ({"networks": [3]}, "networks", "[3]; a whole number"),
    "nothing": ({}, "networks", "required"),
    "null": ({"networks": None}, "networks", "null"),
    "too few": ({"networks": 1}, "networks", "from 2"),
    "more than judged": ({"networks": 31}, "networks", "the run has judged 30 different ones"),
    "no epochs": ({"networks": 5, "epochs": 0}, "epochs", "greater than or equal to 1"),
    "unknown": ({"networks": 5, "seeds": 3}, "seeds", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_by_its_name(as_alice, run, address, name):
    body, field, reason = WRONG[name]
    answer = post(as_alice, address, **body)
    assert answer.status_code == 400
    assert reason in str(answer.data["errors"][field])
    assert not FullTraining.objects.exists()
    assert not Trust.objects.exists()


def test_one_run_has_one_recipe_until_it_is_deleted(as_alice, run, address):
    post(as_alice, address, networks=5, epochs=3)
    answer = post(as_alice, address, networks=8, epochs=4)
    assert answer.status_code == 409
    assert "trained for 3 epochs" in answer.data["detail"]
    assert post(as_alice, address, networks=8).data["counts"]["asked"] == 8
    assert as_alice.delete(address).status_code == 204
    assert post(as_alice, address, networks=5, epochs=4).status_code == 202


def test_stopping_keeps_what_is_there(as_alice, run, address):
    post(as_alice, address, networks=5)
    found = as_alice.post(address + "stop/").data
    assert (found["status"], found["counts"]["due"]) == ("stopped", 0)
    assert found["counts"]["asked"] == 5


def test_strangers_and_nobody_see_and_start_nothing(as_bob, anonymous, as_reader, address):
    for client, status in ((as_bob, 404), (anonymous, 401)):
        assert client.get(address).status_code == status
        assert post(client, address, networks=5).status_code == status
        assert client.post(address + "stop/").status_code == status
        assert client.delete(address).status_code == status
    assert as_reader.get(address).status_code == 200
    assert post(as_reader, address, networks=5).status_code == 403
    assert not FullTraining.objects.exists()


def test_queries_do_not_grow_with_the_networks(
    as_alice, run, address, django_assert_max_num_queries
):
    counts = []
    for n in (3, 20):
        post(as_alice, address, networks=n)
        trained(run)
        with django_assert_max_num_queries(30) as queries:
            as_alice.get(address)
            as_alice.get(f"/api/v1/runs/{run.pk}/front/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
