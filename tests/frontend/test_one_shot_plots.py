"""What a one-shot strategy has decided, as figures and on the run's page."""

import pytest
from django.urls import reverse

from frontend import one_shot_plots
from searches.models import Supernet
from tests.frontend import rows

REPORT = {
    "choices": [
        {"name": "first", "options": ["conv3", "zero"], "weights": [0.75, 0.25]},
        {"name": "second", "options": ["conv3", "conv5"], "weights": [0.1, 0.9]},
    ],
    "memory": {
        "candidates": [2, 3],
        "mixture": [2 * 2**20, 3 * 2**20],
        "two_paths": [2**20, 2**20],
        "batch": 16,
    },
    "stopped": "epoch 7: 3 skip connections, more than 2",
}


def test_options_that_a_choice_does_not_have_are_left_open():
    (heat,) = one_shot_plots.choices(REPORT)["data"]
    assert heat["x"] == ["conv3", "zero", "conv5"]
    assert heat["y"] == ["first", "second"]
    assert heat["z"] == [[0.75, 0.25, None], [0.1, None, 0.9]]


@pytest.mark.parametrize(("n_options", "is_written"), [(9, True), (10, False)])
def test_few_options_have_room_for_their_probabilities(n_options, is_written):
    options = [f"option {number}" for number in range(n_options)]
    choice = {"name": "only", "options": options, "weights": [1 / n_options] * n_options}
    (heat,) = one_shot_plots.choices({"choices": [choice]})["data"]
    assert bool(heat["texttemplate"]) is is_written


def test_memory_is_drawn_for_both_ways_in_mib():
    paths, mixture = one_shot_plots.memory(REPORT)["data"]
    assert paths["x"] == mixture["x"] == [2, 3]
    assert (paths["y"], mixture["y"]) == ([1.0, 1.0], [2.0, 3.0])


def test_entropy_and_skip_connections_have_axes_of_their_own():
    points = [{"step": 1, "entropy": 1.0, "skips": 0.0}, {"step": 9, "entropy": 0.4, "skips": 2.0}]
    entropy, skips = one_shot_plots.decisions(points)["data"]
    assert (entropy["y"], skips["y"]) == ([1.0, 0.4], [0.0, 2.0])
    assert (entropy["yaxis"], skips["yaxis"]) == ("y", "y2")
    assert skips["line"]["shape"] == "hv"


@pytest.mark.parametrize(("kept", "top"), [(0, 2), (3, 3)])
def test_few_skip_connections_have_a_tick_each(kept, top):
    points = [{"step": 1, "entropy": 1.0, "skips": float(kept)}]
    axis = one_shot_plots.decisions(points)["layout"]["yaxis2"]
    assert (axis["tickmode"], axis["dtick"]) == ("linear", 1)
    assert top <= axis["range"][1] < top + 0.1


def test_many_skip_connections_have_round_ticks():
    points = [{"step": 1, "entropy": 1.0, "skips": 40.0}]
    assert one_shot_plots.decisions(points)["layout"]["yaxis2"]["tickmode"] == "auto"


@pytest.mark.parametrize("figure", [one_shot_plots.choices, one_shot_plots.memory])
def test_without_a_report_nothing_is_drawn(figure):
    assert all(trace["x"] == [] for trace in figure({})["data"])


@pytest.fixture
def one_shot(run):
    Supernet.objects.filter(runs=run).update(report=REPORT)
    run.strategy = "proxyless"
    run.save()
    return run


def test_the_page_of_a_one_shot_run_shows_its_choices_and_why_it_stopped(web, one_shot):
    text = web.get(reverse("run", args=[one_shot.pk])).content.decode()
    assert reverse("run-curve", args=[one_shot.pk, "choices"]) in text
    assert "independent of the number of candidates, bounded by the largest" in text
    assert "Stopped early in epoch 7: 3 skip connections, more than 2." in text


def test_the_page_of_another_run_shows_none(web, run):
    text = web.get(reverse("run", args=[run.pk])).content.decode()
    assert reverse("run-curve", args=[run.pk, "choices"]) not in text


@pytest.mark.parametrize("name", ["choices", "memory", "decisions"])
def test_figures_are_there_for_the_owner_alone(web, others_web, one_shot, name):
    address = reverse("run-curve", args=[one_shot.pk, name])
    assert web.get(address).json()["data"]
    assert others_web.get(address).status_code == 404


def test_a_run_that_trains_nothing_has_empty_figures(web, ada):
    run = rows.run(ada)
    assert run.supernet is None
    assert web.get(reverse("run-curve", args=[run.pk, "choices"])).json()["data"][0]["x"] == []
