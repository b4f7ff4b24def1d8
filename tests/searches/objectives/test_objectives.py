"""Objectives and limits: direction, units, and what is refused."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searches.objectives import measures, objectives
from searches.objectives.fronts import non_dominated
from searches.objectives.limits import Limit, total_violation
from searches.objectives.measures import COSTS, Measure, MeasuredValue, display, display_beyond
from searches.objectives.objectives import InvalidObjective, Objective

ACCURACY = Measure("accuracy", "Accuracy", "", "max", kind="quality")
KNOWN = {"accuracy": ACCURACY, **COSTS}
UP = Objective.of(ACCURACY, reference=0.1, ideal=1.0)
DOWN = Objective.of(COSTS["latency"], device=7, reference=50.0, ideal=0.5)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def value(number, **more):
    return MeasuredValue(number, "ms", "measured", **more)


@given(FINITE, FINITE)
def test_smaller_loss_is_the_better_value(a, b):
    assert (UP.to_loss(a) < UP.to_loss(b)) == (a > b)
    assert (DOWN.to_loss(a) < DOWN.to_loss(b)) == (a < b)


def test_objective_takes_direction_and_unit_from_its_measure():
    assert (UP.direction, UP.unit, UP.key) == ("max", "", "accuracy")
    assert (DOWN.direction, DOWN.unit, DOWN.key) == ("min", "ms", "latency@7")


def test_accurate_and_fast_network_dominates():
    rows = [{"accuracy": a, "latency@7": t} for a, t in [(0.9, 5), (0.8, 6), (0.95, 9), (0.7, 1)]]
    points = [objectives.losses([UP, DOWN], {k: value(v) for k, v in row.items()}) for row in rows]
    assert points[0] == (-0.9, 5)
    assert non_dominated(points).tolist() == [True, False, True, True]


def test_losses_follow_the_order_of_the_objectives():
    measured = {"accuracy": value(0.9), "latency@7": value(5.0), "macs": value(1.0)}
    assert objectives.losses([DOWN, UP], measured) == (5.0, -0.9)


@pytest.mark.parametrize(
    "measured", [{}, {"accuracy": value(math.nan)}, {"accuracy": value(math.inf)}]
)
def test_missing_or_broken_measure_gives_no_losses(measured):
    assert objectives.losses([UP], measured) is None


@pytest.mark.parametrize("thing", [UP, DOWN, Limit("latency", 7, at_most=3.0, statistic="upper")])
def test_objectives_and_limits_survive_json(thing):
    assert type(thing).from_json(json.loads(json.dumps(thing.to_json()))) == thing


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"measure": "macs", "goal": 1},
        {"measure": 3},
        {"measure": "macs", "device": "7"},
        {"measure": "macs", "device": True},
        {"measure": "macs", "direction": "up"},
        {"measure": "macs", "reference": "10"},
        ["macs"],
    ],
)
def test_malformed_objective_is_refused(data):
    with pytest.raises(InvalidObjective):
        Objective.from_json(data)


@pytest.mark.parametrize(
    "data",
    [
        {"measure": "macs"},
        {"measure": "macs", "at_most": "5"},
        {"measure": "macs", "at_most": math.nan},
        {"measure": "macs", "at_most": 1, "at_least": 2},
        {"measure": "macs", "at_most": 1, "statistic": "mean"},
        {"at_most": 1},
    ],
)
def test_malformed_limit_is_refused(data):
    with pytest.raises(InvalidObjective):
        Limit.from_json(data)


@pytest.mark.parametrize(
    ("limit", "number", "violation"),
    [
        (Limit("latency", 7, at_most=10), 10, 0),
        (Limit("latency", 7, at_most=10), 12, 0.2),
        (Limit("accuracy", at_least=0.8), 0.9, 0),
        (Limit("accuracy", at_least=0.8), 0.6, 0.25),
        (Limit("macs", at_least=5, at_most=10), 7, 0),
        (Limit("macs", at_least=5, at_most=10), 4, 0.2),
        (Limit("macs", at_least=5, at_most=10), 20, 1.0),
        (Limit("macs", at_most=0), 3, 3),
        (Limit("macs", at_most=-4), -3, 0.25),
        (Limit("macs", at_most=10), math.nan, math.inf),
        (Limit("macs", at_most=10), math.inf, math.inf),
    ],
)
def test_violation_is_the_relative_excess(limit, number, violation):
    assert limit.violation(value(number)) == pytest.approx(violation)


def test_unknown_value_violates_every_limit():
    assert Limit("macs", at_most=1e99).violation(None) == math.inf
    assert total_violation([Limit("macs", at_most=1e99)], {}) == math.inf


def test_pessimistic_limit_judges_the_end_of_the_interval():
    measured = value(9.0, spread=(8.0, 11.0))
    assert Limit("latency", 7, at_most=10).violation(measured) == 0
    assert Limit("latency", 7, at_most=10, statistic="upper").violation(measured) == pytest.approx(
        0.1
    )
    assert Limit("accuracy", at_least=10, statistic="upper").violation(measured) == pytest.approx(
        0.2
    )
    assert Limit("latency", 7, at_most=10, statistic="upper").violation(value(9.0)) == 0


def test_total_violation_is_zero_only_when_all_limits_are_met():
    both = [Limit("accuracy", at_least=0.8), Limit("latency", 7, at_most=10)]
    assert total_violation(both, {"accuracy": value(0.8), "latency@7": value(10)}) == 0
    assert total_violation(both, {"accuracy": value(0.4), "latency@7": value(15)}) == 1.0
    assert total_violation([], {}) == 0


def test_violations_of_many_equal_those_of_each():
    limit = Limit("latency", 7, at_most=10, at_least=2)
    numbers = np.array([1.0, 5.0, 20.0, math.nan])
    assert limit.excess(numbers, numbers).tolist() == [limit.violation(value(x)) for x in numbers]


def test_limit_is_told_in_words():
    assert (
        Limit("latency", 7, at_most=2.5).text(device="Pixel 1")
        == "Latency on Pixel 1 at most 2.5 ms"
    )
    assert Limit("accuracy", at_least=0.8).text(KNOWN) == "Accuracy at least 80.0 %"
    assert (
        Limit("storage", at_least=1, at_most=310_000).text()
        == "Storage at most 310 kB and at least 1 B"
    )


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        ("accuracy", 0.9345, "93.5 %"),
        ("latency", 1.2345, "1.23 ms"),
        ("latency", 12345.6, "12,346 ms"),
        ("latency", 0.00012, "0.00012 ms"),
        ("storage", 0, "0 B"),
        ("storage", 999, "999 B"),
        ("storage", 310_000, "310 kB"),
        ("storage", 999_999, "1 MB"),
        ("parameters", 7_664_760, "7.66 M"),
        ("macs", 5.66e8, "566 M"),
        ("macs", 2.5e12, "2,500 G"),
        ("energy", math.nan, "unknown"),
    ],
)
def test_values_are_shown_for_people(name, number, text):
    assert display(KNOWN[name], number) == text


@pytest.mark.parametrize(
    ("unit", "number", "text"),
    [
        ("", 0.9123, "0.9123"),  # no share: nobody says that it is one
        ("%", 93.6149, "93.61 %"),
        ("", -0.5, "-0.5"),
        ("", 1_234_567.8, "1,234,568"),
        ("MB", 12.0, "12 MB"),
    ],
)
def test_what_a_table_says_is_shown_as_it_was_written(unit, number, text):
    column = Measure("column", "column", unit, "max", kind="result")
    assert not column.is_share
    assert display(column, number) == text


def test_a_tables_value_as_a_bound_is_rounded_away_from_it():
    column = Measure("gain", "gain", "", "max", kind="result")
    assert display_beyond(column, -0.123456, up=True) == "-0.1234"
    assert display_beyond(column, -0.123456, up=False) == "-0.1235"
    assert display_beyond(column, 0.0, up=True) == "0"


@pytest.mark.parametrize(
    ("name", "number", "up", "text"),
    [
        ("latency", 1.23451, True, "1.235 ms"),
        ("latency", 1.23459, False, "1.234 ms"),
        ("latency", 0.5, True, "0.5 ms"),
        ("energy", 12_345.6, True, "12350 mJ"),
        ("storage", 43_212, True, "43.3 kB (43212 B)"),
        ("storage", 43_212, False, "43.2 kB (43212 B)"),
        ("storage", 950, True, "950 B"),
        ("peak_memory", 1000.25, True, "1.01 kB (1001 B)"),
        ("macs", 999_999, True, "1 M (999999)"),
        ("macs", 999_999, False, "999 k (999999)"),
    ],
)
def test_a_value_as_a_bound_is_rounded_away_from_it(name, number, up, text):
    assert display_beyond(COSTS[name], number, up=up) == text


@given(st.floats(1e-9, 1e15), st.booleans(), st.sampled_from(sorted(COSTS)))
def test_a_value_keeps_to_its_own_bound(number, up, name):
    """However it is read: the short form with its prefix, and the exact one."""
    factors = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
    text = display_beyond(COSTS[name], number, up=up).replace(",", "")
    read = re.findall(r"([\d.e+-]+) ?([kMG]?)(?:B|ms|mJ|\b)", text)
    for digits, prefix in read:
        bound = float(digits) * factors[prefix]
        assert bound >= number if up else bound <= number
    assert read


def test_what_exceeds_a_limit_is_told_as_the_limit_it_would_meet():
    limit = Limit("latency", 7, at_most=1.0, statistic="upper")
    slow = value(1.5, spread=(1.1119, 2.2221))
    assert limit.loosened(slow, COSTS, "Pixel 1") == "Latency on Pixel 1 2.223 ms (upper end)"
    least = Limit("macs", at_least=9e9)
    assert least.loosened(value(1_234_567), COSTS, "") == ("Multiply-accumulates 1.23 M (1234567)")


def test_keys_name_measure_and_device():
    assert measures.split_key(measures.key("latency", 12)) == ("latency", 12)
    assert measures.split_key(measures.key("macs")) == ("macs", None)


def test_measured_values_survive_json():
    kept = {
        "accuracy": MeasuredValue(
            0.9, "", "supernet", split="validation", spread=(0.8, 1.0), n=90
        ),
        "latency@7": MeasuredValue(1.5, "ms", "looked up", source="profile 7"),
    }
    assert measures.from_json(json.loads(json.dumps(measures.to_json(kept)))) == kept


def test_value_that_is_no_number_is_null_in_json():
    text = json.dumps(value(math.nan, spread=(0.0, math.inf)).to_json(), allow_nan=False)
    assert math.isnan(MeasuredValue.from_json(json.loads(text)).value)
    assert "spread" not in text


def test_weakest_provenance_is_told():
    assert measures.weakest(["measured", "interpolated", "looked up"]) == "interpolated"
    assert measures.weakest(["fully trained", "supernet"]) == "supernet"
