"""Pages that adjust a space to a device."""

import json

import pytest
from django.urls import reverse

from frontend import size_plots
from searches.models import Space
from searches.services import adjusting
from tests.frontend import rows

SIZES = {"widths": "0.5, 1", "resolutions": "16 32"}


@pytest.fixture
def space(db):
    return rows.space()


def asked(web, space, *, htmx=True, **values):
    headers = {"HX-Request": "true"} if htmx else {}
    return web.get(reverse("space-sizes", args=[space.pk]), SIZES | values, headers=headers)


def html_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_the_page_of_a_space_leads_to_its_sizes(web, space):
    place = reverse("space-adjust", args=[space.pk])
    assert place in html_of(web.get(reverse("space", args=[space.pk])))
    answer = web.get(place)
    assert answer.status_code == 200
    assert "hx-get" not in html_of(answer).split("<form")[1].split("</main>")[0]


def test_the_form_page_answers_at_once_and_loads_the_sizes(web, space, monkeypatch):
    monkeypatch.setattr(adjusting, "adjusted", None)  # nothing is drawn yet
    html = html_of(web.get(reverse("space-adjust", args=[space.pk]), SIZES | {"storage": "400"}))
    assert f'hx-get="{reverse("space-sizes", args=[space.pk])}?widths' in html
    assert 'value="400"' in html


def test_the_proposed_size_is_shown_with_the_others(web, space, ada):
    device = rows.device(ada)
    answer = asked(web, space, device=device.pk, latency="0.5", storage="400")
    html = html_of(answer)
    assert "<html" not in html
    assert html.count("proposed</span>") == 1
    assert [row["is_proposed"] for row in answer.context["rows"]].count(True) == 1
    assert answer.context["answer"]["limits"] == {"latency": 0.5, "storage": 4e5}
    figure = json.loads(html.split('type="application/json">')[1].split("</script>")[0])
    assert len(figure["data"]) == sum(row["is_sure"] for row in answer.context["rows"])


def test_the_proposed_space_becomes_ones_own(web, space, ada):
    proposal = asked(web, space, storage="150").context["proposal"]
    assert proposal["pruned"]
    body = {"name": proposal["title"], "definition": proposal["json"]}
    answer = web.post(reverse("space-create", args=[space.pk]), body)
    made = Space.objects.get(owner=ada)
    assert answer.url == reverse("space", args=[made.pk])
    assert made.size == proposal["size"]
    assert web.get(answer.url).status_code == 200


def test_nothing_within_the_limits_is_said_with_the_nearest(web, space):
    html = html_of(asked(web, space, storage="1"))
    assert "No network of any size" in html
    assert "1 kB" in html
    assert "Use this space" not in html


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"latency": "5"}, "needs a device"),
        ({"storage": "-1"}, "above 0"),
        ({"storage": "much"}, "Enter a number"),
        ({"widths": "a"}, "Numbers between commas"),
        ({"widths": "9"}, "between 0.05 and 4"),
        ({"device": "77"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_with_the_question_is_said(web, space, values, text):
    answer = asked(web, space, **values)
    assert answer.status_code == 200
    assert text in html_of(answer)
    assert "answer" not in answer.context


def test_without_scripts_the_answer_is_a_page(web, space):
    html = html_of(asked(web, space, htmx=False))
    assert "<html" in html
    assert "Use this space" in html


def test_spaces_without_a_width_do_not_lead_there(web):
    space = rows.perceptrons()
    assert "space-adjust" not in html_of(web.get(reverse("space", args=[space.pk])))
    assert "width and resolution" in html_of(asked(web, space))


def test_other_peoples_spaces_and_devices_do_not_exist(others_web, space, ada):
    device = rows.device(ada)
    assert "available choices" in html_of(asked(others_web, space, device=device.pk))
    Space.objects.update(owner=ada)
    assert asked(others_web, space).status_code == 404
    assert others_web.get(reverse("space-adjust", args=[space.pk])).status_code == 404


def test_curves_are_distributions_and_the_proposed_one_is_on_top():
    few = {"resolution": 32, "is_proposed": False, "is_sure": False, "distribution": [5, 5, 5]}
    sure = {**few, "is_sure": True, "distribution": [2, 3, 4]}
    best = {**sure, "is_proposed": True, "distribution": [1, 2, 3]}
    sizes = [{"width": 1, **best}, {"width": 2, **sure}, {"width": 3, **few}]
    curves = size_plots.distributions(sizes)["data"]
    assert [curve["meta"]["role"] for curve in curves] == ["series-other", "series-front"]
    assert curves[1]["x"] == [1, 2, 3]
    assert curves[1]["y"] == [0, 0.5, 1]
