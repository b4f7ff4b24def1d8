"""The phases of a once-for-all training on the run's page: its own owner sees them, live."""

import re

import pytest
from django.urls import reverse

from searches.models import RunPoint, Supernet
from searches.services.progress import progress_of
from tests.frontend import rows

CORNERS = {"largest": [1, 1], "smallest": [0, 0]}
SEEN = {"largest": {"accuracy": 0.912}, "smallest": {"accuracy": 0.1}}


def phase(name, first, last, seen):
    return {
        "name": name,
        "epochs": 4,
        "subnets": 2,
        "learning_rate": 0.02,
        "first_step": first,
        "last_step": last,
        "corners": seen,
    }


REPORT = {
    "corners": CORNERS,
    "phases": [
        phase("largest", 0, 100, SEEN),
        phase("kernel", 100, 200, {}),
        phase("width 1", 200, 300, {}),
    ],
}


@pytest.fixture
def shrinking(ada):
    found = rows.run(ada, evaluator="once_for_all")
    rows.trained(found, steps=300, until=125)
    Supernet.objects.filter(pk=found.supernet_id).update(report=REPORT)
    figures = {"loss": 1.0, "total": 300, "phase": "kernel, phase 2 of 3"}
    RunPoint.objects.update_or_create(
        run=found, stage="train", step=125, defaults={"figures": figures}
    )
    found.refresh_from_db()
    return found


def table(web, run):
    """Rows of the table as texts."""
    html = web.get(reverse("run-phases", args=[run.pk])).content.decode()
    found = re.findall(r"<tr.*?</tr>", html, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row)).strip() for row in found]


def test_finished_phase_shows_what_the_corners_reach(web, shrinking):
    heading, first, second, third = table(web, shrinking)
    assert heading.endswith("Peak rate largest smallest")
    assert first == "largest 4 × 2 0.02 91.2 % 10.0 %"
    assert second.endswith("25 % done")
    assert third.endswith("to come")


def test_page_has_the_phases_and_says_which_one_runs(web, shrinking):
    html = web.get(reverse("run", args=[shrinking.pk])).content.decode()
    assert 'id="phases-title"' in html
    assert "kernel, phase 2 of 3: step 125 of 300" in html
    assert progress_of(shrinking).text == "kernel, phase 2 of 3: step 125 of 300"


def test_run_that_waits_for_its_first_slice_says_so(web, ada):
    html = web.get(reverse("run", args=[rows.run(ada, evaluator="once_for_all").pk]))
    assert "appear here when the first slice" in html.content.decode()


def test_other_trainings_have_no_phases(web, ada):
    html = web.get(reverse("run", args=[rows.run(ada).pk])).content.decode()
    assert 'id="phases-title"' not in html


def test_phases_are_their_owners_business(web, client, bob, shrinking):
    address = reverse("run-phases", args=[shrinking.pk])
    assert client.get(address).status_code == 302
    client.force_login(bob)
    assert client.get(address).status_code == 404


def test_the_page_of_the_supernet_shows_them_too(web, shrinking):
    text = web.get(reverse("supernet", args=[shrinking.supernet_id])).content.decode()
    assert re.search(r'largest<.th>\s*<td class="number">4 × 2', text)
    assert "91.2" in text
    assert "25 % done" in text
    assert "to come" in text
