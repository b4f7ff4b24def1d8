"""Rows of a profile answer for the same operation, and for the same block at another size."""

from dataclasses import replace

import pytest

from devices.profiles.estimates import ANALYTIC, INTERPOLATED, LOOKED_UP, PREDICTED
from devices.profiles.operations import Operation
from devices.profiles.profile import Device, Entry, Profile, Provenance, Runtime
from devices.profiles.table import RowTable

BLOCK = Operation("mbconv", h=16, cin=24, cout=40, mid=96, k=5, s=2, act="relu", se=True)


def profile(*rows: Entry, **provenance) -> Profile:
    return Profile(
        name="p",
        device=Device(kind="cpu"),
        runtime=Runtime(engine="e", dtype="fp32", batch=4, threads=1),
        provenance=Provenance(**{"kind": "measured", **provenance}),
        entries=rows,
        overhead_ms=0.1,
    )


def at(h: int, mean_ms: float, **values) -> Entry:
    return Entry(op=replace(BLOCK, h=h), mean_ms=mean_ms, **values)


def test_the_row_of_the_same_operation_is_looked_up():
    found = RowTable(profile(at(16, 1.5))).exact(BLOCK)

    assert (found.latency_ms, found.provenance, found.source) == (1.5, LOOKED_UP, "")


def test_batch_and_precision_of_the_header_are_no_other_operation():
    table = RowTable(profile(at(16, 1.5)))

    assert table.exact(replace(BLOCK, batch=4, dtype="fp32")).latency_ms == 1.5
    assert table.exact(replace(BLOCK, batch=2)) is None


@pytest.mark.parametrize(
    ("row", "provenance", "sigma"),
    [
        ({}, {}, 0.01),
        ({"std_ms": 0.3, "runs": 4}, {}, 0.1),  # 0.3 / sqrt(4) / 1.5
        ({}, {"repeat_rel": 0.07}, 0.07),
        ({"source": "predicted"}, {"kind": "mixed"}, 0.10),
        ({}, {"kind": "analytic"}, 0.60),
    ],
)
def test_the_spread_is_the_largest_of_row_profile_and_floor(row, provenance, sigma):
    table = RowTable(profile(at(16, 1.5, **row), **provenance))

    assert table.exact(BLOCK).sigma == pytest.approx(sigma)


@pytest.mark.parametrize(("source", "code"), [("predicted", PREDICTED), ("analytic", ANALYTIC)])
def test_a_row_that_was_not_measured_says_so(source, code):
    table = RowTable(profile(at(16, 1.5, source=source), kind="mixed"))

    assert table.exact(BLOCK).provenance == code


def test_between_two_sizes_work_follows_the_power_law_of_both():
    # 4 ms of work on 4×4 outputs, 36 on 12×12: work goes with the pixels; the call stays.
    found = RowTable(profile(at(8, 4.1), at(24, 36.1))).other_resolution(BLOCK)

    assert found.latency_ms == pytest.approx(0.1 + 16.0)
    assert (found.sigma, found.provenance) == (0.04, INTERPOLATED)


def test_the_two_nearest_sizes_decide():
    rows = [at(4, 1.0), at(12, 9.1), at(20, 25.1), at(64, 9999.0)]

    assert RowTable(profile(*rows)).other_resolution(BLOCK).latency_ms == pytest.approx(16.1)


@pytest.mark.parametrize(("h", "reached"), [(20, True), (14, True), (22, False), (10, False)])
def test_a_single_size_reaches_a_third_beyond_itself(h, reached):
    found = RowTable(profile(at(16, 1.5))).other_resolution(replace(BLOCK, h=h))

    assert (found is not None) == reached
    if reached:
        assert found.sigma == 0.10
        assert found.latency_ms == pytest.approx(0.1 + 1.4 * (h / 16) ** 2)


@pytest.mark.parametrize("change", [{"k": 3}, {"mid": 72}, {"se": False}, {"act": "hswish"}])
def test_another_block_is_no_neighbour(change):
    table = RowTable(profile(at(12, 1.0), at(20, 2.0)))

    assert table.other_resolution(replace(BLOCK, **change)) is None


def test_a_map_of_another_shape_is_no_neighbour():
    table = RowTable(profile(at(12, 1.0), at(20, 2.0)))

    assert table.other_resolution(replace(BLOCK, w=32)) is None


def test_an_operation_without_a_map_has_no_other_resolution():
    row = Entry(op=Operation("linear", cin=64, cout=10), mean_ms=0.2)

    assert RowTable(profile(row)).other_resolution(Operation("linear", cin=64, cout=20)) is None


def test_a_row_at_the_cost_of_a_call_keeps_a_little_work():
    table = RowTable(profile(at(12, 0.1), at(20, 0.1)))

    assert table.other_resolution(BLOCK).latency_ms == pytest.approx(0.102)
