"""Latency from facts alone."""

from dataclasses import replace

import pytest

from devices.profiles.estimates import ANALYTIC
from devices.profiles.operations import Operation
from devices.profiles.profile import Device, Profile, Provenance, Runtime
from devices.profiles.roofline import Roofline

DENSE = Operation("conv", h=32, cin=64, cout=64, k=3)  # 37.7 M MACs, 0.67 MB
DEPTHWISE = Operation("dwconv", h=32, cin=64, k=3)
POOL = Operation("gap", h=32, cin=64)


def roofline(runtime=None, provenance=None, **facts) -> Roofline:
    given = {"kind": "cpu", "peak_flops": {"fp32": 1e9}, "bandwidth_bytes_per_s": 1e9, **facts}
    own = {"engine": "e", "dtype": "fp32", "batch": 1, "threads": 1, **(runtime or {})}
    return Roofline(
        Profile(
            name="p",
            device=Device(**given),
            runtime=Runtime(**own),
            provenance=Provenance(**{"kind": "analytic", **(provenance or {})}),
        )
    )


def test_arithmetic_bounds_a_dense_convolution():
    found = roofline().estimate(DENSE)

    assert found.latency_ms == pytest.approx(2 * DENSE.macs() / 0.5e9 * 1e3)
    assert (found.sigma, found.provenance, found.has_call) == (0.60, ANALYTIC, False)


def test_memory_bounds_what_computes_nothing():
    moved = 4 * POOL.moved_elements()

    assert roofline().estimate(POOL).latency_ms == pytest.approx(moved / 1e9 * 1e3)


def test_depthwise_layers_reach_less_of_the_peak():
    found = roofline(bandwidth_bytes_per_s=1e15).estimate(DEPTHWISE)

    assert found.latency_ms == pytest.approx(2 * DEPTHWISE.macs() / 0.15e9 * 1e3)


def test_a_peak_that_the_kit_measured_is_reached():
    probed = roofline(provenance={"tool": "webnas-kit"})

    assert probed.estimate(DENSE).latency_ms == pytest.approx(2 * DENSE.macs() / 1e9 * 1e3)


def test_a_gpu_pays_for_every_launch():
    gpu = roofline(kind="gpu", peak_flops={"fp32": 1e18}, bandwidth_bytes_per_s=1e18)
    block = Operation("mbconv", h=8, cin=8, cout=8, mid=48, k=3)

    assert gpu.estimate(block).latency_ms == pytest.approx(0.005 * 3, rel=1e-3)


def test_a_batch_multiplies_activations_but_not_weights():
    one, eight = roofline().estimate(POOL), roofline(runtime={"batch": 8}).estimate(POOL)
    weights = Operation("linear", cin=1000, cout=1000)
    slow = {"peak_flops": {"fp32": 1e18}}
    small = roofline(**slow).estimate(weights).latency_ms
    large = roofline(runtime={"batch": 8}, **slow).estimate(weights).latency_ms

    assert eight.latency_ms == pytest.approx(8 * one.latency_ms)
    assert large < 1.1 * small


@pytest.mark.parametrize(
    ("dtype", "peaks", "peak"),
    [
        ("fp16", {"fp32": 1e9}, 1e9),
        ("fp16", {"fp32": 1e9, "fp16": 2e9}, 2e9),
        ("tf32", {"fp32": 1e9}, 1e9),
    ],
)
def test_a_missing_peak_is_replaced_by_a_slower_one(dtype, peaks, peak):
    found = roofline(runtime={"dtype": dtype}, peak_flops=peaks, bandwidth_bytes_per_s=1e15)

    assert found.estimate(DENSE).latency_ms == pytest.approx(2 * DENSE.macs() / peak / 0.5 * 1e3)


@pytest.mark.parametrize("facts", [{"peak_flops": {}}, {"bandwidth_bytes_per_s": None}])
def test_an_unknown_roof_gives_no_estimate(facts):
    found = roofline(**facts)

    assert not found.is_known
    assert found.estimate(DENSE) is None


def test_integers_do_not_take_the_peak_of_floats():
    assert roofline(runtime={"dtype": "int8"}).estimate(DENSE) is None


def test_the_bound_is_never_above_the_estimate():
    roofs = roofline()

    for op in (DENSE, DEPTHWISE, POOL, replace(DENSE, s=2)):
        assert roofs.bound_ms(op) <= roofs.estimate(op).latency_ms
