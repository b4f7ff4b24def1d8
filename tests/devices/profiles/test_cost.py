"""Costs of networks: the table and its sums equal a slow computation, operation by operation."""

import json
import math
import time
from dataclasses import fields, replace

import numpy as np
import pytest

from devices.profiles.calibration import UNCALIBRATED_SIGMA
from devices.profiles.cost import CostModel
from devices.profiles.cost_table import CostTable
from devices.profiles.estimates import (
    ANALYTIC,
    INTERPOLATED,
    LOOKED_UP,
    MISSING,
    PREDICTED,
    PROVENANCES,
    correlation,
)
from devices.profiles.latency import LatencyChain
from devices.profiles.memory import CONTAINER_BYTES
from devices.profiles.operations import Operation
from tests.devices.simulated import CALL_MS, SimulatedDevice, blocks, networks, stems

BLOCKS = blocks(resolutions=(16, 20, 24))
UNSEEN = [Operation("linear", cin=64, cout=10), Operation("deconv", h=8, cin=8, cout=8, k=4, s=2)]
FACTS = {"kind": "cpu", "peak_flops": {"fp32": 1e10}, "bandwidth_bytes_per_s": 1e9}


def mixed_profile(**device):
    """Some blocks are looked up, some interpolated, some predicted, two come from facts."""
    simulated = SimulatedDevice()
    rows = [op for i, op in enumerate(BLOCKS) if i % 5 == 0]
    profile = simulated.profile(rows)
    return replace(profile, device=replace(profile.device, **{**FACTS, **device}))


def plain_costs(profile, chain, operations) -> dict[str, float]:
    """One network, one operation after the other, straight from the formulas."""
    found = [chain.estimates([op])[0] for op in operations]
    overhead = profile.overhead_ms
    network = [e.latency_ms - (overhead if e.has_call else 0.0) for e in found]
    latency = sum(network) + overhead
    errors = [e.latency_ms * e.sigma / latency for e in found]
    variance = UNCALIBRATED_SIGMA**2 + sum(error**2 for error in errors)
    for i in range(len(found)):
        for j in range(i):
            if found[i].source and found[i].source == found[j].source:
                variance += 2 * correlation(found[i].source) * errors[i] * errors[j]
    shares = [0.0] * len(PROVENANCES)
    for estimate, part in zip(found, network, strict=True):
        shares[estimate.provenance] += part / sum(network)
    weights = 4 * sum(op.weight_elements() for op in operations)
    return {
        "latency_ms": latency,
        "latency_low_ms": latency * math.exp(-1.6449 * math.sqrt(variance)),
        "latency_high_ms": latency * math.exp(1.6449 * math.sqrt(variance)),
        "latency_sigma": math.sqrt(variance),
        "provenance": max(e.provenance for e in found),
        "shares": shares,
        "energy_mj": 5.0 * latency,
        "storage_bytes": weights + CONTAINER_BYTES * sum(len(op.decompose()) for op in operations),
        "peak_memory_bytes": weights + 4 * max(op.peak_elements() for op in operations),
        "macs": sum(op.macs() for op in operations),
        "parameters": sum(op.parameters() for op in operations),
    }


def test_the_table_equals_the_plain_sum_over_operations():
    profile = mixed_profile(power_w={"active": 5.0})
    operations = [*BLOCKS, *UNSEEN]
    rows = networks(operations, 25)
    table = CostModel(profile).table(operations)
    found = table.total(rows)
    chain = LatencyChain(profile, CostModel.fit(profile))

    assert set(table.provenance) == {LOOKED_UP, INTERPOLATED, PREDICTED, ANALYTIC}
    for number, row in enumerate(rows):
        plain = plain_costs(profile, chain, [operations[i] for i in row if i >= 0])
        for name, value in plain.items():
            assert getattr(found, name)[number] == pytest.approx(value, rel=1e-9), name


def test_every_field_of_the_costs_has_a_row_per_network():
    found = CostModel(mixed_profile()).table(BLOCKS).total(networks(BLOCKS, 7))

    assert {len(getattr(found, field.name)) for field in fields(found)} == {7}


def test_more_networks_than_a_chunk_cost_the_same_as_alone():
    table = CostModel(mixed_profile()).table(BLOCKS)
    rows = networks(BLOCKS, 5000)

    together = table.total(rows)

    for number in (0, 2047, 2048, 4999):
        alone = table.total(rows[number : number + 1])
        assert together.latency_ms[number] == alone.latency_ms[0]
        assert together.peak_memory_bytes[number] == alone.peak_memory_bytes[0]


def test_without_a_device_only_its_costs_are_unknown():
    table = CostModel(None).table(BLOCKS)
    found = table.total([[0, 1, -1]])

    assert not table.has_latency
    assert not table.has_energy
    assert np.isnan(found.latency_ms[0])
    assert found.provenance[0] == MISSING
    assert found.macs[0] == BLOCKS[0].macs() + BLOCKS[1].macs()
    assert found.storage_bytes[0] > 4 * BLOCKS[0].weight_elements()


def test_an_operation_without_latency_leaves_its_networks_unknown():
    profile = SimulatedDevice().profile(BLOCKS)
    table = CostModel(profile).table([*BLOCKS, UNSEEN[1]])
    found = table.total([[0, 1], [0, len(BLOCKS)]])

    assert not table.has_latency
    assert table.provenance[-1] == MISSING
    assert found.provenance.tolist() == [LOOKED_UP, MISSING]
    assert np.isnan(found.latency_high_ms).tolist() == [False, True]


def test_the_call_is_paid_once_per_network():
    device = SimulatedDevice(noise=0.0)
    table = CostModel(device.profile(BLOCKS)).table(BLOCKS)

    found = table.total([[0, 1, 2, -1]])

    assert found.latency_ms[0] == pytest.approx(device.network_ms(BLOCKS[:3]))
    assert table.overhead_ms == CALL_MS


def test_a_row_faster_than_a_call_takes_no_time_in_a_network():
    profile = replace(SimulatedDevice().profile(BLOCKS[:2]), overhead_ms=1000.0)

    found = CostModel(profile).table(BLOCKS[:2]).total([[0, 1]])

    assert found.latency_ms[0] == 1000.0
    assert found.provenance[0] == MISSING


def test_rows_of_one_regressor_are_less_certain_than_independent_ones():
    exact = SimulatedDevice().profile(BLOCKS)
    few = SimulatedDevice().profile(BLOCKS[::8])
    rows = networks(BLOCKS, 50)

    looked_up = CostModel(exact).table(BLOCKS).total(rows)
    predicted = CostModel(few).table(BLOCKS).total(rows)

    assert (predicted.latency_sigma > looked_up.latency_sigma).all()
    assert looked_up.latency_sigma == pytest.approx(UNCALIBRATED_SIGMA, abs=0.01)


def test_a_roofline_stays_as_uncertain_as_one_operation():
    profile = replace(mixed_profile(), entries=(), overhead_ms=None)
    found = CostModel(profile, allow_analytic=True).table(BLOCKS).total([[0, 1, 2, 3]])

    assert found.latency_sigma[0] == pytest.approx(math.hypot(0.60, UNCALIBRATED_SIGMA))


@pytest.mark.parametrize(
    ("kind", "allowed", "marked"),
    [("measured", False, True), ("measured", True, False), ("analytic", False, False)],
)
def test_a_data_sheet_behind_most_of_a_measured_latency_is_marked(kind, allowed, marked):
    profile = replace(mixed_profile(), entries=())
    profile = replace(profile, provenance=replace(profile.provenance, kind=kind))

    found = CostModel(profile, allow_analytic=allowed).table(BLOCKS).total([[0, 1]])

    assert found.provenance[0] == ANALYTIC
    assert bool(found.is_too_analytic[0]) == marked


def test_a_network_of_nothing_costs_nothing():
    found = CostModel(mixed_profile(power_w={"active": 5.0})).table(BLOCKS).total([[-1, -1]])

    assert found.latency_ms[0] == found.energy_mj[0] == found.storage_bytes[0] == 0
    assert found.provenance[0] == MISSING


@pytest.mark.parametrize("index", [-2, len(BLOCKS)])
def test_an_index_outside_the_table_is_refused(index):
    with pytest.raises(IndexError, match="between -1 and"):
        CostModel(None).table(BLOCKS).total([[0, index]])


def test_stored_fits_give_the_same_costs_as_fitting_anew():
    profile = mixed_profile()
    stored = json.loads(json.dumps(CostModel.fit(profile), allow_nan=False))
    rows = networks(BLOCKS, 20)

    anew = CostModel(profile).table(BLOCKS).total(rows)
    again = CostModel(profile, fits=stored).table(BLOCKS).total(rows)

    assert (anew.latency_ms == again.latency_ms).all()
    assert stored["profile_sha256"] == profile.content_sha256()


@pytest.mark.parametrize("measure", ["latency", "energy", "storage", "macs", "parameters"])
def test_slot_costs_add_up_to_the_cost_of_a_network(measure):
    table = CostModel(mixed_profile(power_w={"active": 5.0})).table([*BLOCKS, *UNSEEN])
    rows = networks(BLOCKS, 10)
    costs, constant = table.slot_costs(measure)

    sums = np.where(rows >= 0, costs[rows], 0.0).sum(axis=1) + constant

    names = {"latency": "latency_ms", "energy": "energy_mj", "storage": "storage_bytes"}
    found = getattr(table.total(rows), names.get(measure, measure))
    np.testing.assert_allclose(found, sums, rtol=1e-9)


def test_peak_memory_does_not_add_up():
    with pytest.raises(KeyError):
        CostModel(None).table(BLOCKS).slot_costs("peak_memory")


def test_eight_bits_store_a_quarter():
    profile = mixed_profile()
    small = replace(profile, runtime=replace(profile.runtime, dtype="int8"), entries=())

    tables = [CostModel(p).table(BLOCKS) for p in (profile, small)]

    assert tables[0].weight_bytes[0] == 4 * tables[1].weight_bytes[0]
    assert tables[0].storage_bytes[0] - tables[0].weight_bytes[0] == (
        tables[1].storage_bytes[0] - tables[1].weight_bytes[0]
    )


def test_a_microcontroller_keeps_its_weights_in_flash():
    chip, computer = mixed_profile(kind="mcu"), mixed_profile()

    on_chip, elsewhere = (CostModel(p).table(BLOCKS).total([[0, 1]]) for p in (chip, computer))

    activations = 4 * max(op.peak_elements() for op in BLOCKS[:2])
    weights = 4 * sum(op.weight_elements() for op in BLOCKS[:2])
    assert on_chip.peak_memory_bytes[0] == activations
    assert elsewhere.peak_memory_bytes[0] == activations + weights


def test_a_batch_multiplies_activations_alone():
    profile = mixed_profile()
    many = replace(profile, runtime=replace(profile.runtime, batch=8))

    one, eight = (CostModel(p).table(BLOCKS[:1]) for p in (profile, many))

    assert eight.peak_bytes[0] == 8 * one.peak_bytes[0]
    assert eight.weight_bytes[0] == one.weight_bytes[0]


def test_quantiles_follow_the_interval():
    found = CostModel(mixed_profile()).table(BLOCKS).total([[0, 1]])

    assert found.latency_quantile_ms(1.6449)[0] == pytest.approx(found.latency_high_ms[0])
    assert found.latency_ms[0] < found.latency_quantile_ms(0.8416)[0] < found.latency_high_ms[0]


def large_table(n_operations: int) -> CostTable:
    operations = [*BLOCKS, *stems()]
    table = CostModel(mixed_profile(power_w={"active": 5.0})).table(operations)
    rows = np.arange(n_operations) % len(operations)
    changes = {
        field.name: getattr(table, field.name)[rows]
        for field in fields(table)
        if isinstance(getattr(table, field.name), np.ndarray)
    }
    return replace(table, sources=tuple(table.sources[i] for i in rows), **changes)


@pytest.mark.slow
def test_half_a_million_networks_cost_less_than_a_second():
    table = large_table(2000)
    rows = np.random.default_rng(0).integers(-1, 2000, size=(500_000, 30)).astype(np.int32)
    table.total(rows[:10])

    times = []
    for _ in range(3):
        started = time.thread_time()
        table.total(rows)
        times.append(time.thread_time() - started)

    assert min(times) < 1.0
