"""Tables of known results: the form that offers their columns, and the pages that show them."""

import json

import pytest
from django.urls import reverse

from searches.models import Run, Space
from tests.frontend import rows
from tests.searches import tables


@pytest.fixture
def table(ada):
    return tables.upload(ada)


@pytest.fixture
def choices(table):
    """What a browser sends for a search of the table."""
    return {
        "name": "Known",
        "target": "table",
        "dataset": table.pk,
        "space": Space.objects.get(name="Known").pk,
        "strategy": "nsga2",
        "evaluator": "table",
        "budget": "40",
        "seed": "0",
        f"goal-table-{table.pk}-0": "on",
        f"goal-table-{table.pk}-1": "on",
    }


def test_the_form_for_a_table_begins_with_its_first_columns(web, ada, table):
    rows.dataset(ada)
    rows.space()
    initial = web.get(f"{reverse('run-new')}?dataset={table.pk}").context["form"].initial
    assert (initial["target"], initial["evaluator"]) == ("table", "table")
    assert initial["space"] == Space.objects.get(family="table")
    wanted = {name for name in initial if name.startswith("goal-table") and initial[name]}
    assert wanted == {f"goal-table-{table.pk}-{i}" for i in range(2)}


def test_the_space_of_a_table_brings_the_table_along(web, ada, table):
    tables.upload(ada, name="Newer", content=b"a,gain (max)\nx,1\ny,2\n")
    space = Space.objects.get(name="Known")
    initial = web.get(f"{reverse('run-new')}?space={space.pk}").context["form"].initial
    assert (initial["target"], initial["dataset"]) == ("table", table)


def test_pictures_are_not_paired_with_the_space_of_a_table(web, ada, table):
    pictures, space = rows.dataset(ada), rows.space()
    initial = web.get(f"{reverse('run-new')}?dataset={pictures.pk}").context["form"].initial
    assert (initial["space"], initial["evaluator"]) == (space, "supernet")


def test_a_search_of_a_table_is_started_with_its_columns(web, choices, table):
    limit = f"limit-table-{table.pk}-2"
    assert web.post(reverse("run-new"), choices | {limit: "0.7"}).status_code == 302
    run = Run.objects.get()
    assert [item["measure"] for item in run.objectives] == ["error", "delay"]
    assert run.limits == [{"measure": "score", "at_least": 0.7, "statistic": "value"}]
    assert not run.pinned.exists()


def test_what_is_ticked_for_networks_does_not_count_for_a_table(web, choices):
    """A person who changes the data set leaves ticks behind that are no longer shown."""
    device = rows.device(None, "This machine")
    left = {"goal-accuracy": "on", f"goal-latency@{device.pk}": "on", "limit-macs": "3"}
    assert web.post(reverse("run-new"), choices | left).status_code == 302
    run = Run.objects.get()
    assert [item["measure"] for item in run.objectives] == ["error", "delay"]
    assert run.limits == []


def test_the_columns_of_another_table_do_not_count(web, ada, choices):
    other = tables.upload(ada, name="Other", content=b"a,gain (max)\nx,1\ny,2\n")
    answer = web.post(reverse("run-new"), choices | {f"goal-table-{other.pk}-0": "on"})
    assert answer.status_code == 302
    assert [item["measure"] for item in Run.objects.get().objectives] == ["error", "delay"]


def test_every_refused_limit_stands_beside_its_own_field(web, choices, table):
    fields = {f"limit-table-{table.pk}-{i}": "0.001" for i in range(2)}
    answer = web.post(reverse("run-new"), choices | fields)
    assert answer.status_code == 400
    errors = answer.context["form"].errors
    assert all("smallest reachable" in str(errors[field]) for field in fields)


def test_the_preview_says_what_the_columns_reach(web, choices, table):
    answer = web.post(reverse("run-preview"), choices)
    column = table.statistics["measures"][1]
    reach = f"{column['min']:.4g} ms to {column['max']:.4g} ms"
    assert answer.context["reaches"][f"table-{table.pk}-1"] == reach
    body = json.loads(answer.context["body"])
    assert body["objectives"] == [{"measure": "error"}, {"measure": "delay"}]
    assert "These choices fit together" in answer.content.decode()


def test_a_wrong_evaluator_is_refused_beside_it(web, choices):
    answer = web.post(reverse("run-new"), choices | {"evaluator": "full"})
    assert "needs networks" in str(answer.context["form"].errors["evaluator"])


def test_evaluators_are_offered_for_the_targets_that_they_can_judge(web, table):
    offered = web.get(reverse("run-new")).context["parts"]["roles"]["evaluator"]
    found = {option["card"]["name"]: option["targets"].split() for option in offered}
    assert found["table"] == ["table"]
    assert found["full"] == found["supernet"] == ["mobile", "features"]


def test_a_copy_of_a_run_in_a_table_asks_for_the_same(web, choices, table):
    web.post(reverse("run-new"), choices | {f"limit-table-{table.pk}-1": "4"})
    run = Run.objects.get()
    form = web.get(f"{reverse('run-new')}?from={run.pk}").context["form"]
    assert form.initial[f"goal-table-{table.pk}-0"] is True
    assert form.initial[f"limit-table-{table.pk}-1"] == 4
    assert (form.initial["dataset"], form.initial["evaluator"]) == (table, "table")


def test_columns_with_any_names_make_a_page(web, ada):
    """What people call a column cannot break the page: it names no field and no element."""
    names = ['"quoted"', "<b>bold</b>", "a b#c.d", "x'y"]
    header = ",".join(["op", *(f'"{n.replace(chr(34), chr(34) * 2)} (min)"' for n in names)])
    tables.upload(ada, content=f"{header}\nconv,1,2,3,4\nskip,4,3,2,1\n".encode())
    page = web.get(reverse("run-new")).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold</b>" not in page
