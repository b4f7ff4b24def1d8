"""A space of one's own, described as JSON and checked while it is written."""

import json

import pytest
from django.urls import reverse

from frontend.views import space_editor
from searches.models import Space
from searches.spaces.registry import FAMILIES
from tests.frontend import rows

PRESETS = [(family, preset) for family, card in FAMILIES.items() for preset in card.presets]


@pytest.fixture
def space(db):
    found = rows.space()
    found.refresh_from_db()  # JSON has lists for tuples
    return found


def html_of(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize(("family", "preset"), PRESETS)
def test_definitions_are_written_short_and_mean_the_same(family, preset):
    definition = json.loads(json.dumps(FAMILIES[family].presets[preset]))
    text = space_editor.written(definition)
    assert json.loads(text) == definition
    assert all(len(line) < 400 for line in text.splitlines())
    assert text.count("\n") <= 100


def checked(web, definition, **fields):
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return web.post(reverse("space-check"), {"name": "x", "definition": text} | fields)


def test_a_space_leads_to_the_editor_that_begins_with_it(web, space):
    place = reverse("space-edit", args=[space.pk])
    assert place in html_of(web.get(reverse("space", args=[space.pk])))
    answer = web.get(place)
    assert json.loads(answer.context["form"].initial["definition"]) == space.definition
    assert answer.context["found"]["size"] == space.size
    assert '"resolutions": [16, 20, 24, 28, 32],' in answer.context["form"].initial["definition"]
    names = [field["name"] for field in answer.context["fields"]]
    assert names[:3] == ["in_channels", "n_classes", "resolutions"]
    assert "units[].kernels" in names


def test_any_visible_space_can_be_begun_with(web, others_web, space, ada):
    mine = rows.space(ada, name="Mine")
    table = rows.space(name="Table")
    Space.objects.filter(pk=table.pk).update(family="table")
    origins = [
        row.pk for row in web.get(reverse("space-edit", args=[space.pk])).context["origins"]
    ]
    assert sorted(origins) == sorted([space.pk, mine.pk])
    assert others_web.get(reverse("space-edit", args=[mine.pk])).status_code == 404


@pytest.mark.parametrize(("family", "preset"), PRESETS)
def test_the_size_of_every_preset_is_shown(web, family, preset):
    answer = checked(web, {"family": family, **FAMILIES[family].presets[preset]})
    assert int(answer.context["found"]["size"]) > 1
    assert "<html" not in html_of(answer)
    assert answer.context["fields"]


def test_the_size_follows_the_definition(web, space):
    definition = space.definition | {"resolutions": [16, 32]}
    found = checked(web, definition).context["found"]
    assert int(found["size"]) == 2 * int(space.size) // 5
    assert found["size_formula"].startswith("2 ×")
    part = checked(web, definition | {"only": {"unit1.depth": [1]}}).context["found"]
    assert int(part["size"]) < int(found["size"])
    assert part["n_genes"] < found["n_genes"]


WRONG = {
    "units[1].width": {
        "units": [rows.SMALL["units"][0], {**rows.SMALL["units"][1], "width": "8"}]
    },
    "resolutions": {"resolutions": [32, 16]},
    "surprise": {"surprise": 1},
    "only.unit9.depth": {"only": {"unit9.depth": [1]}},
    "family": {"family": "magic"},
}


@pytest.mark.parametrize("place", WRONG)
def test_what_is_wrong_is_shown_by_its_place(web, space, place):
    answer = checked(web, space.definition | WRONG[place])
    assert [problem["place"] for problem in answer.context["problems"]] == [place]
    assert f"<code>{place}</code>" in html_of(answer)


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"family": NaN}', "", "[" * 9999])
def test_what_is_no_object_is_said(web, text):
    answer = checked(web, text)
    assert answer.status_code == 200
    assert answer.context["problems"][0]["texts"]
    assert "Not yet a space" in html_of(answer)


def test_a_refused_space_stays_in_the_editor(web, space):
    body = {"name": "Mine", "definition": json.dumps(space.definition | {"n_classes": 0})}
    answer = web.post(reverse("space-create", args=[space.pk]), body)
    assert answer.status_code == 400
    assert "&quot;n_classes&quot;: 0" in html_of(answer)
    assert "<code>n_classes</code>" in html_of(answer)
    assert not Space.objects.filter(name="Mine").exists()


def test_a_name_that_is_taken_is_said_beside_a_sound_definition(web, space, ada):
    rows.space(ada, name="Mine")
    body = {"name": "Mine", "definition": json.dumps(space.definition)}
    answer = web.post(reverse("space-create", args=[space.pk]), body)
    assert "You have a space called" in answer.context["form"].errors["name"][0]
    assert answer.context["found"]["size"] == space.size


def test_checking_stores_nothing_and_is_no_upload(web, space):
    for _ in range(3):
        assert checked(web, space.definition).status_code == 200
    assert Space.objects.count() == 1
