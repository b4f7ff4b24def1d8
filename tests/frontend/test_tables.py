"""Tables of known results: the form that offers their columns, and the pages that show them."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from searches.models import Run, Space
from searches.services.models import NO_NETWORKS
from tests.frontend import rows
from tests.searches import tables
from tests.searches.runner.conftest import drive


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


@pytest.fixture
def run(web, choices):
    """A finished search of the table."""
    web.post(reverse("run-new"), choices | {"budget": "12", "batch": "12", "strategy": "random"})
    return drive(Run.objects.get())


def test_an_upload_leads_to_what_the_table_holds(web):
    file = SimpleUploadedFile("known.csv", tables.small(missing={3}))
    answer = web.post(reverse("dataset-upload"), {"name": "Known", "file": file}, follow=True)
    page = answer.content.decode()
    assert "is read and checked." in page
    assert "64 of 64 possible architectures" in page
    assert "conv, none, pool, skip" in page
    assert reverse("space", args=[Space.objects.get().pk]) in page
    (error, *_) = answer.context["dataset"].statistics["measures"]
    assert error["n_missing"] == 1


def test_what_is_wrong_in_a_table_is_named(web):
    file = SimpleUploadedFile("known.csv", b"op,error (min)\nconv,1\nconv,2\n")
    answer = web.post(reverse("dataset-upload"), {"name": "Known", "file": file})
    assert answer.status_code == 400
    assert "same architecture" in str(answer.context["findings"]["row 3"])


def test_the_list_says_how_large_a_table_is(web, table):
    page = web.get(reverse("dataset-list")).content.decode()
    assert "64 rows · 3 choices · 3 measured columns" in page


def test_the_space_of_a_table_shows_its_choices_and_no_costs(web, table):
    page = web.get(reverse("space", args=[Space.objects.get().pk])).content.decode()
    assert "4 × 4 × 4" in page
    assert "What can be reached" not in page
    assert "Make it your own" not in page


def test_the_page_of_a_run_speaks_of_columns(web, run):
    answer = web.get(reverse("run", args=[run.pk]))
    assert [stage["label"] for stage in answer.context["stages"]] == ["Prepare", "Search", "Done"]
    assert (answer.context["axes"]["x"], answer.context["axes"]["y"]) == ("delay", "error")
    assert list(answer.context["axes"]["choices"]) == ["error", "delay", "score", "number"]
    assert [pick["label"] for pick in answer.context["picks"]] == ["Lowest error", "Lowest delay"]
    row = answer.context["networks"][0]
    trial = row["trial"]
    assert row["texts"] == [f"{trial.value_0:.4g} %", f"{trial.value_1:.4g} ms"]
    page = answer.content.decode()
    assert "Training" not in page
    assert "not verified" in page


def test_the_plot_has_the_units_of_the_columns(web, run):
    figure = web.get(reverse("run-front", args=[run.pk])).json()["figure"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "delay (ms) · lower is better"
    assert figure["layout"]["yaxis"]["title"]["text"] == "error (%) · lower is better"
    front = next(trace for trace in figure["data"] if trace["meta"]["role"] == "front")
    assert len(front["x"]) == run.n_front
    figure = web.get(reverse("run-front", args=[run.pk]), {"x": "score"}).json()["figure"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "score · higher is better"
    assert figure["layout"]["xaxis"]["tickformat"] == ".4~g"


def test_a_row_shows_its_choices_and_no_button(web, run):
    trial = run.trials.filter(on_front=True).first()
    page = web.get(reverse("trial", args=[run.pk, trial.number])).content.decode()
    assert NO_NETWORKS in page
    assert "Choose this network" not in page
    assert "Cost per block" not in page
    described = web.get(reverse("run", args=[run.pk]), {"trial": trial.number}).context["detail"]
    assert list(described["choices"]) == ["first", "second", "width"]
    assert f"{trial.value_0:.4g} %" in page


def test_choosing_a_row_all_the_same_is_refused_on_the_page(web, run):
    number = run.trials.first().number
    answer = web.post(reverse("trial-choose", args=[run.pk, number]), {"fine_tune_epochs": "0"})
    assert answer.status_code == 400
    assert NO_NETWORKS in answer.content.decode()


def test_the_list_of_runs_shows_the_best_of_each_column(web, run):
    page = web.get(reverse("run-list")).content.decode()
    best = min(run.trials.values_list("value_0", flat=True))
    assert f"{best:.4g} %" in page
