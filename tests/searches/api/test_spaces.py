"""REST: search spaces, and what devices know of them."""

import pytest

from searches.models import Space
from searches.spaces.cell_presets import PRESETS as CELL_PRESETS
from searches.spaces.presets import OFA_MOBILENET_V3_FULL, OFA_MOBILENET_V3_SMALL

SPACES = "/api/v1/spaces/"


def test_a_space_is_described(as_alice):
    answer = as_alice.post(SPACES, {"name": "Mine", "definition": OFA_MOBILENET_V3_SMALL})
    assert answer.status_code == 201
    shown = as_alice.get(f"{SPACES}{answer.data['id']}/").data
    assert shown["definition"]["resolutions"] == OFA_MOBILENET_V3_SMALL["resolutions"]
    assert int(answer.data["size"]) > 10**6


def test_the_published_size_is_told_exactly(as_alice):
    answer = as_alice.post(SPACES, {"name": "Full", "definition": OFA_MOBILENET_V3_FULL})
    analysis = as_alice.get(f"{SPACES}{answer.data['id']}/analysis/").data
    assert int(analysis["size"]) == 25 * (9**2 + 9**3 + 9**4) ** 5
    assert "25 ×" in analysis["size_formula"]


def test_the_lecture_s_cell_is_told_with_its_factors_and_the_formula_that_falls_short(as_alice):
    answer = as_alice.post(SPACES, {"name": "Cells", "definition": CELL_PRESETS["lecture"]})
    analysis = as_alice.get(f"{SPACES}{answer.data['id']}/analysis/").data
    assert analysis["size"] == "320000000000"
    assert "(2×2 inputs × 5×5 operations × 2 merges)⁵" in analysis["size_formula"]
    assert "(2·5·2)⁵ = 3,200,000" in analysis["size_note"]


def test_what_is_wrong_with_a_cell_space_is_told_by_field(as_alice):
    definition = {**CELL_PRESETS["lecture"], "operations": ["conv_9x9"], "n_nodes": 0}
    answer = as_alice.post(SPACES, {"name": "Cells", "definition": definition})
    assert answer.status_code == 400
    assert "definition.n_nodes" in str(answer.data)


def changed(**changes):
    return {**OFA_MOBILENET_V3_SMALL, **changes}


UNITS = OFA_MOBILENET_V3_SMALL["units"]


@pytest.mark.parametrize(
    ("definition", "place"),
    [
        ({}, "definition.family"),
        ({"family": "nowhere"}, "definition.family"),
        ({"family": ["x"]}, "definition.family"),
        ({"family": "ofa_mobilenet_v3"}, "definition.units"),
        (changed(surprise=1), "definition.surprise"),
        (changed(resolutions=[]), "definition.resolutions"),
        (changed(resolutions=[32, 16]), "definition.resolutions"),
        (changed(resolutions=[4]), "definition.resolutions"),
        (changed(resolutions="all"), "definition.resolutions"),
        (changed(units=[]), "definition.units"),
        (changed(units=[3]), "definition.units[0]"),
        (changed(units=[{**UNITS[0], "width": -3}]), "definition.units[0].width"),
        (changed(units=[{**UNITS[0], "kernels": [4]}]), "definition.units[0].kernels"),
        (changed(units=[{**UNITS[0], "expands": [1e308]}]), "definition.units[0].expands"),
        (changed(units=UNITS * 2000), "definition"),
        (changed(resolutions=list(range(8, 513)), units=UNITS * 30), "definition"),
        (changed(n_classes=0), "definition.n_classes"),
        (changed(n_classes=2.5), "definition.n_classes"),
        (changed(stem_act="sigmoid"), "definition.stem_act"),
        (changed(preset=3), "definition.preset"),
        ([], "definition"),
        ("x", "definition"),
        (None, "definition"),
    ],
)
def test_a_wrong_definition_is_refused_with_the_place(as_alice, definition, place):
    answer = as_alice.post(SPACES, {"name": "Mine", "definition": definition})
    assert answer.status_code == 400
    assert place in answer.data["errors"], answer.data
    assert not Space.objects.exists()


def test_a_name_is_taken_once(as_alice, as_bob):
    body = {"name": "Mine", "definition": OFA_MOBILENET_V3_SMALL}
    assert as_alice.post(SPACES, body).status_code == 201
    assert "name" in as_alice.post(SPACES, body).data["errors"]
    assert as_bob.post(SPACES, body).status_code == 201


def test_the_analysis_tells_the_reach_of_every_cost(as_alice, space, device, dataset):
    address = f"{SPACES}{space.pk}/analysis/"
    plain = as_alice.get(address).data
    assert set(plain["bounds"]) == {"storage", "peak_memory", "macs", "parameters"}
    on_device = as_alice.get(f"{address}?device={device.pk}&dataset={dataset.pk}").data
    latency = on_device["bounds"][f"latency@{device.pk}"]
    assert 0 < latency["min"] <= latency["quantiles"]["50 %"] <= latency["max"]
    assert latency["cheapest"]["resolution"] == 8
    assert on_device["genes"][0]["name"] == "resolution"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("device=x", 400),
        ("device=999", 404),
        (f"device={10**40}", 400),
        ("dataset=-1", 400),
        ("dataset=999", 404),
    ],
)
def test_a_senseless_question_is_refused(as_alice, space, query, status):
    assert as_alice.get(f"{SPACES}{space.pk}/analysis/?{query}").status_code == status


def test_a_device_that_was_never_measured_cannot_be_asked(as_alice, alice, space):
    from devices.models import DeviceProfile

    device = DeviceProfile.objects.create(owner=alice, name="empty")
    assert as_alice.get(f"{SPACES}{space.pk}/analysis/?device={device.pk}").status_code == 409
    address = f"/api/v1/devices/{device.pk}/coverage/?space={space.pk}"
    assert as_alice.get(address).status_code == 409


def test_coverage_tells_where_latencies_come_from(as_alice, space, device):
    answer = as_alice.get(f"/api/v1/devices/{device.pk}/coverage/?space={space.pk}")
    assert answer.status_code == 200
    assert answer.data["total"] == answer.data["analytic"] == len(answer.data["operations"])
    assert answer.data["operations"][0]["provenance"] == "analytic"


@pytest.mark.parametrize(("query", "status"), [("", 400), ("?space=x", 400), ("?space=99", 404)])
def test_coverage_needs_a_space(as_alice, device, query, status):
    assert as_alice.get(f"/api/v1/devices/{device.pk}/coverage/{query}").status_code == status


def test_other_peoples_spaces_do_not_exist(as_bob, anonymous, as_reader, alice, space, device):
    Space.objects.update(owner=alice)
    address = f"{SPACES}{space.pk}/"
    assert as_bob.get(address).status_code == 404
    assert as_bob.get(address + "analysis/").status_code == 404
    assert as_bob.delete(address).status_code == 404
    coverage = f"/api/v1/devices/{device.pk}/coverage/?space={space.pk}"
    assert as_bob.get(coverage).status_code == 404
    assert anonymous.get(coverage).status_code == 401
    assert as_reader.get(address).status_code == 200
    assert as_reader.delete(address).status_code == 403


def test_a_space_of_ones_own_is_deleted_unless_used(as_alice, alice, run):
    address = f"{SPACES}{run.space_id}/"
    assert as_alice.delete(address).status_code == 403
    Space.objects.update(owner=alice)
    answer = as_alice.delete(address)
    assert answer.status_code == 409
    assert run.name in answer.data["detail"]
    run.delete()
    assert as_alice.delete(address).status_code == 204


def test_what_comes_with_webnas_is_added_once(db):
    from searches.services import spaces

    spaces.add_builtin()
    before = list(Space.objects.values_list("pk", "content_hash"))
    spaces.add_builtin()
    assert list(Space.objects.values_list("pk", "content_hash")) == before


def test_families_are_served_with_the_schemas_of_their_definitions(as_reader):
    answer = as_reader.get(f"{SPACES}families/?page_size=100")
    found = {family["name"]: family for family in answer.data["results"]}
    card = found["ofa_mobilenet_v3"]
    assert card["schema"]["properties"]["units"]["items"]["properties"]["width"]["minimum"] == 1
    assert card["presets"]["small"]["resolutions"] == OFA_MOBILENET_V3_SMALL["resolutions"]
    assert {"cells", "proxyless", "residual", "mlp"} <= set(found)
