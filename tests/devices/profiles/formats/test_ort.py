"""Profiles of ONNX Runtime: shapes give the operation, runs the spread."""

import json

import pytest

CPU = "CPUExecutionProvider"


def node(name, kind, inputs, outputs, *durations, index=0, provider=CPU):
    """Events of a node, one per run."""
    args = {"op_name": kind, "provider": provider, "node_index": str(index)}
    args |= {"input_type_shape": [{"float": shape} for shape in inputs]}
    args |= {"output_type_shape": [{"float": shape} for shape in outputs], "output_size": "75264"}
    event = {"cat": "Node", "name": f"{name}_kernel_time", "ph": "X", "ts": 1, "args": args}
    return [event | {"dur": duration} for duration in durations]


DEPTHWISE = node("c7", "Conv", [[1, 96, 28, 28], [96, 1, 5, 5], [96]], [[1, 96, 14, 14]],
                 900, 400, 412, 424)  # fmt: skip
HEAD = node("fc", "Gemm", [[1, 1280], [1000]], [[1, 1000]], 90, 80, 82, 84)


def trace(*nodes):
    session = {"cat": "Session", "name": "model_run", "ph": "X", "ts": 3, "dur": 9100, "args": {}}
    return json.dumps([session, *(event for events in nodes for event in events)])


def test_a_convolution_is_derived_from_its_shapes(taken):
    profile, _ = taken(trace(DEPTHWISE), engine="", batch="", dtype="")
    (row,) = profile.entries
    assert row.op.label() == "dwconv 28×28×96 k5 s2"
    assert (row.mean_ms, row.min_ms, row.p50_ms) == pytest.approx((0.412, 0.400, 0.412))
    assert (row.runs, row.note) == (3, "c7")  # the first of four warms up
    assert (profile.runtime.engine, profile.runtime.dtype) == ("onnxruntime", "fp32")


@pytest.mark.parametrize(
    ("kind", "inputs", "outputs", "label"),
    [
        ("Conv", [[1, 3, 64, 64], [16, 3, 3, 3]], [[1, 16, 32, 32]], "conv 64×64×3→16 k3 s2"),
        ("Gemm", [[1, 1280], [1000]], [[1, 1000]], "linear 1280→1000"),
        ("MatMul", [[1, 30, 512]], [[1, 30, 2048]], "linear 30×512→2048"),
        ("MatMul", [[1, 8, 30, 64], [1, 8, 64, 30]], [[1, 8, 30, 30]], "matmul 30×64→30 heads 8"),
        ("Add", [[1, 24, 56, 56]] * 2, [[1, 24, 56, 56]], "add 56×56×24"),
        ("HardSwish", [[1, 24, 56, 56]], [[1, 24, 56, 56]], "act 56×56×24 hswish"),
        ("GlobalAveragePool", [[1, 960, 7, 7]], [[1, 960, 1, 1]], "gap 7×7×960"),
        ("ConvTranspose", [[1, 24, 16, 16], [24, 17, 4, 4]], [[1, 17, 32, 32]],
         "deconv 16×16×24→17 k4 s2"),
        ("LayerNormalization", [[1, 30, 512]], [[1, 30, 512]], "norm 30×512"),
        ("Concat", [[1, 8, 32, 32]] * 2, [[1, 16, 32, 32]], "concat 32×32×16"),
    ],
)  # fmt: skip
def test_operators_become_operations(taken, kind, inputs, outputs, label):
    profile, _ = taken(trace(node("n", kind, inputs, outputs, 5, 5), HEAD, DEPTHWISE))
    assert profile.entries[0].op.label() == label


def test_reorders_are_summed_and_pools_without_a_kernel_named(taken):
    moves = node("r", "ReorderInput", [[1, 3, 64, 64]], [[1, 3, 64, 64]], 10, 10, 10, 10)
    pool = node("p", "MaxPool", [[1, 8, 32, 32]], [[1, 8, 16, 16]], 5, 5, 5, 5)
    profile, report = taken(trace(DEPTHWISE, HEAD, moves, pool))
    assert len(profile.entries) == 2
    assert any("µs per run are spent between layouts ('ReorderInput')" in text for text in report)
    assert any("'MaxPool'" in text for text in report)


def test_equal_operations_share_a_row(taken):
    again = node("c9", "Conv", [[1, 96, 28, 28], [96, 1, 5, 5]], [[1, 96, 14, 14]], 1, 500, 500)
    profile, _ = taken(trace(DEPTHWISE, again))
    (row,) = profile.entries
    assert (row.runs, row.note) == (5, "c7, c9")


def test_nodes_on_the_cpu_of_an_accelerator_fell_back(taken):
    on_gpu = node(
        "a", "Add", [[1, 8, 4, 4]] * 2, [[1, 8, 4, 4]], 5, 5, provider="CUDAExecutionProvider"
    )
    more = node(
        "b", "Add", [[1, 9, 4, 4]] * 2, [[1, 9, 4, 4]], 5, 5, provider="CUDAExecutionProvider"
    )
    profile, report = taken(trace(on_gpu, more, HEAD), kind="gpu", threads="0")
    assert [row.unit for row in profile.entries] == [None, None, "fallback"]
    assert profile.runtime.delegate == "CUDA"
    assert any("of the time is spent on the CPU fallback" in text for text in report)


@pytest.mark.parametrize("duration", [-5, float("nan"), "12", None])
def test_a_wrong_time_is_named(texts, duration):
    wrong = node("x", "Add", [[1, 8, 4, 4]] * 2, [[1, 8, 4, 4]], duration)
    found = texts(trace(wrong, HEAD), kind="cpu", threads="1")
    assert any("Row 1 (add 4×4×8): mean is" in text for text in found)


def test_a_trace_without_nodes_is_refused(refused):
    assert "No event of a node" in refused(trace(), format="onnxruntime")
