"""What the page of a run with 100,000 trials asks for, beside reading all rows once."""

import time

import pytest
from django.contrib.auth.models import User

from searches.models import DataSet, Run, Space, Trial
from searches.services import reading

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]
N = 100_000


@pytest.fixture
def run():
    owner = User.objects.create_user("alice")
    data = DataSet.objects.create(owner=owner, name="d", source="npz")
    space = Space.objects.create(
        owner=owner, name="s", family="f", definition={}, content_hash="x", size="1"
    )
    run = Run.objects.create(
        owner=owner,
        name="large",
        target="mobile",
        dataset=data,
        space=space,
        strategy="nsga2",
        evaluator="supernet",
        objectives=[
            {"measure": "accuracy", "direction": "max"},
            {"measure": "macs", "direction": "min"},
        ],
        budget=N,
        batch=100,
        n_asked=N,
        n_told=N,
    )
    trials = (
        Trial(
            run=run,
            number=number,
            architecture_hash=f"{number:016x}",
            status="done",
            value_0=number / N,
            value_1=number,
            on_front=number % 1000 == 0,
            is_told=True,
            data={"genes": [0] * 30},
        )
        for number in range(1, N + 1)
    )
    Trial.objects.bulk_create(trials, batch_size=2000)
    return run


def timed(work):
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def test_the_points_of_a_large_run_cost_a_fraction_of_reading_it(run, capsys):
    columns = ("number", "value_0", "value_1", "violation", "on_front", "status")
    everything = timed(lambda: list(run.trials.values_list(*columns)))
    sample = timed(lambda: reading.points(run))
    with capsys.disabled():
        ratio = everything / sample
        print(
            f"\npoints {1000 * sample:.0f} ms; all rows {1000 * everything:.0f} ms; {ratio:.1f}×"
        )
    assert sample < 0.3
    assert sample < everything / 2
