"""The chain of estimates, checked on a device whose true times are known."""

import numpy as np
import pytest

from devices.profiles.cost import CostModel
from devices.profiles.coverage import coverage
from devices.profiles.estimates import (
    ANALYTIC,
    INTERPOLATED,
    LOOKED_UP,
    MISSING,
    PREDICTED,
)
from devices.profiles.kit.plan import plan
from devices.profiles.latency import LatencyChain, fit
from devices.profiles.operations import Operation
from devices.profiles.profile import Device
from tests.devices.simulated import SimulatedDevice, blocks, networks, stems

SPACE = [*blocks(), *stems()]
OTHER_TYPE = Operation("deconv", h=8, cin=8, cout=8, k=4, s=2)
FACTS = Device(kind="cpu", peak_flops={"fp32": 2e10}, bandwidth_bytes_per_s=8e9)


def codes(profile, operations):
    found = LatencyChain(profile, fit(profile)).estimates(operations)
    return [MISSING if estimate is None else estimate.provenance for estimate in found]


def test_each_step_answers_only_where_those_before_cannot():
    at_16 = blocks(resolutions=(16,))
    rows = [op for op in at_16 if op.k != 5]
    profile = SimulatedDevice().profile(rows, device=FACTS)
    [near] = [
        op for op in blocks(resolutions=(20,)) if op.cin == 16 and op.k == 3 and op.mid == 48
    ]
    [unseen] = [op for op in at_16 if op.cin == 16 and op.k == 5 and op.mid == 48]

    assert codes(profile, [rows[0], near, unseen, OTHER_TYPE]) == [
        LOOKED_UP,
        INTERPOLATED,
        PREDICTED,
        ANALYTIC,
    ]


def test_blocks_come_from_primitives_before_a_regression():
    at_16 = blocks(resolutions=(16,))
    parts = list(dict.fromkeys(part for op in at_16 for part in op.decompose()))
    profile = SimulatedDevice().profile(parts)

    [estimate] = LatencyChain(profile, fit(profile)).estimates(at_16[:1])

    assert estimate.source == "primitives"


def test_without_facts_an_unknown_type_is_missing():
    assert codes(SimulatedDevice().profile(blocks()), [OTHER_TYPE]) == [MISSING]


def test_few_rows_and_no_facts_leave_the_rest_missing():
    profile = SimulatedDevice().profile(SPACE[:3])

    assert set(codes(profile, SPACE[100:])) == {MISSING}


def test_coverage_counts_the_steps_and_names_what_is_missing():
    profile = SimulatedDevice().profile(plan(SPACE, limit=40))

    found = coverage(profile, [*SPACE, OTHER_TYPE])

    assert found.total == len(SPACE) + 1 == len(found.codes) == len(found.sigma)
    assert found.looked_up == 40
    assert found.interpolated + found.predicted == len(SPACE) - 40
    assert found.missing == [OTHER_TYPE]


def test_forty_blocks_rank_networks_like_the_device():
    device = SimulatedDevice(noise=0.02, border_ms=0.002)
    table = CostModel(device.profile(plan(SPACE, limit=40))).table(SPACE)
    rows = networks(SPACE, 200)

    truth = [device.network_ms([SPACE[i] for i in row if i >= 0]) for row in rows]

    predicted = table.total(rows).latency_ms
    assert spearman(predicted, truth) > 0.98
    assert np.abs(predicted / truth - 1).mean() < 0.06


@pytest.mark.parametrize(("n_rows", "noise"), [(20, 0.02), (40, 0.10), (120, 0.05)])
def test_the_interval_of_a_network_holds_its_true_time(n_rows, noise):
    inside = []
    for seed in range(2):
        device = SimulatedDevice(noise=noise, border_ms=0.002, seed=seed)
        table = CostModel(device.profile(plan(SPACE, limit=n_rows))).table(SPACE)
        rows = networks(SPACE, 100, seed)
        truth = np.array([device.network_ms([SPACE[i] for i in row if i >= 0]) for row in rows])
        costs = table.total(rows)
        inside += list((costs.latency_low_ms <= truth) & (truth <= costs.latency_high_ms))

    assert np.mean(inside) >= 0.9


def test_a_roofline_ranks_networks_of_a_device_without_rows():
    device = SimulatedDevice(noise=0.0)
    profile = device.profile([], device=FACTS)
    rows = networks(SPACE, 200)

    costs = CostModel(profile, allow_analytic=True).table(SPACE).total(rows)
    truth = np.array([device.network_ms([SPACE[i] for i in row if i >= 0]) for row in rows])

    assert spearman(costs.latency_ms, truth) > 0.9
    assert ((costs.latency_low_ms <= truth) & (truth <= costs.latency_high_ms)).mean() >= 0.9


def spearman(a, b) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(ranks)[0, 1])
