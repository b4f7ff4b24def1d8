"""What pages and services ask of a run with 100,000 trials, beside reading all rows once."""

import time

import pytest
from django.contrib.auth.models import User

from searches.services import reading
from tests.searches.rows import bare_run, bare_trials
from webnas.accounts import quotas

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]
N = 100_000


@pytest.fixture
def run():
    def columns(number):
        values = {"value_0": number / N, "value_1": number, "on_front": number % 1000 == 0}
        return {**values, "n_bytes": 1000, "data": {"genes": [0] * 30}}

    run = bare_run(User.objects.create_user("alice"), name="large", budget=N, batch=100)
    bare_trials(run, N, columns)
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


def test_the_bytes_of_a_large_run_are_summed_out_of_an_index(run, capsys):
    assert quotas.used_bytes(run.owner) == 1000 * N
    seconds = timed(lambda: quotas.used_bytes(run.owner))
    with capsys.disabled():
        print(f"\nstored bytes of {N:,} trials {1000 * seconds:.1f} ms")
    assert seconds < 0.05
