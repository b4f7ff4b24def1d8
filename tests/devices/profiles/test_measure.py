"""This machine is measured with the kit that other machines get."""

import subprocess
import sys
import time

import numpy as np
import pytest

from devices.profiles.cost import CostModel
from devices.profiles.kit import contents
from devices.profiles.kit.files import timing
from devices.profiles.kit.kit import Kit
from devices.profiles.kit.plan import plan
from devices.profiles.measure import measure_host
from tests.devices.simulated import blocks, stems

SPACE = [*blocks(), *stems()]


@pytest.fixture
def hasty(monkeypatch):
    """Short passes and small probes: enough to see that everything is there."""
    monkeypatch.setattr(timing, "PASS_NS", 100_000)
    monkeypatch.setattr(timing, "MIN_PASSES", 2)
    monkeypatch.setattr(timing, "MAX_PASSES", 2)
    monkeypatch.setattr(contents.onnx_blocks, "COPY_ELEMENTS", 2**14)
    monkeypatch.setattr(contents.onnx_blocks, "GEMM_SIZE", 64)


def test_the_host_has_rows_facts_and_a_provenance(hasty):
    seen = []

    profile = measure_host(Kit(tuple(SPACE[:3])), seconds=5, progress=lambda *p: seen.append(p))

    assert [entry.op for entry in profile.entries] == SPACE[:3]
    assert profile.provenance.kind == "measured"
    assert profile.provenance.repeat_rel is not None
    assert profile.provenance.host_load is not None
    assert profile.runtime.threads == 1
    assert profile.name.startswith("This machine: ")
    assert profile.device.peak_flops["fp32"] > 1e6
    assert profile.device.bandwidth_bytes_per_s > 1e5
    assert profile.overhead_ms > 0
    assert seen[-1][0] == seen[-1][1]


def test_an_operation_that_the_kit_cannot_make_is_left_to_the_other_steps(hasty):
    from devices.profiles.operations import Operation

    odd = Operation("attention", q_len=4, kv_len=4, heads=2, cin=8)

    assert [e.op for e in measure_host(Kit((SPACE[0], odd)), seconds=5).entries] == [SPACE[0]]


def test_costs_are_computed_without_onnx_and_without_torch():
    code = (
        "import sys, devices.profiles.cost, devices.profiles.coverage, devices.profiles.builtin\n"
        "heavy = {'onnx', 'onnxruntime', 'torch', 'sklearn', 'scipy', 'django'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_forty_blocks_take_seconds_and_predict_the_others():
    planned = plan(SPACE)
    started = time.monotonic()
    profile = measure_host(Kit(tuple(planned)), seconds=60)
    took_s = time.monotonic() - started
    others = [op for op in SPACE if op not in set(planned)][::6]
    truth = {
        entry.op: entry.mean_ms for entry in measure_host(Kit(tuple(others)), seconds=60).entries
    }

    table = CostModel(profile).table(others)

    off = np.log(table.latency_ms) - np.log([truth[op] for op in others])
    assert took_s < 30
    assert profile.provenance.repeat_rel < 0.06
    assert np.abs(np.expm1(off)).mean() < 0.12
    assert (np.abs(off) <= 1.645 * table.latency_sigma).mean() > 0.7
