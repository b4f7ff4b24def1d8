"""What pages read of a run: the whole front, a bounded sample of the rest, few queries."""

import pytest
from django.contrib.auth.models import User

from searches.models import RunPoint
from searches.services import reading
from tests.searches.rows import bare_run, bare_trials

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return bare_run(User.objects.create_user("alice"))


def fill(run, n, front_every=100):
    def columns(number):
        return {
            "status": "done" if number % 50 else "failed",
            "value_0": number / n,
            "value_1": number,
            "violation": number % 7 == 0,
            "on_front": number % front_every == 1,
        }

    bare_trials(run, n, columns)


def test_a_small_run_is_shown_whole_without_failed_trials(run):
    fill(run, 200)
    found = reading.points(run)
    assert sorted(found["number"]) == [n for n in range(1, 201) if n % 50]
    assert found["total"] == 200


def test_values_and_states_belong_to_their_numbers(run):
    fill(run, 200)
    found = reading.points(run)
    for position, number in enumerate(found["number"]):
        assert [column[position] for column in found["values"]] == [number / 200, number]
        front, infeasible = number % 100 == 1, number % 7 == 0
        expected = "front" if front else "infeasible" if infeasible else "dominated"
        assert found["state"][position] == expected


def test_scores_of_less_effort_are_not_called_beaten(run):
    def columns(number):
        return {"value_0": 0.1, "value_1": 1.0, "fidelity": "epochs=1" if number == 2 else "full"}

    bare_trials(run, 3, columns)
    assert reading.points(run)["state"] == ["dominated", "reduced", "dominated"]


@pytest.mark.slow
def test_a_large_run_shows_its_whole_front_and_a_bounded_sample(run):
    fill(run, 5000)
    found = reading.points(run, limit=200)
    assert found["state"].count("front") == 50
    assert 150 <= found["shown"] - 50 <= 200
    assert found == reading.points(run, limit=200)


@pytest.mark.parametrize("n", [10, 3000])
def test_the_number_of_queries_does_not_grow(run, n, django_assert_max_num_queries):
    fill(run, n)
    with django_assert_max_num_queries(3):
        reading.points(run)


def test_objectives_have_labels_units_and_directions(run):
    assert [(o["key"], o["direction"], o["label"]) for o in reading.objective_labels(run)] == [
        ("accuracy", "max", "Accuracy on validation"),
        ("macs", "min", "Multiply-accumulates"),
    ]


def test_any_measure_can_be_a_further_column(run):
    fill(run, 60, front_every=10)
    measured = {"latency@3": {"value": 0.5, "unit": "ms", "provenance": "measured"}}
    run.trials.filter(number__lte=20).update(data={"genes": [], "measures": measured})
    found = reading.points(run, measures=["latency@3", "accuracy:test"])
    column = dict(zip(found["number"], found["measures"]["latency@3"], strict=True))
    assert (column[1], column[2], column[51]) == (0.5, 0.5, None)
    assert set(found["measures"]["accuracy:test"]) == {None}
    assert reading.measured_keys(run) == ["latency@3"]


def plot(run, n, *, stage="search", every=1):
    RunPoint.objects.bulk_create(
        RunPoint(run=run, stage=stage, step=every * i, figures={"hypervolume": i})
        for i in range(n)
    )


def test_history_is_thinned_to_a_bounded_number_of_points(run):
    plot(run, 2500)
    found = reading.history(run)["search"]
    assert found == [{"step": step, "hypervolume": step} for step in range(0, 2500, 3)]
    assert reading.history(run)["train"] == []


def test_a_short_history_is_whole_whatever_its_steps(run):
    plot(run, 1000, stage="train", every=40)
    assert len(reading.history(run)["train"]) == 1000


def test_a_long_history_reads_no_more_rows_than_it_shows(run, monkeypatch):
    """The figures of a row are parsed when it is read, and only then."""
    plot(run, 4000, every=20)
    parsed = []
    field = RunPoint._meta.get_field("figures")
    original = field.from_db_value
    monkeypatch.setattr(field, "from_db_value", lambda *a: parsed.append(1) or original(*a))
    assert len(reading.history(run)["search"]) == len(parsed) == 1000


@pytest.mark.parametrize("n", [10, 3000])
def test_a_history_takes_two_queries_per_stage(run, n, django_assert_max_num_queries):
    plot(run, n)
    with django_assert_max_num_queries(4):
        reading.history(run)
