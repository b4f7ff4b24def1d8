"""The ONNX nodes of each primitive operation: convolution, linear, pooling, excitation …"""

from collections.abc import Callable

from devices.profiles.fields import OperationFields
from devices.profiles.kit.graph import Graph

Writer = Callable[[Graph, OperationFields, list[str]], str]


class UnsupportedOperation(ValueError):
    """The kit has no ONNX form of this operation."""


def write_primitive(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    """Adds the nodes of a primitive to the graph; returns the name of its output.

    Raises:
        UnsupportedOperation: there is no writer for the type or the tag.
    """
    writer = WRITERS.get(op.type)
    if writer is None or (op.type == "other" and op.tag not in OTHERS):
        raise UnsupportedOperation(f"no ONNX form of {op.type} {op.tag or ''}".rstrip())
    output = writer(graph, op, inputs)
    return output if op.type == "act" else activation(graph, op.act, output)


def activation(graph: Graph, act: str, x: str) -> str:
    """Adds an activation; `none` adds nothing."""
    if act == "none":
        return x
    if act == "relu6":
        return graph.node("Clip", x, graph.floats(0.0), graph.floats(6.0))
    if act == "swish":
        return graph.node("Mul", x, graph.node("Sigmoid", x))
    names = {"relu": "Relu", "hswish": "HardSwish", "gelu": "Gelu", "leaky": "LeakyRelu"}
    return graph.node(names.get(act, act.capitalize()), x)  # Tanh, Sigmoid


def same_padding(op: OperationFields) -> list[int]:
    """Pads of ONNX (top, left, bottom, right) for an output of (h-1)//s+1.

    Symmetric for odd kernels, as in torch; an even kernel gets the odd row below and right.
    """
    reach = op.d * ((op.k or 1) - 1)
    before, after = reach // 2, reach - reach // 2
    return [before, before, after, after]


def _conv(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    cin, cout, k = op.channels_in(), op.channels_out(), op.k or 1
    groups = cin if op.type == "dwconv" else op.g
    tensors = [*inputs, graph.weight([cout, cin // groups, k, k])]
    if op.norm == "folded":
        tensors.append(graph.weight([cout]))
    sizes = {"kernel_shape": [k, k], "strides": [op.s, op.s], "dilations": [op.d, op.d]}
    pads = [0, 0, 0, 0] if op.tag == "reflect" else same_padding(op)
    return graph.node("Conv", *tensors, attributes={"group": groups, "pads": pads, **sizes})


def _reflect_conv(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    """Convolution over a map whose border is mirrored instead of filled with zeros."""
    pads = same_padding(op)
    begin, end = [0, 0, *pads[:2]], [0, 0, *pads[2:]]
    padded = graph.node(
        "Pad", inputs[0], graph.integers(*begin, *end), attributes={"mode": "reflect"}
    )
    return _conv(graph, op, [padded])


def _asymmetric_conv(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    """A 1×k convolution with the horizontal stride, then a k×1 one with the vertical stride."""
    cin, cout, k = op.channels_in(), op.channels_out(), op.k or 1
    (before, _, after, _), placing = same_padding(op), {"group": op.g}
    row = {"kernel_shape": [1, k], "strides": [1, op.s], "dilations": [1, op.d]}
    row |= {"pads": [0, before, 0, after]}
    weight = graph.weight([cout, cin // op.g, 1, k])
    output = graph.node("Conv", *inputs, weight, attributes={**placing, **row})
    tensors = [output, graph.weight([cout, cout // op.g, k, 1])]
    if op.norm == "folded":
        tensors.append(graph.weight([cout]))
    column = {"kernel_shape": [k, 1], "strides": [op.s, 1], "dilations": [op.d, 1]}
    column |= {"pads": [before, 0, after, 0]}
    return graph.node("Conv", *tensors, attributes={**placing, **column})


def _any_conv(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    writers = {"reflect": _reflect_conv, "asymmetric": _asymmetric_conv}
    return writers.get(op.tag or "", _conv)(graph, op, inputs)


def _deconv(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    cin, cout, k = op.channels_in(), op.channels_out(), op.k or 1
    tensors = [*inputs, graph.weight([cin, cout // op.g, k, k])]
    if op.norm == "folded":
        tensors.append(graph.weight([cout]))
    sizes = {"kernel_shape": [k, k], "strides": [op.s, op.s], "dilations": [op.d, op.d]}
    placing = {"group": op.g, "auto_pad": "SAME_UPPER"}  # output = input · stride
    return graph.node("ConvTranspose", *tensors, attributes={**sizes, **placing})


def _linear(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    cin, cout = op.channels_in(), op.channels_out()
    bias = graph.weight([cout])
    if op.q_len is None:
        return graph.node(
            "Gemm", *inputs, graph.weight([cout, cin]), bias, attributes={"transB": 1}
        )
    return graph.node("Add", graph.node("MatMul", *inputs, graph.weight([cin, cout])), bias)


def _pool(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    k = op.k or 1
    sizes = {"kernel_shape": [k, k], "strides": [op.s, op.s], "pads": same_padding(op)}
    kind = "MaxPool" if op.tag == "max" else "AveragePool"
    return graph.node(kind, *inputs, attributes=sizes)


def _global_mean(graph: Graph, _: OperationFields, inputs: list[str]) -> str:
    """Mean of each map, [B, C, 1, 1], as torch's exporter writes it.

    GlobalAveragePool says the same, but has another kernel: the kit would time other networks
    than those that people download.
    """
    return graph.node("ReduceMean", *inputs, graph.integers(2, 3), attributes={"keepdims": 1})


def _excitation(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    """Squeeze, two 1×1 convolutions, hard sigmoid, scale (Howard et al., 2019, section 5.2)."""
    cin, squeezed = op.channels_in(), op.squeezed()
    pooled = _global_mean(graph, op, inputs)
    narrow = graph.node(
        "Conv", pooled, graph.weight([squeezed, cin, 1, 1]), graph.weight([squeezed])
    )
    wide = graph.node(
        "Conv",
        graph.node("Relu", narrow),
        graph.weight([cin, squeezed, 1, 1]),
        graph.weight([cin]),
    )
    return graph.node(
        "Mul", *inputs, graph.node("HardSigmoid", wide, attributes={"alpha": 1 / 6, "beta": 0.5})
    )


def _norm(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    channels = op.channels_in()
    scale, shift = graph.ones(channels), graph.weight([channels])
    if op.norm == "ln":
        return graph.node("LayerNormalization", *inputs, scale, shift, attributes={"axis": -1})
    if op.norm == "in":
        return graph.node("InstanceNormalization", *inputs, scale, shift)
    mean, variance = graph.weight([channels]), graph.ones(channels)
    return graph.node("BatchNormalization", *inputs, scale, shift, mean, variance)


def _upsample(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    scales = graph.floats(1.0, 1.0, float(op.s), float(op.s))
    mode = "linear" if op.tag == "bilinear" else "nearest"
    return graph.node("Resize", *inputs, "", scales, attributes={"mode": mode})


def _embed(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    return graph.node("Gather", graph.weight([op.channels_in(), op.channels_out()]), *inputs)


def _other(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    if op.tag == "softmax":
        return graph.node("Softmax", *inputs, attributes={"axis": -1})
    border = (op.k or 1) // 2
    pads = graph.integers(0, 0, border, border, 0, 0, border, border)
    return graph.node("Pad", *inputs, pads, attributes={"mode": "reflect"})


def _simple(kind: str) -> Writer:
    return lambda graph, _, inputs: graph.node(kind, *inputs)


OTHERS = frozenset({"softmax", "reflect_pad"})
WRITERS: dict[str, Writer] = {
    "conv": _any_conv,
    "dwconv": _conv,
    "deconv": _deconv,
    "linear": _linear,
    "matmul": _simple("MatMul"),
    "pool": _pool,
    "gap": _global_mean,
    "se": _excitation,
    "add": _simple("Add"),
    "mul": _simple("Mul"),
    "act": lambda graph, op, inputs: activation(graph, op.act, inputs[0]),
    "norm": _norm,
    "concat": lambda graph, _, inputs: graph.node("Concat", *inputs, attributes={"axis": 1}),
    "upsample": _upsample,
    "embed": _embed,
    "other": _other,
}
