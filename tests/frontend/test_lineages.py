"""Whose weights a network began with, and whether a hypernetwork listens, on pages and by REST."""

import pytest
from django.urls import reverse

from frontend import lineage_plots
from searches.models import Supernet
from searches.services import lineages
from tests.frontend import rows

STORIES = {
    1: {"epochs": 10, "total_epochs": 10, "total_work": 1e9, "generation": 0},
    2: {"epochs": 2, "total_epochs": 12, "total_work": 1.4e9, "generation": 1},
    3: {"epochs": 2, "total_epochs": 14, "total_work": 1.6e9, "generation": 2},
}
PARENTS = {2: 1, 3: 2}
INHERITED = {"share": 0.75, "operators": ["new layers", "wider"]}


@pytest.fixture
def family(run):
    """Networks 1 to 3 of a run, each the child of the one before."""
    run.evaluator = "inherited"
    run.save()
    trials = list(run.trials.order_by("number")[:3])
    for number, trial in enumerate(trials, 1):
        run.trials.filter(pk=trial.pk).update(number=10_000 + number)
    for number, trial in enumerate(trials, 1):
        story = STORIES[number] | {"seconds": 1.5, "total_seconds": 1.5 * number}
        data = trial.data | {"lineage": story | (INHERITED if number > 1 else {})}
        data |= {"parent": PARENTS[number]} if number > 1 else {}
        run.trials.filter(pk=trial.pk).update(number=number, data=data, value_0=0.5 + number / 10)
    return run


def test_the_tree_is_drawn_over_the_work_of_whole_lineages(family):
    line, founders, children = lineage_plots.tree(lineages.tree(family), "Accuracy")["data"]
    assert founders["x"] == [1.0]
    assert children["x"] == [1.4, 1.6]
    assert line["x"] == [1.0, 1.4, None, 1.4, 1.6, None]
    assert "2 epochs, 14 with its ancestors" in children["text"][1]


def test_ancestors_of_what_is_shown_are_shown(family):
    assert [row["number"] for row in lineages.tree(family)][:3] == [1, 2, 3]
    family.trials.exclude(number=3).filter(number__gt=3).delete()
    assert [row["number"] for row in lineages.tree(family, limit=1)] == [1, 2, 3]


def test_a_network_tells_its_lineage(web, family):
    text = web.get(reverse("trial", args=[family.pk, 3])).content.decode()
    assert "Lineage" in text
    assert "75.0 % of 2" in text or "75 % of 2" in text
    assert "new layers, wider" in text
    api = web.get(f"/api/v1/runs/{family.pk}/trials/3/").json()["lineage"]
    assert [row["number"] for row in api] == [1, 2, 3]
    assert api[2]["total_epochs"] == 14


def test_the_page_of_a_run_shows_the_tree_to_its_owner(web, others_web, family):
    address = reverse("run-curve", args=[family.pk, "lineage"])
    assert address in web.get(reverse("run", args=[family.pk])).content.decode()
    assert web.get(address).json()["data"]
    assert others_web.get(address).status_code == 404


def test_other_runs_have_no_lineage(web, run):
    page = web.get(reverse("run", args=[run.pk])).content.decode()
    assert reverse("run-curve", args=[run.pk, "lineage"]) not in page
    assert lineages.tree(run) == []
    number = run.trials.order_by("number").values_list("number", flat=True)[0]
    assert "Lineage" not in web.get(reverse("trial", args=[run.pk, number])).content.decode()


@pytest.mark.parametrize("is_heard", [True, False])
def test_the_control_says_whether_a_hypernetwork_listens(web, run, is_heard):
    control = {
        "networks": 24,
        "loss": 1.25,
        "loss_shuffled": 1.5,
        "gain": 0.25,
        "error": 0.03125,
        "share_better": 0.875,
        "is_heard": is_heard,
    }
    Supernet.objects.filter(runs=run).update(report={"control": control})
    run.evaluator = "hypernetwork"
    run.save()
    text = web.get(reverse("run", args=[run.pk])).content.decode()
    assert "0.2500 ± 0.0313" in text or "0.2500 ± 0.0312" in text
    assert "of 24 networks" in text
    assert ("it does not listen" in text) is not is_heard


def test_before_its_training_the_control_is_awaited(web, ada):
    run = rows.run(ada)
    run.evaluator = "graph_hypernetwork"
    run.save()
    text = web.get(reverse("run", args=[run.pk])).content.decode()
    assert "Measured when the hypernetwork is trained." in text
