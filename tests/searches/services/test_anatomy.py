"""What a network consists of, block by block."""

import pytest
from django.contrib.auth.models import User

from searches.models import PinnedProfile
from searches.services import anatomy
from tests.frontend import rows


@pytest.fixture
def trial(db):
    run = rows.run(User.objects.create(username="ada"))
    rows.searched(run, 24)
    found = run.trials.filter(on_front=True).first()
    found.run = run
    return found


def test_counts_of_the_blocks_add_up_to_those_of_the_network(trial):
    blocks = anatomy.breakdown(trial=trial)["blocks"]
    measured = trial.data["measures"]
    assert sum(block["macs"] for block in blocks) == measured["macs"]["value"]
    assert sum(block["parameters"] for block in blocks) == measured["parameters"]["value"]


def test_latencies_add_up_to_the_networks_but_for_one_call(trial):
    found = anatomy.breakdown(trial=trial)
    device = found["devices"][0]["id"]
    total_ms = sum(block["devices"][device]["latency_ms"] for block in found["blocks"])
    version = trial.run.pinned.get().version
    whole_ms = trial.data["measures"][f"latency@{device}"]["value"]
    assert total_ms + version.document["overhead_ms"] == pytest.approx(whole_ms, rel=0.02)


def test_shares_add_up_to_one(trial):
    found = anatomy.breakdown(trial=trial)
    device = found["devices"][0]["id"]
    shares = [block["devices"][device]["share"] for block in found["blocks"]]
    assert sum(shares) == pytest.approx(1)


def test_blocks_stand_in_the_order_of_the_network(trial):
    blocks = anatomy.breakdown(trial=trial)["blocks"]
    assert blocks[0]["type"] == "conv"
    assert blocks[-1]["name"] == "Classifier"
    sides = [block["side"] for block in blocks]
    assert sides == sorted(sides, reverse=True)


def test_choices_of_the_genes_are_those_of_the_blocks(trial):
    described = rows.registry.load(rows.SMALL).describe(tuple(trial.data["genes"]))
    chosen = [b for unit in described["units"] for b in unit["blocks"]]
    found = [b for b in anatomy.breakdown(trial=trial)["blocks"] if b["type"] == "mbconv"][1:]
    assert [block["kernel"] for block in found] == [block["kernel"] for block in chosen]


def test_a_run_whose_device_is_still_being_measured_has_counts_alone(trial):
    PinnedProfile.objects.filter(run=trial.run).update(version=None)
    found = anatomy.breakdown(trial=trial)
    assert found["devices"] == []
    assert all(block["devices"] == {} for block in found["blocks"])
