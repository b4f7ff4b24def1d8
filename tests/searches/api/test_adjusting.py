"""REST: a space in the size that suits a device."""

import pytest

from searches.models import Space
from searches.services import adjusting
from searches.spaces import registry


@pytest.fixture
def address(space):
    return f"/api/v1/spaces/{space.pk}/adjusted/"


SMALL = "&widths=0.99,1,2&resolutions=8,16"


def proposed(answer):
    assert answer.status_code == 200, answer.data
    return answer.data["proposal"]["width"], answer.data["proposal"]["resolution"]


def test_without_limits_the_largest_size_is_proposed(as_alice, address):
    answer = as_alice.get(f"{address}?{SMALL}")
    assert proposed(answer) == (2, 16)
    assert [size["share"] for size in answer.data["sizes"]] == [1, 1, 1, 1]
    assert {one["reason"] for one in answer.data["left_out"]} == {"The same as width 1."}
    assert answer.data["nearest"] is None


def test_limits_of_a_device_choose_the_size(as_alice, address, device):
    bounds = as_alice.get(f"{address.replace('adjusted', 'analysis')}?device={device.pk}").data
    latency = bounds["bounds"][f"latency@{device.pk}"]["quantiles"]["25 %"]
    answer = as_alice.get(f"{address}?device={device.pk}&latency={latency}{SMALL}")
    found = {(size["width"], size["resolution"]): size for size in answer.data["sizes"]}
    assert found[1, 8]["share"] >= found[2, 8]["share"] >= found[2, 16]["share"]
    assert proposed(answer) != (2, 16)
    for size in answer.data["sizes"]:
        assert size["share_low"] <= size["share"] <= size["share_high"]
        assert size["distribution"] == sorted(size["distribution"])
        assert size["is_proposed"] == ((size["width"], size["resolution"]) == proposed(answer))


def test_the_proposal_can_be_made_ones_own(as_alice, address, space):
    analysis = as_alice.get(address.replace("adjusted", "analysis")).data
    most = 1.2 * analysis["bounds"]["storage"]["min"]
    answer = as_alice.get(f"{address}?storage={most}&widths=1&resolutions=8")
    proposal = answer.data["proposal"]
    assert int(proposal["size"]) < int(proposal["unpruned_size"])
    assert proposal["pruned"]
    body = {"name": "For my device", "definition": proposal["definition"]}
    created = as_alice.post("/api/v1/spaces/", body)
    assert created.status_code == 201, created.data
    assert created.data["size"] == proposal["size"]
    loaded = registry.load(Space.objects.get(pk=created.data["id"]).definition)
    for pruned in proposal["pruned"]:
        gene = next((gene for gene in loaded.genes if gene.name == pruned["gene"]), None)
        assert gene is None or not set(gene.options) & set(pruned["options"])


def test_limits_that_nothing_meets_are_answered_with_the_nearest(as_alice, address):
    answer = as_alice.get(f"{address}?storage=10&{SMALL}")
    assert answer.data["proposal"] is None
    nearest = answer.data["nearest"]
    assert nearest["values"]["storage"] == nearest["least"]["storage"] > 10
    assert nearest["architecture"]["units"]


def test_the_data_set_decides_the_classes(as_alice, address, dataset):
    answer = as_alice.get(f"{address}?dataset={dataset.pk}&{SMALL}")
    assert answer.data["proposal"]["definition"]["n_classes"] == 3


@pytest.mark.parametrize(
    ("query", "place", "word"),
    [
        ("latency=5", "device", "needs a device"),
        ("storage=0", "storage", "above 0"),
        ("storage=nan", "storage", "above 0"),
        ("storage=much", "storage", "number"),
        ("widths=1,b", "widths", "between commas"),
        ("widths=0", "widths", "between 0.05 and 4"),
        ("widths=nan", "widths", "between"),
        ("resolutions=7", "resolutions", "between 8 and 512"),
        ("resolutions=1.5", "resolutions", "between commas"),
        ("widths=" + ",".join(["1"] * 13), "widths", "at most 12"),
        ("seed=-1", "seed", "between 0"),
        ("device=x", "device", "no id"),
        ("macs=3", "macs", "no such parameter"),
    ],
)
def test_senseless_questions_are_refused_by_place(as_alice, address, query, place, word):
    answer = as_alice.get(f"{address}?{query}")
    assert answer.status_code == 400
    assert word in answer.data["errors"][place][0]


def test_spaces_without_width_are_refused(as_alice, db):
    from tests.frontend import rows

    address = f"/api/v1/spaces/{rows.perceptrons().pk}/adjusted/"
    assert "width and resolution" in as_alice.get(address).data["errors"]["space"][0]


def test_a_device_without_power_cannot_limit_energy(as_alice, address, alice):
    from tests.frontend import rows

    device = rows.device(alice)
    answer = as_alice.get(f"{address}?device={device.pk}&energy=5&{SMALL}")
    assert "gives no energy" in answer.data["errors"]["energy"][0]


def test_what_there_is_no_time_for_is_counted(as_alice, address, monkeypatch):
    monkeypatch.setattr(adjusting, "SECONDS", -1)
    answer = as_alice.get(f"{address}?{SMALL}")
    assert (answer.data["unseen"], answer.data["sizes"]) == (4, [])
    monkeypatch.undo()
    assert len(as_alice.get(f"{address}?{SMALL}").data["sizes"]) == 4, "half an answer was kept"


def test_an_answer_is_kept(as_alice, address, monkeypatch):
    first = as_alice.get(f"{address}?storage=50000&{SMALL}").data
    monkeypatch.setattr(adjusting, "_answer", None)
    assert as_alice.get(f"{address}?storage=50000&{SMALL}").data == first


def test_other_peoples_spaces_do_not_exist(as_bob, anonymous, as_reader, alice, space, address):
    Space.objects.update(owner=alice)
    assert as_bob.get(address).status_code == 404
    assert anonymous.get(address).status_code == 401
    assert as_reader.get(f"{address}?{SMALL}").status_code == 200
