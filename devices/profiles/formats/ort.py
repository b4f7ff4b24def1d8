"""Profiles that ONNX Runtime writes with `enable_profiling`: one event per node and run, in µs.

Kernel, stride and groups follow from the shapes of input, weight and output. What the runtime has
fused is not visible: an activation in a convolution, and a residual sum but for its fourth input.
Reorders between layouts belong to no operation.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from devices.profiles.formats.reading import Reading, foreign
from devices.profiles.formats.samples import Samples
from devices.profiles.parsing import Document, Unreadable

Shape = Sequence[int]
Op = dict[str, Any]
SUFFIX = "_kernel_time"
WARM_UP = 3  # with so many runs or more the first is left out
CPU = "CPUExecutionProvider"
DTYPES = {"float": "fp32", "float16": "fp16", "bfloat16": "bf16", "int8": "int8", "uint8": "int8"}
MOVES = frozenset({"ReorderInput", "ReorderOutput", "Transpose", "Reshape", "Flatten", "Squeeze",
                   "Unsqueeze", "Cast", "MemcpyToHost", "MemcpyFromHost", "QuantizeLinear",
                   "DequantizeLinear", "Identity"})  # fmt: skip
ACTS = {"Relu": "relu", "HardSwish": "hswish", "Clip": "relu6", "Gelu": "gelu", "Tanh": "tanh",
        "Sigmoid": "sigmoid", "LeakyRelu": "leaky", "Silu": "swish",
        "QuickGelu": "swish"}  # fmt: skip


def read(document: Document) -> Reading:
    """One row per distinct operation.

    Raises:
        Unreadable: no event of a node.
    """
    nodes = _nodes(document.value)
    if not nodes:
        raise Unreadable("No event of a node ('cat': 'Node', name ending in _kernel_time).")
    facts, samples = _facts(nodes), Samples()
    n_runs = max(len(events) for events in nodes.values())
    for events in nodes.values():
        _take(samples, events[1:] if len(events) >= WARM_UP else events, facts)
    runtime = {"engine": "onnxruntime", "clock": "wall", **facts}
    reading = foreign("Row", "us", runtime=runtime)
    samples.into(reading, "µs", n_runs)
    return reading


def _nodes(value: Any) -> dict[str, list[Mapping[str, Any]]]:
    """Events of each node in the order of the runs."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in value if isinstance(value, list) else ():
        if not isinstance(event, dict) or event.get("cat") != "Node":
            continue
        name, args = str(event.get("name")), event.get("args")
        if name.endswith(SUFFIX) and isinstance(args, dict):
            index = str(args.get("node_index"))[:20]
            found[f"{name[:200]} {index}"].append(event)
    return found


def _facts(nodes: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Precision, batch and provider that most of the time stands for."""
    dtypes: Counter[str] = Counter()
    batches: Counter[int] = Counter()
    providers: Counter[str] = Counter()
    for events in nodes.values():
        args = events[0]["args"]
        providers[str(args.get("provider"))[:100]] += 1
        for kind, shape in _tensors(args.get("input_type_shape"))[:1]:
            if kind in DTYPES:
                dtypes[DTYPES[kind]] += 1
            if len(shape) >= 2:
                batches[shape[0]] += 1
    found: dict[str, Any] = {}
    if dtypes:
        found["dtype"] = dtypes.most_common(1)[0][0]
    if batches:
        found["batch"] = batches.most_common(1)[0][0]
    provider = providers.most_common(1)[0][0]
    if provider not in (CPU, "None"):
        found["delegate"] = provider.removesuffix("ExecutionProvider")
    return found


def _take(samples: Samples, events: Sequence[Mapping[str, Any]], facts: dict[str, Any]) -> None:
    args = events[0]["args"]
    kind, name = str(args.get("op_name")), str(events[0]["name"])[: -len(SUFFIX)]
    times = [event.get("dur") for event in events]
    if kind in MOVES:
        samples.move(kind, *times)
        return
    inputs = [shape for _, shape in _tensors(args.get("input_type_shape"))]
    outputs = [shape for _, shape in _tensors(args.get("output_type_shape"))]
    made = OPERATIONS.get(kind)
    op = made(kind, inputs, outputs) if made and inputs and outputs else None
    if op is None:
        samples.left_out[kind[:40]] += len(events)
        return
    batch = inputs[0][0] if len(inputs[0]) >= 2 else None
    sample = samples.add({**op, "batch": batch}, times, name)
    sample.is_fallback |= "delegate" in facts and args.get("provider") == CPU


def _tensors(listed: Any) -> list[tuple[str, Shape]]:
    """Type and shape of each tensor; one without a known shape is empty."""
    return [*_each(listed)] if isinstance(listed, list) else []


def _each(listed: Sequence[Any]) -> Iterator[tuple[str, Shape]]:
    for item in listed[:16]:
        pair = next(iter(item.items()), None) if isinstance(item, dict) else None
        if pair is None or not isinstance(pair[1], list):
            continue
        sizes = pair[1][:8]
        if all(isinstance(size, int) and 0 < size < 2**31 for size in sizes):
            yield str(pair[0]), sizes


def _map(shape: Shape) -> Op | None:
    """Input size and channels of N×C×H×W."""
    if len(shape) != 4:
        return None
    return {"h": shape[2], "w": shape[3], "cin": shape[1]}


def _ratio(a: int, b: int) -> int:
    return max(1, round(a / b))


def _conv(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del kind
    sizes = _map(inputs[0])
    if sizes is None or len(inputs) < 2 or len(inputs[1]) != 4 or len(outputs[0]) != 4:
        return None
    weight, out = inputs[1], outputs[0]
    shape = {"cout": out[1], "k": weight[2], "s": _ratio(sizes["h"], out[2])}
    return {"type": "conv", **sizes, **shape, "g": max(1, sizes["cin"] // weight[1])}


def _deconv(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del kind
    sizes = _map(inputs[0])
    if sizes is None or len(inputs) < 2 or len(inputs[1]) != 4 or len(outputs[0]) != 4:
        return None
    weight, out = inputs[1], outputs[0]
    shape = {"cout": out[1], "k": weight[2], "s": _ratio(out[2], sizes["h"])}
    return {"type": "deconv", **sizes, **shape, "g": max(1, out[1] // weight[1])}


def _product(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    """A layer has one input with a shape, its weight is packed; two of many axes are a product."""
    x, out = inputs[0], outputs[0]
    if len(x) < 2 or len(out) < 2:
        return None
    if kind == "MatMul" and len(inputs) > 1 and len(inputs[1]) >= 3:
        copies = math.prod(x[1:-2]) if len(x) > 3 else 1
        return {"type": "matmul", "q_len": x[-2], "cin": x[-1], "cout": out[-1], "heads": copies}
    rows = math.prod(x[1:-1])
    return {"type": "linear", "cin": x[-1], "cout": out[-1], "q_len": rows if rows > 1 else None}


def _elementwise(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del inputs
    sizes = _place(outputs[0])
    return {"type": kind.lower(), **sizes} if sizes else None


def _act(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del outputs
    sizes = _place(inputs[0])
    return {"type": "act", **sizes, "act": ACTS[kind]} if sizes else None


def _place(shape: Shape) -> Op | None:
    """A map, or tokens; a vector counts as a map of one pixel."""
    if len(shape) == 3:
        return {"q_len": shape[1], "cin": shape[2]}
    return {"h": 1, "cin": shape[1]} if len(shape) == 2 else _map(shape)


def _pooled(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    """The mean over the map; over other axes it is none."""
    sizes, out = _map(inputs[0]), outputs[0]
    if sizes is None or (kind != "GlobalAveragePool" and math.prod(out) != out[0] * sizes["cin"]):
        return None
    return {"type": "gap", **sizes}


def _concat(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del kind, inputs
    sizes = _map(outputs[0])
    return (
        {"type": "concat", "h": sizes["h"], "w": sizes["w"], "cout": sizes["cin"]}
        if sizes
        else None
    )


def _norm(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del outputs
    sizes = _place(inputs[0])
    norm = {"Layer": "ln", "Insta": "in", "Batch": "bn", "SkipL": "ln", "Simpl": "ln"}[kind[:5]]
    return {"type": "norm", **sizes, "norm": norm} if sizes else None


def _softmax(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del kind, outputs
    x = inputs[0]
    if len(x) < 2:
        return None
    heads = math.prod(x[1:-2]) if len(x) > 3 else None
    q_len = x[-2] if len(x) > 2 else None
    return {"type": "other", "tag": "softmax", "cin": x[-1], "q_len": q_len, "heads": heads}


def _resize(kind: str, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Op | None:
    del kind
    sizes = _map(inputs[0])
    if sizes is None or len(outputs[0]) != 4:
        return None
    return {"type": "upsample", **sizes, "s": _ratio(outputs[0][2], sizes["h"]), "tag": "nearest"}


Made = Callable[[str, Sequence[Shape], Sequence[Shape]], Op | None]
OPERATIONS: Mapping[str, Made] = {
    **dict.fromkeys(("Conv", "FusedConv", "NhwcFusedConv", "QLinearConv"), _conv),
    "ConvTranspose": _deconv,
    **dict.fromkeys(("Gemm", "FusedGemm", "MatMul", "FusedMatMul"), _product),
    **dict.fromkeys(("Add", "Mul"), _elementwise),
    **dict.fromkeys(ACTS, _act),
    **dict.fromkeys(("GlobalAveragePool", "ReduceMean"), _pooled),
    "Concat": _concat,
    **dict.fromkeys(
        (
            "LayerNormalization",
            "SkipLayerNormalization",
            "SimplifiedLayerNormalization",
            "InstanceNormalization",
            "BatchNormalization",
        ),
        _norm,
    ),
    "Softmax": _softmax,
    **dict.fromkeys(("Resize", "Upsample"), _resize),
}
