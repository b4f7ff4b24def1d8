"""The blocks that a kit times do the work of the operation that they stand for."""

import zlib

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, shape_inference

from devices.profiles.kit import onnx_blocks
from devices.profiles.kit.files import run
from devices.profiles.kit.primitives import UnsupportedOperation
from devices.profiles.operations import Operation

MBCONVS = [
    Operation("mbconv", h=16, cin=16, cout=16, mid=64, k=5, act="hswish", se=True, skip=True),
    Operation("mbconv", h=16, cin=16, cout=24, mid=64, k=7, s=2, act="relu6", se=True),
    Operation("mbconv", h=15, cin=16, cout=16, mid=16, k=3, act="relu", skip=True),
    Operation("mbconv", h=9, cin=16, cout=24, mid=16, k=3, s=2, tag="pw", act="relu"),
]
CONVOLUTIONS = [
    Operation("conv", h=32, cin=3, cout=16, k=3, s=2, act="hswish"),
    Operation("conv", h=7, cin=48, cout=96, k=1, act="hswish"),
    Operation("conv", h=8, cin=8, cout=8, k=3, skip=True, d=2, g=2),
    Operation("conv", h=8, cin=8, cout=8, k=3, tag="sep", act="relu"),
    Operation("conv", h=8, cin=8, cout=8, k=3, tag="sep2", act="relu", s=2),
    Operation("conv", h=8, cin=8, cout=10, k=1, tag="factorized", s=2),
    Operation("conv", h=9, cin=8, cout=10, k=7, tag="asymmetric", s=2, act="relu"),
    Operation("conv", h=8, cin=8, cout=9, k=7, tag="reflect", norm="none", act="tanh"),
    Operation("conv", h=8, w=12, cin=8, cout=9, k=3, s=2),
    Operation("dwconv", h=16, cin=16, k=5, s=2, act="relu"),
    Operation("dwconv", h=15, cin=16, cout=32, k=3),
    Operation("deconv", h=8, cin=8, cout=4, k=4, s=2),
    Operation("deconv", h=8, cin=8, cout=4, k=3, s=2, act="leaky"),
    Operation("resblock", h=8, cin=8, cout=16, mid=8, k=3, s=2, act="relu", tag="bottleneck-d"),
    Operation("resblock", h=8, cin=8, cout=8, mid=8, k=3, act="relu", skip=True, tag="basic"),
]
OTHERS = [
    Operation("linear", cin=128, cout=10),
    Operation("linear", cin=128, cout=128, mid=512, q_len=30, act="gelu", skip=True, norm="ln"),
    Operation("gap", h=7, cin=64),
    Operation("pool", h=8, cin=8, k=2, s=2, tag="max"),
    Operation("pool", h=9, cin=8, k=3, tag="avg"),
    Operation("se", h=8, cin=64),
    Operation("add", h=8, cin=8, act="relu"),
    Operation("mul", q_len=4, cin=8),
    Operation("act", h=8, cin=8, act="swish"),
    Operation("norm", h=8, cin=8, norm="bn"),
    Operation("concat", h=8, cout=17),
    Operation("matmul", q_len=5, cin=8, cout=9, heads=2),
    Operation("other", h=7, cin=64, cout=10, tag="pool+classifier"),
    Operation("other", tag="softmax", cin=8, q_len=3, heads=2),
    Operation("embed", q_len=7, cin=100, cout=16),
]
UNWEIGHTED = [  # they carry constants that are no weights
    Operation("upsample", h=8, cin=4, s=2, tag="bilinear"),
    Operation("other", h=8, cin=3, k=7, tag="reflect_pad"),
    Operation("norm", h=8, cin=8, norm="in"),
]


def counted_macs(model: onnx.ModelProto) -> int:
    """An independent count, from the shapes that ONNX infers."""
    graph = shape_inference.infer_shapes(model, strict_mode=True).graph
    shapes = {t.name: tuple(t.dims) for t in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        shapes[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    total = 0
    for node in graph.node:
        first, output = shapes[node.input[0]], shapes[node.output[0]]
        if node.op_type == "Conv":
            total += int(np.prod(output) * np.prod(shapes[node.input[1]][1:]))
        elif node.op_type == "ConvTranspose":
            total += int(np.prod(first) * np.prod(shapes[node.input[1]][1:]))
        elif node.op_type in ("MatMul", "Gemm"):
            total += int(np.prod(output) * first[-1])
    return total


def outputs(op: Operation) -> np.ndarray:
    subject = run.prepare({}, onnx_blocks.block_model(op), threads=1)
    return subject.session.run(None, subject.feeds)[0]


@pytest.mark.parametrize(
    "op", [*MBCONVS, *CONVOLUTIONS, *OTHERS, *UNWEIGHTED], ids=Operation.label
)
def test_onnx_runtime_runs_the_block_with_the_shape_of_the_operation(op):
    y = outputs(op)

    assert y.shape[0] == 1
    assert y.size == op.output_elements()
    assert np.isfinite(y).all()


@pytest.mark.parametrize("op", [*MBCONVS, *CONVOLUTIONS, *OTHERS], ids=Operation.label)
def test_the_block_has_the_macs_and_the_weights_of_the_operation(op):
    model = onnx.load_from_string(onnx_blocks.block_model(op))

    assert counted_macs(model) == op.macs()
    assert counted_weights(model) == op.weight_elements()


def counted_weights(model: onnx.ModelProto) -> int:
    """Elements of all float tensors that are not the scalars of an activation."""
    tensors = [t for t in model.graph.initializer if t.dims and t.data_type == 1]
    return sum(int(np.prod(t.dims)) for t in tensors)


def test_every_block_passes_the_checker():
    for op in [*MBCONVS, *CONVOLUTIONS, *OTHERS, *UNWEIGHTED]:
        model = onnx.load_from_string(onnx_blocks.block_model(op))
        onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize("op", MBCONVS, ids=Operation.label)
def test_an_inverted_bottleneck_computes_what_plain_numpy_computes(op):
    model = onnx_blocks.block_model(op)
    tensors = onnx.load_from_string(model).graph.initializer
    floats = [t for t in tensors if t.dims and t.data_type == onnx.TensorProto.FLOAT]
    weights = iter([numpy_helper.to_array(t).astype(np.float64) for t in floats])
    subject = run.prepare({}, model, threads=1)

    expected = plain_mbconv(op, subject.feeds["x0"][0].astype(np.float64), weights)

    found = subject.session.run(None, subject.feeds)[0][0]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def plain_mbconv(op, x, weights):
    act = {
        "hswish": lambda v: v * np.clip(v + 3, 0, 6) / 6,
        "relu": lambda v: np.maximum(v, 0),
        "relu6": lambda v: np.clip(v, 0, 6),
    }[op.act]
    y = x
    if op.mid != op.cin or op.tag == "pw":
        y = act(pointwise(y, weights))
    y = act(depthwise(y, weights, op.s))
    if op.se:
        gate = np.maximum(pointwise(y.mean((1, 2), keepdims=True), weights), 0)
        y = y * np.clip(pointwise(gate, weights) / 6 + 0.5, 0, 1)
    y = pointwise(y, weights)
    return x + y if op.skip else y


def pointwise(x, weights):
    kernel, bias = next(weights), next(weights)
    return np.einsum("oi,ihw->ohw", kernel[:, :, 0, 0], x) + bias[:, None, None]


def depthwise(x, weights, stride):
    kernel, bias = next(weights), next(weights)
    k, h = kernel.shape[2], (x.shape[1] - 1) // stride + 1
    padded = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    y = np.zeros((len(x), h, h)) + bias[:, None, None]
    for i in range(k):
        for j in range(k):
            taps = padded[:, i : i + stride * h : stride, j : j + stride * h : stride]
            y += kernel[:, 0, i, j, None, None] * taps[:, :h, :h]
    return y


def test_weights_are_not_zero_and_compress_well():
    model = onnx_blocks.block_model(
        Operation("mbconv", h=14, cin=112, cout=160, mid=672, k=5, act="relu")
    )

    assert len(model) > 700_000
    assert len(zlib.compress(model)) < len(model) / 40
    assert not (
        numpy_helper.to_array(onnx.load_from_string(model).graph.initializer[0]) == 0
    ).any()


def test_the_same_operation_gives_the_same_file():
    assert onnx_blocks.block_model(MBCONVS[0]) == onnx_blocks.block_model(MBCONVS[0])


def test_a_batch_in_the_operation_is_the_batch_of_the_model():
    assert outputs(Operation("conv", h=8, cin=3, cout=4, k=3, batch=5)).shape == (5, 4, 8, 8)


@pytest.mark.parametrize(
    "op", [Operation("attention", q_len=8, kv_len=8, heads=2, cin=16), Operation("other", tag="x")]
)
def test_an_operation_without_onnx_form_is_refused(op):
    assert not onnx_blocks.is_supported(op)
    with pytest.raises(UnsupportedOperation, match="no ONNX form"):
        onnx_blocks.block_model(op)
