"""Runs side by side on one page."""

import json
import re

import pytest
from django.urls import reverse

from frontend import comparison_plots
from searches.models import Run, Space
from searches.services import runs
from searches.services.requests import RunRequest
from tests.searches import tables
from tests.searches.runner.conftest import drive

ADDRESS = "/runs/compare/"


def searched(dataset, **changes):
    choices = {
        "name": "Drawn",
        "dataset": dataset,
        "space": Space.objects.get(owner=dataset.owner),
        "objectives": [{"measure": "error"}, {"measure": "delay"}],
        "target": "table",
        "evaluator": "table",
        "strategy": "random",
        "budget": 8,
        "batch": 4,
    } | changes
    run = runs.start_run(owner=dataset.owner, request=RunRequest(**choices))
    return drive(run)


@pytest.fixture
def dataset(ada):
    return tables.upload(ada)


@pytest.fixture
def pair(dataset):
    return searched(dataset), searched(dataset, name="Bred", strategy="nsga2", seed=1)


def embedded(answer):
    """The figures that stand in the page."""
    found = re.findall(
        r'<script type="application/json">(.*?)</script>', answer.content.decode(), re.S
    )
    return [json.loads(text) for text in found]


def test_fronts_and_hypervolumes_are_laid_over_each_other(web, pair):
    answer = web.get(ADDRESS, {"runs": f"{pair[0].pk},{pair[1].pk}"})
    assert answer.status_code == 200
    fronts, volumes = embedded(answer)
    for position, run in enumerate(pair, start=1):
        traces = [t for t in fronts["data"] if t["meta"]["role"] == f"run-{position}"]
        marks = next(trace for trace in traces if trace["mode"] == "markers")
        front = run.trials.filter(on_front=True).values_list("value_1", "value_0")
        assert sorted(zip(marks["x"], marks["y"], strict=True)) == sorted(front)
        assert marks["marker"]["symbol"] == comparison_plots.MARKS[position - 1][0]
        curve = volumes["data"][position - 1]
        assert curve["x"] == [4, 8]
        assert curve["y"][-1] == pytest.approx(run.hypervolume, abs=1e-6)
    assert fronts["layout"]["xaxis"]["title"]["text"] == "delay (ms) · lower is better"


def test_the_table_says_who_leads(web, pair):
    rows = web.get(ADDRESS, {"runs": [run.pk for run in pair]}).context["rows"]
    assert [row["strategy"] for row in rows] == ["Random search", "Evolution (NSGA-II)"]
    leading = max(pair, key=lambda run: run.hypervolume).pk
    assert {row["run"]["id"] for row in rows if row["is_leading"]} == {leading}
    errors = [min(run.trials.values_list("value_0", flat=True)) for run in pair]
    for row, error in zip(rows, errors, strict=True):
        assert row["bests"][0] == {
            "text": f"{error:.4g} %",
            "is_leading": error == min(errors),
        }


def test_axes_are_chosen_by_the_address(web, pair):
    runs_ = f"{pair[0].pk},{pair[1].pk}"
    axes = web.get(ADDRESS, {"runs": runs_, "x": "error", "y": "delay"}).context["axes"]
    assert (axes["x"], axes["y"]) == ("error", "delay")
    answer = web.get(ADDRESS, {"runs": runs_, "x": "number", "y": "nonsense"})
    assert (answer.context["axes"]["x"], answer.context["axes"]["y"]) == ("number", "error")
    assert {trace["mode"] for trace in embedded(answer)[0]["data"]} == {"markers"}


def test_runs_with_one_objective_compare(web, dataset):
    one = [{"measure": "error"}]
    found = [searched(dataset, objectives=one), searched(dataset, objectives=one, seed=1)]
    answer = web.get(ADDRESS, {"runs": [run.pk for run in found]})
    assert answer.context["axes"]["x"] == "number"
    assert len(embedded(answer)) == 2


def test_one_run_is_shown_what_goes_with_it(web, dataset, pair):
    searched(dataset, name="Other way round", objectives=[{"measure": "score"}])
    answer = web.get(ADDRESS, {"runs": pair[0].pk})
    assert answer.status_code == 200
    offered = {option["run"]: option["is_chosen"] for option in answer.context["offered"]}
    assert offered == {pair[0]: True, pair[1]: False}
    assert "Results" not in answer.content.decode()


def test_no_run_is_sent_to_the_list(web, db):
    answer = web.get(ADDRESS)
    assert answer.status_code == 200
    assert reverse("run-list") in answer.content.decode()


def test_what_does_not_compare_is_refused_with_the_reason(web, dataset, pair):
    other = searched(dataset, name="Scored", objectives=[{"measure": "score"}])
    answer = web.get(ADDRESS, {"runs": [pair[0].pk, other.pk]})
    assert answer.status_code == 400
    assert "“Scored” has other objectives" in answer.content.decode()


@pytest.mark.parametrize("runs_", ["x", "1,x", "99999", "1;2", "999999999999999999"])
def test_what_names_no_run_is_not_there(web, pair, runs_):
    assert web.get(ADDRESS, {"runs": runs_}).status_code == 404


def test_another_persons_runs_are_not_there(others_web, pair):
    assert others_web.get(ADDRESS, {"runs": f"{pair[0].pk},{pair[1].pk}"}).status_code == 404
    assert others_web.get(ADDRESS, {"runs": pair[0].pk}).status_code == 404


def test_who_has_not_signed_in_is_asked_to(client, pair):
    assert "/login/" in client.get(ADDRESS, {"runs": pair[0].pk}).url


def test_a_name_cannot_leave_its_place(web, dataset):
    found = [searched(dataset, name="</script><b>x"), searched(dataset, seed=1)]
    page = web.get(ADDRESS, {"runs": [run.pk for run in found]}).content.decode()
    assert "</script><b>x" not in page


def test_the_list_offers_runs_with_a_front(web, pair):
    Run.objects.filter(pk=pair[1].pk).update(n_front=0)
    page = web.get(reverse("run-list")).content.decode()
    assert f'name="runs" value="{pair[0].pk}" form="compare"' in page
    assert f'name="runs" value="{pair[1].pk}" form="compare"' not in page


def test_the_page_of_a_run_leads_here(web, pair):
    page = web.get(reverse("run", args=[pair[0].pk])).content.decode()
    assert f"{ADDRESS}?runs={pair[0].pk}" in page


def test_the_number_of_queries_does_not_grow_with_the_trials(
    web, dataset, pair, django_assert_max_num_queries
):
    with django_assert_max_num_queries(25):
        web.get(ADDRESS, {"runs": [run.pk for run in pair]})
