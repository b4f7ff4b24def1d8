"""Energy is measured, or power times time, or unknown."""

import math

import pytest

from devices.profiles.cost import CostModel
from devices.profiles.estimates import ANALYTIC, LOOKED_UP, MISSING
from devices.profiles.operations import Operation
from devices.profiles.profile import Device, Entry, Profile, Provenance, Runtime

OPS = [Operation("conv", h=8, cin=8, cout=c, k=3) for c in (8, 16)]


def table(device: Device, *, energies=(None, None)):
    entries = tuple(
        Entry(op=op, mean_ms=2.0, energy_mj=mj) for op, mj in zip(OPS, energies, strict=True)
    )
    runtime = Runtime(engine="e", dtype="fp32", batch=1, threads=1)
    profile = Profile("p", device, runtime, Provenance(kind="measured"), entries, overhead_ms=0.5)
    return CostModel(profile).table(OPS)


def test_without_power_the_energy_is_unknown():
    found = table(Device(kind="cpu"))

    assert not found.has_energy
    assert math.isnan(found.total([[0, 1]]).energy_mj[0])


def test_power_times_time():
    found = table(Device(kind="cpu", power_w={"active": 3.0}))

    assert found.energy_mj == pytest.approx([6.0, 6.0])
    assert found.total([[0, 1]]).energy_mj[0] == pytest.approx(3.0 * (2 + 2 - 0.5))


def test_a_measured_energy_comes_first():
    found = table(Device(kind="cpu", power_w={"active": 3.0}), energies=(7.5, None))

    assert found.energy_mj == pytest.approx([7.5, 6.0])


def test_power_of_the_data_sheet_makes_an_energy_analytic_however_known_the_latency():
    found = table(Device(kind="cpu", power_w={"active": 3.0}), energies=(7.5, None))
    costs = found.total([[0, -1], [0, 1], [1, -1]])

    assert costs.provenance.tolist() == [LOOKED_UP] * 3
    assert costs.energy_provenance.tolist() == [LOOKED_UP, ANALYTIC, ANALYTIC]


def test_an_unknown_energy_has_no_provenance():
    found = table(Device(kind="cpu"), energies=(7.5, None))

    assert found.total([[0, -1], [0, 1]]).energy_provenance.tolist() == [LOOKED_UP, MISSING]


def test_measured_rows_need_no_power():
    found = table(Device(kind="cpu"), energies=(7.5, 2.5))

    assert found.total([[0, 1, -1]]).energy_mj[0] == pytest.approx(10.0)


def test_one_row_without_energy_leaves_the_sum_unknown():
    found = table(Device(kind="cpu"), energies=(7.5, None))

    assert found.total([[0, -1]]).energy_mj[0] == pytest.approx(7.5)
    assert math.isnan(found.total([[0, 1]]).energy_mj[0])


def test_a_limit_of_power_alone_is_no_measurement():
    assert not table(Device(kind="cpu", power_w={"tdp": 65.0})).has_energy


def test_a_busy_gpu_lies_between_idle_and_its_limit():
    facts = {"peak_flops": {"fp32": 1e12}, "bandwidth_bytes_per_s": 1e15}
    gpu = Device(kind="gpu", power_w={"idle": 100.0, "tdp": 300.0}, **facts)

    assert table(gpu).energy_mj == pytest.approx([2 * 160.0, 2 * 160.0])  # floor of 30 %


def test_a_fully_used_gpu_takes_its_limit():
    op = OPS[1]
    facts = {"peak_flops": {"fp32": op.macs() * 1e3}, "bandwidth_bytes_per_s": 1e15}
    gpu = Device(kind="gpu", power_w={"idle": 100.0, "tdp": 300.0}, **facts)

    assert table(gpu).energy_mj[1] == pytest.approx(2 * 300.0)
