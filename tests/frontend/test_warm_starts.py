"""Searches that start from the networks of an earlier one, in the browser."""

import json
import re

import pytest
from django.urls import reverse
from django.utils.html import escape

from searches.models import Run, RunPrior
from tests.frontend import rows


@pytest.fixture
def choices(run):
    return {
        "name": "Second",
        "target": "mobile",
        "dataset": run.dataset_id,
        "space": run.space_id,
        "strategy": "nsga2",
        "evaluator": "supernet",
        "budget": "40",
        "goal-accuracy": "on",
        "goal-macs": "on",
        "warm_start": run.pk,
    }


def html_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_a_finished_run_leads_to_a_search_from_its_networks(web, run):
    page = html_of(web.get(reverse("run", args=[run.pk])))
    place = f"{reverse('run-new')}?from={run.pk}&warm"
    assert escape(place) in page
    form = web.get(place).context["form"]
    assert form.initial["warm_start"] == run.pk
    assert form.initial["name"] == f"After {run.name}"
    assert "warm_start" not in web.get(reverse("run-new")).context["form"].initial


def test_it_is_started_and_says_where_it_comes_from(web, run, choices):
    answer = web.post(reverse("run-new"), choices)
    started = Run.objects.get(name="Second")
    assert answer.url == reverse("run", args=[started.pk])
    assert started.warm_start == run
    page = html_of(web.get(answer.url))
    assert re.search(rf'href="{reverse("run", args=[run.pk])}">the networks of run', page)
    n_known = run.trials.filter(status="done").values("architecture_hash").distinct().count()
    assert len(RunPrior.objects.get(run=started).results) == n_known
    assert f"Starts from {n_known} networks" in page


def test_the_panel_shows_the_same_request_over_rest(web, run, choices):
    body = json.loads(web.post(reverse("run-preview"), choices).context["body"])
    assert body["warm_start"] == run.pk


def test_another_space_is_refused_beside_the_field(web, run, choices):
    definition = {**rows.SMALL, "resolutions": [16, 32]}
    other = rows.space(name="Other", definition=definition)
    answer = web.post(reverse("run-new"), choices | {"space": other.pk})
    assert answer.status_code == 400
    assert "searched another space" in answer.context["form"].errors["warm_start"][0]
    panel = html_of(web.post(reverse("run-preview"), choices | {"space": other.pk}))
    assert re.search(r'id="problem-warm_start"[^>]*>[^<]*searched another space', panel)


def test_runs_of_others_are_not_offered(others_web, bob, run, choices):
    answer = others_web.post(reverse("run-new"), choices)
    assert "warm_start" in answer.context["form"].errors
    assert not Run.objects.filter(owner=bob).exists()
