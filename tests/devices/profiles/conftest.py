"""Small profiles made for the tests of this folder."""

import json

import pytest

from devices.profiles import intake
from devices.profiles.operations import Operation
from devices.profiles.profile import (
    Device,
    Entry,
    ModelRow,
    Profile,
    Provenance,
    Runtime,
)


@pytest.fixture
def example():
    """A phone with two rows and one whole network; every kind of field occurs."""
    block = Operation("mbconv", h=56, w=56, cin=24, cout=40, mid=96, k=5, s=2, act="relu", se=True)
    head = Operation("conv", h=7, cin=160, cout=960, k=1, act="hswish", tag="reflect")
    return Profile(
        name="Lab phone, big core",
        device=Device(
            kind="mobile",
            model="ExamplePhone 5",
            memory_bytes=6442450944,
            peak_flops={"fp32": 4.5e10, "fp16": 9e10},
            peak_is_dense=True,
            bandwidth_bytes_per_s=3.4e10,
            power_w={"idle": 0.6, "active": 2.4},
            facts_source='own; "seen", =1+1',
        ),
        runtime=Runtime(engine="litert", dtype="fp32", batch=1, threads=1, affinity="0x80"),
        provenance=Provenance(kind="measured", created="2026-01-05T10:00:00Z", notes="two\nlines"),
        entries=(
            Entry(block, 1.41, std_ms=0.03, p95_ms=1.47, runs=60, energy_mj=3.3, note="=cmd()"),
            Entry(head, 0.37, runs=60, source="measured", unit="fallback"),
        ),
        models=(
            ModelRow(
                {"r": 224, "d": [2, 2], "e": "é"},
                14.8,
                macs=190e6,
                runs=40,
                file_bytes=15482112,
                split="holdout",
            ),
        ),
        space="ofa-mbv3-w1.0",
        overhead_ms=0.006,
    )


@pytest.fixture
def document():
    """Makes a native JSON document of rows (h -> ms, or whole entries) and other changes."""

    def make(rows=None, **changes):
        times = rows if rows is not None else {8: 1.0, 16: 2.5}
        entries = times if isinstance(times, list) else [row(h, ms) for h, ms in times.items()]
        return {
            "schema": "webnas.device-profile/1",
            "name": "Test device",
            "device": {"kind": "cpu"},
            "runtime": {"engine": "onnxruntime", "dtype": "fp32", "batch": 1, "threads": 1},
            "provenance": {"kind": "measured"},
            "entries": entries,
        } | changes

    return make


def row(h, mean_ms, **figures):
    """A convolution whose rate is about 2 GFLOP/s at h = 8 and 1 ms."""
    op = {"type": "conv", "h": h, "cin": 64, "cout": 256, "k": 1}
    return {"op": op, "mean_ms": mean_ms} | figures


@pytest.fixture(name="row")
def row_maker():
    return row


@pytest.fixture
def upload():
    """Hands a document, text or bytes to the intake."""

    def send(content, filename="profile.json", **answers):
        if isinstance(content, dict):
            content = json.dumps(content)
        data = content if isinstance(content, bytes) else content.encode()
        return intake.read(data, filename, answers=answers)

    return send


@pytest.fixture
def texts(upload):
    """The messages of an upload, whatever the verdict."""

    def read(content, **answers):
        verdict = upload(content, **answers)
        if isinstance(verdict, intake.Question):
            return [verdict.question]
        found = verdict.report if isinstance(verdict, intake.Accepted) else verdict.problems
        return [f"{problem.level} {problem.text}" for problem in found]

    return read
