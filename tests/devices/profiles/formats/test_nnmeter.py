"""nn-Meter's kernel data: two files, joined by id."""

import json
import pickle

import pytest

from devices.profiles.intake import Refused

SHAPES = {
    "dwconv-bn-relu": {"A1": {"config": {"HW": 28, "CIN": 96, "COUT": 96, "KERNEL_SIZE": 5}}},
    "conv-bn-hswish": {
        "B1": {"config": {"HW": 56, "CIN": 24, "COUT": 72, "KERNEL_SIZE": 1, "STRIDES": 1}}
    },
    "maxpool": {"C1": {"config": {"HW": 112, "CIN": 64, "KERNEL_SIZE": 3, "POOL_STRIDES": 2}}},
    "fc": {"D1": {"config": {"CIN": 1280, "COUT": 1000}}},
    "se": {"E1": {"config": {"HW": 14, "CIN": 240}}},
    "global-avgpool": {"F1": {"config": {"HW": 7, "CIN": 960}}},
    "add": {"G1": {"config": {"HW": 14, "CIN": 80}}},
}
TIMES = {kernel: {name: {"latency": "0.412 +- 0.006"} for name in samples}
         for kernel, samples in SHAPES.items()}  # fmt: skip


@pytest.fixture
def pair(zipped):
    def made(shapes=SHAPES, times=TIMES):
        return zipped({"kernels.json": json.dumps(shapes), "profiled.json": json.dumps(times)})

    return made


def test_the_pair_is_joined(taken, pair):
    profile, _ = taken(pair(), "nn-meter.zip")
    assert [entry.op.label() for entry in profile.entries] == [
        "dwconv 28×28×96 k5 relu",
        "conv 56×56×24→72 k1 hswish",
        "pool max 112×112×64 k3 s2",
        "linear 1280→1000",
        "se 14×14×240",
        "gap 7×7×960",
        "add 14×14×80",
    ]
    first = profile.entries[0]
    assert (first.mean_ms, first.std_ms, first.note) == (0.412, 0.006, "A1")


@pytest.mark.parametrize(
    ("value", "what"), [(SHAPES, "the latencies"), (TIMES, "the configurations")]
)
def test_one_of_both_is_refused_with_the_way_out(refused, value, what):
    text = refused(json.dumps(value))
    assert "put both into one zip" in text
    assert f"missing: {what}" in text


def test_kernels_without_a_latency_are_counted(taken, pair):
    profile, report = taken(pair(times=TIMES | {"fc": {}}), "a.zip")
    assert len(profile.entries) == 6
    assert any("1 kernels have no latency" in text for text in report)


def test_a_wrong_kernel_is_named(texts, pair):
    unknown = {"winograd": {"X": {"config": {}}}}
    times = TIMES | {"winograd": {"X": {"latency": "1 +- 0"}}}
    found = texts(pair(SHAPES | unknown, times), kind="cpu", engine="x", dtype="fp32", threads="1")
    assert any("kernel 'winograd' unknown; it begins with conv, dwconv" in text for text in found)


def test_a_predictor_is_refused_unread(upload):
    verdict = upload(pickle.dumps({"regressor": 1}), "conv-bn-relu.pkl")
    assert isinstance(verdict, Refused)
    assert "Pickle files can run code" in verdict.problems[0].text
