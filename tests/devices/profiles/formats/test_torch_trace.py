"""Traces of the PyTorch profiler."""

import json

import pytest


def call(name, ts, dur, dims, concrete=(), identity=0, kind="float"):
    concrete = [*concrete, *[""] * (len(dims) - len(concrete))]
    args = {"External id": identity, "Input Dims": dims, "Concrete Inputs": concrete,
            "Input type": [kind]}  # fmt: skip
    return {"ph": "X", "cat": "cpu_op", "name": f"aten::{name}", "ts": ts, "dur": dur,
            "pid": 1, "tid": 1, "args": args}  # fmt: skip


CONV_DIMS = [[1, 16, 56, 56], [32, 4, 3, 3], [32], [], [], [], []]
CONV_ARGS = ["", "", "", "[2, 2]", "[1, 1]", "[1, 1]", "4"]
CONV = call("conv2d", 10.0, 231.4, CONV_DIMS, CONV_ARGS, 1)
INNER = call("convolution", 11.0, 220.0, CONV_DIMS, CONV_ARGS, 2)
LINEAR = call("linear", 400.0, 20.0, [[1, 1280], [1000, 1280], [1000]], identity=3)


def trace(*events):
    return json.dumps({"displayTimeUnit": "ms", "traceEvents": list(events)})


def test_only_the_outermost_operator_counts(taken):
    profile, _ = taken(trace(INNER, CONV, LINEAR), engine="", dtype="", batch="")
    assert [(row.op.label(), row.mean_ms) for row in profile.entries] == [
        ("conv 56×56×16→32 k3 s2 g4", pytest.approx(0.2314)),
        ("linear 1280→1000", pytest.approx(0.020)),
    ]
    assert (profile.runtime.engine, profile.runtime.dtype) == ("pytorch eager", "fp32")


@pytest.mark.parametrize(
    ("event", "label"),
    [
        (call("hardswish_", 0, 5, [[1, 24, 56, 56]]), "act 56×56×24 hswish"),
        (call("batch_norm", 0, 5, [[1, 24, 56, 56]]), "norm 56×56×24"),
        (call("max_pool2d", 0, 5, [[1, 64, 112, 112], [], []], ["", "[3, 3]", "[2, 2]"]),
         "pool max 112×112×64 k3 s2"),
        (call("adaptive_avg_pool2d", 0, 5, [[1, 960, 7, 7], []], ["", "[1, 1]"]), "gap 7×7×960"),
        (call("cat", 0, 5, [[[1, 8, 32, 32], [1, 24, 32, 32]], []], ["", "1"]), "concat 32×32×32"),
        (call("addmm", 0, 5, [[10], [1, 24], [24, 10]]), "linear 24→10"),
        (call("matmul", 0, 5, [[1, 8, 30, 64], [1, 8, 64, 30]]), "matmul 30×64→30 heads 8"),
        (call("conv_transpose2d", 0, 5, [[1, 24, 16, 16], [24, 17, 4, 4], [], [], [], [], [], []],
              ["", "", "", "[2, 2]", "[1, 1]", "[0, 0]", "1", "[1, 1]"]),
         "deconv 16×16×24→17 k4 s2"),
        (call("layer_norm", 0, 5, [[1, 30, 512]]), "norm 30×512"),
    ],
)  # fmt: skip
def test_operators_become_operations(taken, event, label):
    profile, _ = taken(trace(event, LINEAR, CONV))
    assert label in [row.op.label() for row in profile.entries]


def test_on_a_gpu_the_kernels_are_the_time(taken):
    kernels = [{"ph": "X", "cat": "kernel", "name": "k", "ts": 1, "dur": 40.0, "pid": 0, "tid": 7,
                "args": {"External id": identity}} for identity in (2, 2, 3)]  # fmt: skip
    profile, _ = taken(trace(CONV, INNER, LINEAR, *kernels), kind="", threads="")
    assert [row.mean_ms for row in profile.entries] == pytest.approx([0.08, 0.04])
    assert (profile.device.kind, profile.runtime.clock) == ("gpu", "device")


def test_repeated_calls_are_runs(taken):
    later = [call("linear", 1000.0 * n, 10.0 * n, [[1, 1280], [1000, 1280]]) for n in range(1, 6)]
    (row,) = taken(trace(*later))[0].entries
    assert (row.runs, row.mean_ms, row.p50_ms) == (5, pytest.approx(0.03), pytest.approx(0.03))


def test_steps_that_compute_nothing_are_summed(taken):
    flat = call("flatten", 0, 5.0, [[1, 1280, 1, 1]])
    unknown = call("nms", 600, 7.0, [[5, 4]])
    _, report = taken(trace(flat, CONV, LINEAR, unknown))
    assert any("5 µs are spent between layouts ('flatten')" in text for text in report)
    assert any("1 timings" in text and "'nms'" in text for text in report)


def test_a_trace_without_shapes_says_which_flag_is_missing(refused):
    bare = {**CONV, "args": {"External id": 1}}
    assert "record_shapes=True" in refused(trace(bare))


def test_a_trace_without_operators_is_refused(refused):
    assert "No event of an operator" in refused(trace())
