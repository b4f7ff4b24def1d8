"""REST: the kit of a space, and what it will be."""

import io
import json
import zipfile

import pytest

from searches.models import Space
from searches.spaces.presets import OFA_MOBILENET_V3_SMALL

KIT = "/api/v1/devices/kit/"


@pytest.fixture
def space(alice):
    definition = {**OFA_MOBILENET_V3_SMALL, "family": "ofa_mobilenet_v3"}
    return Space.objects.create(
        owner=alice, name="Mine", family="ofa_mobilenet_v3", definition=definition, size="1"
    )


def test_a_kit_holds_blocks_networks_and_the_runner(as_alice, space):
    asked = {"space": space.pk, "resolution": "28,32", "networks": 2}

    answer = as_alice.get(KIT, asked)

    assert answer.status_code == 200
    assert "webnas-kit-mine-" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as opened:
        names = set(opened.namelist())
        manifest = json.loads(opened.read("manifest.json"))
    roles = [item["role"] for item in manifest["items"]]
    assert {"README.md", "run.py", "__main__.py", "webnas_kit/run.py"} < names
    assert {item["file"] for item in manifest["items"]} < names
    assert (roles.count("model"), manifest["space"]) == (2, "Mine")
    expected = as_alice.get(f"{KIT}expected/", asked).data
    assert (expected["n_blocks"], expected["n_networks"]) == (roles.count("op"), 2)


def test_a_complete_kit_has_more_blocks_than_a_thinned_one(as_alice, space):
    def n_blocks(**asked):
        asked = {"space": space.pk, "networks": 0, **asked}
        return as_alice.get(f"{KIT}expected/", asked).data["n_blocks"]

    assert n_blocks() == n_blocks(thinned="true") < n_blocks(thinned="false")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"thinned": "perhaps"}, "thinned"),
        ({"resolution": "28;32"}, "resolution"),
        ({"resolution": "1" * 300}, "resolution"),
        ({"resolution": "999"}, "resolution"),
        ({"batch": "0"}, "batch"),
        ({"batch": "x"}, "batch"),
        ({"networks": "-1"}, "networks"),
        ({"networks": "101"}, "networks"),
        ({"space": ""}, "space"),
        ({"space": "x"}, "space"),
        ({"dataset": "x"}, "dataset"),
    ],
)
def test_a_choice_that_makes_no_kit_is_refused_by_field(as_alice, space, asked, field):
    for address in (KIT, f"{KIT}expected/"):
        answer = as_alice.get(address, {"space": space.pk, **asked})
        assert answer.status_code == 400
        assert field in answer.data["errors"]


def test_a_space_of_somebody_else_is_not_there(as_bob, anonymous, space):
    assert as_bob.get(KIT, {"space": space.pk}).status_code == 404
    assert anonymous.get(KIT, {"space": space.pk}).status_code == 401
