"""Runs side by side."""

import pytest
from django.contrib.auth.models import User

from searches.models import Run, Space, Trial
from searches.services import comparing, runs
from searches.services.requests import RunRequest
from tests.searches import tables
from tests.searches.runner.conftest import drive
from webnas.refusals import RefusedRequest

pytestmark = pytest.mark.django_db

OBJECTIVES = [{"measure": "score"}, {"measure": "delay"}]


@pytest.fixture
def owner():
    return User.objects.create_user("alice")


@pytest.fixture
def dataset(owner):
    return tables.upload(owner)


def started(dataset, **changes):
    choices = {
        "name": "Known",
        "dataset": dataset,
        "space": Space.objects.get(name=dataset.name),
        "objectives": OBJECTIVES,
        "target": "table",
        "evaluator": "table",
        "strategy": "random",
        "budget": 12,
        "batch": 4,
    } | changes
    return runs.start_run(owner=dataset.owner, request=RunRequest(**choices))


def waiting(dataset):
    run = started(dataset, name="Waits")
    runs.pause_run(run=run)
    return run


def searched(dataset, **changes):
    return drive(started(dataset, **changes))


def volume(points, scale):
    """Share of the box from ideal to reference, step by step under the staircase."""
    score, delay = scale["score"], scale["delay"]
    area, reached = 0.0, delay["reference"]
    for value, cost in sorted(points, key=lambda p: (-p[0], p[1])):
        if cost < reached and value > score["reference"]:
            area += (value - score["reference"]) * (reached - cost)
            reached = cost
    sides = (score["ideal"] - score["reference"]) * (delay["reference"] - delay["ideal"])
    return area / sides


def refusal(*found):
    with pytest.raises(RefusedRequest) as refused:
        comparing.compare(found)
    return refused.value.detail


def test_runs_are_compared_by_what_they_found(dataset):
    first, second = searched(dataset), searched(dataset, strategy="nsga2", name="Evolved", seed=1)
    found = comparing.compare([first, second])
    assert [o["key"] for o in found["objectives"]] == ["score", "delay"]
    assert found["scale"] == first.scale == second.scale
    for run, shown in zip((first, second), found["runs"], strict=True):
        front = list(run.trials.filter(on_front=True).values_list("value_0", "value_1"))
        assert sorted(zip(*shown["front"]["values"], strict=True)) == sorted(front)
        assert shown["best"] == {
            "score": max(value for value, _ in front),
            "delay": min(cost for _, cost in front),
        }
        assert shown["hypervolume"] == pytest.approx(volume(front, run.scale))
        assert shown["hypervolume"] == pytest.approx(run.hypervolume)
        assert [point["step"] for point in shown["history"]] == [4, 8, 12]
        assert shown["history"][-1]["hypervolume"] == pytest.approx(run.hypervolume)
        assert (shown["strategy"], shown["budget"]) == (run.strategy, 12)
        assert shown["elapsed"] > 0


def test_runs_with_other_ends_are_measured_in_the_box_of_both(dataset):
    """As runs in different spaces: what is the worst for one may be far from it for the other."""
    first, second = searched(dataset), searched(dataset, seed=1)
    narrow = {
        "score": {"ideal": 0.9, "reference": 0.7},
        "delay": {"ideal": 2.0, "reference": 3.0},
    }
    second.scale = narrow
    found = comparing.compare([first, second])
    assert found["scale"] == {
        "score": {
            "ideal": max(first.scale["score"]["ideal"], 0.9),
            "reference": min(first.scale["score"]["reference"], 0.7),
        },
        "delay": first.scale["delay"],
    }
    for run, shown in zip((first, second), found["runs"], strict=True):
        for point in shown["history"]:
            told = run.trials.filter(number__lte=point["step"])
            points = list(told.values_list("value_0", "value_1"))
            assert point["hypervolume"] == pytest.approx(volume(points, found["scale"]))
        assert shown["hypervolume"] == pytest.approx(shown["history"][-1]["hypervolume"])


def test_failed_and_forbidden_rows_count_for_no_curve(dataset):
    limits = [{"measure": "delay", "at_most": 3.0}]
    first, second = searched(dataset, limits=limits), searched(dataset, seed=1)
    number = first.trials.filter(violation=0).first().number
    Trial.objects.filter(run=first, number=number).update(
        status="failed", value_0=None, on_front=False
    )
    second.scale = {
        key: dict(ends, ideal=ends["ideal"] * 1.01) for key, ends in second.scale.items()
    }
    found = comparing.compare([first, second])
    points = list(
        first.trials.filter(violation=0, status="done").values_list("value_0", "value_1")
    )
    shown = found["runs"][0]["history"][-1]["hypervolume"]
    assert shown == pytest.approx(volume(points, found["scale"]))


def test_a_long_run_in_another_box_shows_its_end_alone(dataset, monkeypatch):
    monkeypatch.setattr(comparing, "MOST_RECOMPUTED", 11)
    first, second = searched(dataset), searched(dataset, seed=1)
    second.scale = {"score": {"ideal": 1.0, "reference": 0.0}, "delay": second.scale["delay"]}
    shown = comparing.compare([first, second])["runs"][0]
    assert shown["history"] == [{"step": 12, "hypervolume": shown["hypervolume"]}]


def test_a_large_front_is_spread(dataset, monkeypatch):
    monkeypatch.setattr(comparing, "FRONT_POINTS", 3)
    first, second = searched(dataset), searched(dataset, seed=1)
    shown = comparing.compare([first, second])["runs"][0]
    scores = sorted(first.trials.filter(on_front=True).values_list("value_0", flat=True))
    assert len(scores) > 3
    assert len(shown["front"]["number"]) == 3
    assert shown["front"]["values"][0][::2] == [scores[0], scores[-1]]


def test_a_run_without_a_front_yet_is_empty_beside_the_others(dataset):
    first, second = searched(dataset), searched(dataset, seed=1)
    second.trials.update(on_front=False)
    shown = comparing.compare([first, second])["runs"][1]
    assert (shown["best"], shown["hypervolume"]) == ({}, 0.0)
    assert shown["front"] == {"number": [], "values": [[], []]}


def test_what_does_not_compare_is_refused_with_the_reason(dataset, owner):
    run = searched(dataset, budget=4)
    assert "1 different runs; 2 to 6" in refusal(run)
    assert "7 different runs" in refusal(*[run] * 7)
    assert "“Waits” has not begun" in refusal(run, waiting(dataset))
    turned = searched(dataset, name="Turned", budget=4, objectives=OBJECTIVES[::-1])
    assert "“Turned” has other objectives" in refusal(run, turned)
    other = tables.upload(owner, name="Other", content=tables.small(missing={0}))
    assert "another data set" in refusal(run, searched(other, budget=4))


def test_equal_tables_under_two_names_compare(dataset, owner):
    copy = tables.upload(owner, name="Copy")
    found = comparing.compare([searched(dataset, budget=4), searched(copy, budget=4)])
    assert len(found["runs"]) == 2


def test_candidates_share_data_and_objectives_and_have_begun(dataset):
    run, twin = searched(dataset, budget=4), searched(dataset, budget=4, seed=1)
    waiting(dataset)
    searched(dataset, budget=4, objectives=OBJECTIVES[::-1])
    assert list(comparing.like(run, Run.objects.all())) == [twin]
