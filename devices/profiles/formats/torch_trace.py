"""Traces of the PyTorch profiler (`export_chrome_trace`) made with `record_shapes=True`, in µs.

`Input Dims` and `Concrete Inputs` give every parameter of an operator. Events nest, so that only
the outermost one counts; on a GPU its time is that of the kernels that it launched, found by their
external id.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.profiles.formats.reading import Reading, foreign
from devices.profiles.formats.samples import Samples
from devices.profiles.parsing import Document, Unreadable

Op = dict[str, Any]
DTYPES = {"float": "fp32", "c10::Half": "fp16", "c10::BFloat16": "bf16", "signed char": "int8",
          "c10::qint8": "int8", "c10::quint8": "int8"}  # fmt: skip
ACTS = {"relu": "relu", "relu6": "relu6", "hardtanh": "relu6", "hardswish": "hswish",
        "silu": "swish", "gelu": "gelu", "leaky_relu": "leaky", "tanh": "tanh",
        "sigmoid": "sigmoid"}  # fmt: skip
MOVES = frozenset({"contiguous", "clone", "copy_", "to", "view", "reshape", "flatten", "transpose",
                   "permute", "unsqueeze", "squeeze", "dropout", "detach", "chunk",
                   "split"})  # fmt: skip
TELLING = 5000  # events that show precision and batch; a trace repeats itself
WHOLE = {int}
LATEST = 1e18  # µs
WITHOUT_SHAPES = "The trace has no shapes: profile with record_shapes=True."


@dataclass(frozen=True, slots=True)
class Call:
    """An operator and what it was called with."""

    dims: Sequence[Any]
    concrete: Sequence[Any]

    def shape(self, at: int) -> list[int]:
        """Sizes of an argument; none if it is no tensor."""
        found = self.dims[at] if at < len(self.dims) else None
        sizes = found[:8] if isinstance(found, list) else []
        return sizes if set(map(type, sizes)) == WHOLE and min(sizes) > 0 else []

    def value(self, at: int) -> Any:
        """A plain argument; the first of a list, for they are equal along both axes."""
        text = self.concrete[at] if at < len(self.concrete) else ""
        try:
            found = json.loads(text) if isinstance(text, str) and len(text) < 200 else None
        except ValueError:
            return None
        return found[0] if isinstance(found, list) and found else found


@dataclass(slots=True)
class Timed:
    """An outermost event with its own time and that of its kernels."""

    event: Mapping[str, Any]
    kernel_us: float = 0.0


def read(document: Document) -> Reading:
    """One row per distinct operation.

    Raises:
        Unreadable: no operator, or none with shapes.
    """
    value = document.value.get("traceEvents") if isinstance(document.value, dict) else None
    events = [e for e in value if _is_complete(e)] if isinstance(value, list) else []
    operators = [event for event in events if event.get("cat") == "cpu_op"]
    if not operators:
        raise Unreadable("No event of an operator ('cat': 'cpu_op').")
    if not any("Input Dims" in event["args"] for event in operators):
        raise Unreadable(WITHOUT_SHAPES)
    outermost, owners = _nested(operators)
    kernels = [event for event in events if event.get("cat") == "kernel"]
    for kernel in kernels:
        owner = owners.get(str(kernel["args"].get("External id")))
        if owner is not None:
            owner.kernel_us += kernel["dur"]
    return _reading(outermost, on_gpu=bool(kernels))


def _is_complete(event: Any) -> bool:
    return (
        isinstance(event, dict)
        and event.get("ph") == "X"
        and isinstance(event.get("args"), dict)
        and all(_is_moment(event.get(name)) for name in ("ts", "dur"))
    )


def _is_moment(value: Any) -> bool:
    return isinstance(value, (int, float)) and -LATEST < value < LATEST


def _nested(operators: Sequence[Mapping[str, Any]]) -> tuple[list[Timed], dict[str, Timed]]:
    """Outermost operators in order, and to whom each external id belongs."""
    threads = defaultdict(list)
    for event in operators:
        threads[str(event.get("pid")), str(event.get("tid"))].append(event)
    outermost: list[Timed] = []
    owners: dict[str, Timed] = {}
    for events in threads.values():
        end = float("-inf")
        for event in sorted(events, key=lambda event: (event["ts"], -event["dur"])):
            if event["ts"] >= end:
                outermost.append(Timed(event))
                end = event["ts"] + event["dur"]
            owners[str(event["args"].get("External id"))] = outermost[-1]
    return outermost, owners


def _reading(outermost: Sequence[Timed], *, on_gpu: bool) -> Reading:
    samples, facts = Samples(), _facts(outermost)
    for timed in outermost:
        _take(samples, timed, on_gpu)
    runtime: Op = {"engine": "pytorch eager", **facts}
    runtime |= {"clock": "device", "threads": 0} if on_gpu else {"clock": "wall"}
    reading = foreign("Row", "us", device={"kind": "gpu"} if on_gpu else {}, runtime=runtime)
    samples.into(reading, "µs")
    return reading


def _facts(outermost: Sequence[Timed]) -> dict[str, Any]:
    dtypes: Counter[str] = Counter()
    batches: Counter[int] = Counter()
    for timed in outermost[:TELLING]:
        args, x = timed.event["args"], _call(timed.event).shape(0)
        types = args.get("Input type")
        if isinstance(types, list) and types and str(types[0]) in DTYPES:
            dtypes[DTYPES[str(types[0])]] += 1
        if len(x) >= 2:
            batches[x[0]] += 1
    common = (("dtype", dtypes.most_common(1)), ("batch", batches.most_common(1)))
    return {name: most[0][0] for name, most in common if most}


def _call(event: Mapping[str, Any]) -> Call:
    dims, concrete = event["args"].get("Input Dims"), event["args"].get("Concrete Inputs")
    return Call(
        dims[:32] if isinstance(dims, list) else [],
        concrete[:32] if isinstance(concrete, list) else [],
    )


def _take(samples: Samples, timed: Timed, on_gpu: bool) -> None:
    event = timed.event
    name = str(event.get("name")).removeprefix("aten::")
    time = timed.kernel_us if on_gpu else event["dur"]
    if name in MOVES:
        samples.move(name, time)
        return
    made, call = OPERATIONS.get(name.rstrip("_")), _call(event)
    op = made(name.rstrip("_"), call) if made else None
    if op is None or (on_gpu and not time):
        samples.left_out[name[:40]] += 1
        return
    x = call.shape(0)
    samples.add(op | {"batch": x[0] if len(x) >= 2 else None}, [time], "")


def _map(shape: Sequence[int]) -> Op | None:
    return {"h": shape[2], "w": shape[3], "cin": shape[1]} if len(shape) == 4 else None


def _place(shape: Sequence[int]) -> Op | None:
    """A map, tokens, or a vector as a map of one pixel."""
    if len(shape) == 3:
        return {"q_len": shape[1], "cin": shape[2]}
    return {"h": 1, "cin": shape[1]} if len(shape) == 2 else _map(shape)


def _conv(name: str, call: Call) -> Op | None:
    """`conv2d(x, w, b, stride, padding, dilation, groups)`; `convolution` has two more before."""
    x, w = call.shape(0), call.shape(1)
    sizes = _map(x)
    if sizes is None or len(w) != 4:
        return None
    groups = call.value(8 if name == "convolution" else 6) or 1
    strides = {"k": w[2], "s": call.value(3) or 1, "d": call.value(5) or 1, "g": groups}
    transposed = name == "conv_transpose2d" or (name == "convolution" and call.value(6) == 1)
    if transposed:
        strides |= {"d": 1} if name == "conv_transpose2d" else {}
        cout = w[1] * groups if isinstance(groups, int) else None
        return {"type": "deconv", **sizes, "cout": cout, **strides}
    return {"type": "conv", **sizes, "cout": w[0], **strides}


def _linear(name: str, call: Call) -> Op | None:
    """`linear(x, w)` with w [out, in]; `addmm(bias, x, w)` with w [in, out]."""
    first = 1 if name == "addmm" else 0
    x, w = call.shape(first), call.shape(first + 1)
    if len(x) < 2 or len(w) != 2:
        return None
    q_len = x[1] if len(x) == 3 else None
    return {
        "type": "linear",
        "cin": x[-1],
        "cout": w[0 if name == "linear" else 1],
        "q_len": q_len,
    }


def _matmul(name: str, call: Call) -> Op | None:
    x, w = call.shape(0), call.shape(1)
    if len(w) == 2:
        return _linear(name, call)
    if len(x) < 3 or len(w) < 3:
        return None
    heads = x[1] if len(x) == 4 else 1
    return {"type": "matmul", "q_len": x[-2], "cin": x[-1], "cout": w[-1], "heads": heads}


def _pool(name: str, call: Call) -> Op | None:
    sizes = _map(call.shape(0))
    if sizes is None:
        return None
    k = call.value(1)
    tag = "max" if name.startswith("max") else "avg"
    return {"type": "pool", **sizes, "k": k, "s": call.value(2) or k, "tag": tag}


def _gap(name: str, call: Call) -> Op | None:
    """The mean over the map: adaptive pooling to one pixel."""
    sizes = _map(call.shape(0))
    is_whole = name == "mean" or call.value(1) == 1
    return {"type": "gap", **sizes} if sizes and is_whole else None


def _elementwise(name: str, call: Call) -> Op | None:
    sizes = _place(call.shape(0))
    return {"type": name, **sizes} if sizes else None


def _act(name: str, call: Call) -> Op | None:
    sizes = _place(call.shape(0))
    return {"type": "act", **sizes, "act": ACTS[name]} if sizes else None


def _norm(name: str, call: Call) -> Op | None:
    sizes = _place(call.shape(0))
    norm = {"batch_norm": "bn", "layer_norm": "ln", "instance_norm": "in"}[name]
    return {"type": "norm", **sizes, "norm": norm} if sizes else None


def _concat(name: str, call: Call) -> Op | None:
    """`cat([x, y …], axis)`: shapes of all parts stand in a list."""
    del name
    parts = call.dims[0] if call.dims and isinstance(call.dims[0], list) else []
    maps = [*_maps(parts)]
    if not maps or call.value(1) != 1:
        return None
    h, w = maps[0][2], maps[0][3]
    return {"type": "concat", "h": h, "w": w, "cout": sum(part[1] for part in maps)}


def _maps(parts: Sequence[Any]) -> Iterator[list[int]]:
    for part in parts[:64]:
        if isinstance(part, list) and len(part) == 4 and all(isinstance(n, int) for n in part):
            yield part


def _softmax(name: str, call: Call) -> Op | None:
    del name
    x = call.shape(0)
    if len(x) < 2:
        return None
    q_len, heads = x[-2] if len(x) > 2 else None, x[1] if len(x) == 4 else None
    return {"type": "other", "tag": "softmax", "cin": x[-1], "q_len": q_len, "heads": heads}


Made = Callable[[str, Call], Op | None]
OPERATIONS: Mapping[str, Made] = {
    **dict.fromkeys(("conv2d", "convolution", "conv_transpose2d"), _conv),
    **dict.fromkeys(("linear", "addmm", "mm"), _linear),
    **dict.fromkeys(("matmul", "bmm"), _matmul),
    **dict.fromkeys(("max_pool2d", "avg_pool2d"), _pool),
    **dict.fromkeys(("adaptive_avg_pool2d",), _gap),
    **dict.fromkeys(("add", "mul"), _elementwise),
    **dict.fromkeys(ACTS, _act),
    **dict.fromkeys(("batch_norm", "layer_norm", "instance_norm"), _norm),
    "cat": _concat,
    **dict.fromkeys(("softmax", "_softmax"), _softmax),
}
