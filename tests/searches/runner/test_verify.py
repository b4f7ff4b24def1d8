"""Which members of a front fall off when they are judged on the test split."""

import pytest

from searches.models import Run, Trial
from searches.runner.verify import VERIFIED_AT_MOST, fallen_off, spread

RUN = Run(
    target="mobile",
    objectives=[
        {"measure": "accuracy", "direction": "max"},
        {"measure": "macs", "direction": "min"},
    ],
)


def member(pk, accuracy, macs, error=0.02):
    tested = {"value": accuracy, "spread": [accuracy - error, accuracy + error]}
    return Trial(pk=pk, data={"measures": {"accuracy:test": tested, "macs": {"value": macs}}})


def test_a_member_that_a_cheaper_one_clearly_beats_falls_off():
    assert fallen_off(RUN, [member(1, 0.95, 100), member(2, 0.80, 200)]) == {2}


@pytest.mark.parametrize("accuracy", [0.925, 0.95, 0.99])
def test_a_difference_within_the_error_decides_nothing(accuracy):
    assert fallen_off(RUN, [member(1, 0.95, 100), member(2, accuracy, 200)]) == set()


def test_a_better_member_that_costs_more_beats_nobody():
    assert fallen_off(RUN, [member(1, 0.99, 200), member(2, 0.80, 100)]) == set()


def test_a_front_without_quality_loses_nobody():
    run = Run(target="mobile", objectives=[{"measure": "macs", "direction": "min"}])
    assert fallen_off(run, [member(1, 0.9, 1), member(2, 0.1, 2)]) == set()
    assert fallen_off(run, []) == set()


def test_a_large_front_is_verified_evenly_with_both_ends():
    front = [member(number, 0.5, number) for number in range(1000)]
    chosen = spread(front)
    assert len(chosen) == VERIFIED_AT_MOST
    assert (chosen[0].pk, chosen[-1].pk) == (0, 999)
