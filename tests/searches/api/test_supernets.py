"""REST: what a trained supernet is asked for: pairs to learn from, fronts for devices."""

import pytest

from devices.models import DeviceProfile
from devices.profiles.builtin import analytic
from devices.versions import add_version
from searches.models import Run, Supernet, SupernetPredictor
from searches.runner import engine

SUPERNETS = "/api/v1/supernets/"


@pytest.fixture
def supernet(alice, run):
    """Trained by Alice's run, or so its row says."""
    row = engine.supernet_of(run)
    row.is_trained, row.sha256 = True, "a" * 64
    row.save()
    return row


@pytest.fixture
def phone(db):
    """A second device that comes with webnas."""
    profile = analytic()[1]
    row = DeviceProfile.objects.create(owner=None, name=profile.name)
    add_version(row, profile)
    return row


@pytest.fixture
def address(supernet):
    return f"{SUPERNETS}{supernet.pk}/specialise/"


def test_each_device_gets_a_run_on_the_trained_weights(as_alice, address, supernet, device, phone):
    answer = as_alice.post(address, {"devices": [device.pk, phone.pk], "name": "Fleet"})
    assert answer.status_code == 202
    assert answer["Retry-After"] == "2"
    for row, on in zip(answer.data["runs"], (device, phone), strict=True):
        assert row["supernet"] == supernet.pk
        assert (row["strategy"], row["status"]) == ("specialise", "queued")
        assert row["strategy_settings"] == {"candidates": 12_000}
        assert (row["budget"], row["batch"]) == (24, 24)
        keys = [item["key"] for item in row["objectives"]]
        assert keys == ["accuracy", f"latency@{on.pk}", "storage"]
        assert [item["id"] for item in row["devices"]] == [on.pk]
        assert row["name"] == f"Fleet on {on.name}"


def test_a_limit_holds_on_each_device_or_on_the_one_that_it_names(
    as_alice, address, device, phone
):
    limits = [
        {"measure": "latency", "at_most": 1000},
        {"measure": "latency", "device": phone.pk, "at_most": 500},
        {"measure": "macs", "at_most": 1e9},
    ]
    body = {"devices": [device.pk, phone.pk], "limits": limits, "accept_guesses": True}
    answer = as_alice.post(address, body)
    first, second = (row["limits"] for row in answer.data["runs"])
    assert [(x["measure"], x.get("device"), x["at_most"]) for x in first] == [
        ("latency", device.pk, 1000),
        ("macs", None, 1e9),
    ]
    assert [(x["measure"], x.get("device"), x["at_most"]) for x in second] == [
        ("latency", phone.pk, 1000),
        ("latency", phone.pk, 500),
        ("macs", None, 1e9),
    ]


def test_a_limit_out_of_reach_names_the_device_and_what_can_be_reached(
    as_alice, address, device, phone
):
    body = {"devices": [device.pk, phone.pk], "limits": [{"measure": "latency", "at_most": 1e-6}]}
    before = Run.objects.count()
    answer = as_alice.post(address, body)
    assert answer.status_code == 400
    told = answer.data["errors"]["limits.0"]
    assert len(told) == 2
    assert all("smallest reachable" in text for text in told)
    assert device.name in told[0]
    assert phone.name in told[1]
    assert Run.objects.count() == before
    reachable = float(told[0].rsplit(" is ", 1)[1].split()[0])
    again = {"devices": [device.pk], "limits": [{"measure": "latency", "at_most": reachable}]}
    refused = as_alice.post(address, again)
    assert "rest on guesses" in str(refused.data["errors"]["limits.0"])
    again |= {"accept_guesses": True}
    assert as_alice.post(address, again).status_code == 202


def test_one_device_out_of_reach_starts_nothing_on_the_others(as_alice, address, device, phone):
    limit = {"measure": "latency", "device": phone.pk, "at_most": 1e-6}
    body = {
        "devices": [device.pk, phone.pk],
        "limits": [{"measure": "macs", "at_most": 1e9}, limit],
    }
    before = Run.objects.count()
    assert list(as_alice.post(address, body).data["errors"]) == ["limits.1"]
    assert Run.objects.count() == before


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"devices": []}, "devices"),
        ({"devices": [999]}, "devices"),
        ({"limits": [{"measure": "beauty", "at_most": 1}]}, "limits.0"),
        ({"limits": [{"measure": "latency"}]}, "limits.0"),
        ({"limits": [{"measure": "latency", "device": 999, "at_most": 1}]}, "limits.0"),
        ({"limits": [{"measure": "latency", "at_most": -1}]}, "limits.0"),
        ({"limits": [{"measure": "accuracy", "at_least": 90}]}, "limits.0"),
        ({"measures": ["beauty"]}, "measures.0"),
        ({"measures": ["energy"]}, "measures"),
        ({"measures": []}, "measures"),
        ({"networks": 7}, "networks"),
        ({"networks": 1000}, "networks"),
        ({"candidates": 1}, "candidates"),
        ({"device": 1}, "device"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(as_alice, address, phone, change, place):
    answer = as_alice.post(address, {"devices": [phone.pk]} | change)
    assert answer.status_code == 400
    assert list(answer.data["errors"]) == [place]


def test_a_supernet_that_cannot_judge_is_refused(as_alice, address, supernet, device):
    Supernet.objects.update(is_trained=False)
    answer = as_alice.post(address, {"devices": [device.pk]})
    assert "not trained" in answer.data["errors"]["supernet"][0]
    Supernet.objects.update(is_trained=True, recipe=supernet.recipe | {"strategy": "darts"})
    answer = as_alice.post(address, {"devices": [device.pk]})
    assert "one-shot" in answer.data["errors"]["supernet"][0]
    again = as_alice.post(f"{SUPERNETS}{supernet.pk}/predictor/", {})
    assert again.status_code == 409


def test_pairs_are_asked_for_and_shown(as_alice, supernet, nudges):
    address = f"{SUPERNETS}{supernet.pk}/"
    assert as_alice.get(address).data["predictor"] is None
    answer = as_alice.post(f"{address}predictor/", {"pairs": 50, "seed": 4})
    assert answer.status_code == 202
    assert (answer.data["status"], answer.data["n_wanted"]) == ("measuring", 50)
    assert as_alice.get(address).data["predictor"]["seed"] == 4
    row = SupernetPredictor.objects.get()
    assert row.due_at is not None
    for pairs in (19, 2001, "many"):
        refused = as_alice.post(f"{address}predictor/", {"pairs": pairs})
        assert list(refused.data["errors"]) == ["pairs"]


@pytest.mark.parametrize("act", ["specialise", "predictor"])
def test_only_the_owner_may_ask(as_bob, anonymous, as_reader, supernet, device, act):
    address, body = f"{SUPERNETS}{supernet.pk}/{act}/", {}
    if act == "specialise":
        body = {"devices": [device.pk]}
    assert as_bob.post(address, body).status_code == 404
    assert anonymous.post(address, body).status_code == 401
    assert as_reader.post(address, body).status_code == 403
    assert not SupernetPredictor.objects.exists()


def test_a_device_of_somebody_else_is_not_there(as_alice, address, bob, phone):
    DeviceProfile.objects.filter(pk=phone.pk).update(owner=bob)
    answer = as_alice.post(address, {"devices": [phone.pk]})
    assert list(answer.data["errors"]) == ["devices"]


def test_a_run_may_start_warm_from_the_supernet(as_alice, body, supernet):
    answer = as_alice.post("/api/v1/runs/", body | {"supernet": supernet.pk})
    assert answer.status_code == 202
    assert answer.data["supernet"] == supernet.pk
