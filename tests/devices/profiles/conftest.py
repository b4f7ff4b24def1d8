"""Small profiles made for the tests of this folder."""

import pytest

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
