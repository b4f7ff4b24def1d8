"""What TensorRT's trtexec exports: times of layers, their shapes, or times of the whole network.

`--exportProfile` gives ms by layer (the mean is `averageMs`, `timeMs` a sum), `--exportLayerInfo`
their shapes; both are joined by name. `--exportTimes` times the network (`computeMs`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from statistics import median, pstdev
from typing import Any

from devices.profiles.formats import networks
from devices.profiles.formats.reading import Reading, foreign
from devices.profiles.formats.samples import Samples
from devices.profiles.parsing import Document, Unreadable

Op = dict[str, Any]
GPU = {"kind": "gpu"}
ENGINE = {"engine": "tensorrt", "threads": 0, "clock": "device"}
DTYPES = (("BF16", "bf16"), ("Half", "fp16"), ("FP16", "fp16"), ("Int8", "int8"), ("INT8", "int8"),
          ("TF32", "tf32"), ("Float", "fp32"), ("FP32", "fp32"))  # fmt: skip
MOVES = frozenset({"Reformat", "NoOp", "Shuffle", "Copy", "Cast", "Constant"})
NEEDED = (
    "The other half is missing: {what}. Put both files into one zip, or upload the kit's "
    "manifest with one --exportTimes file per network."
)
NAMES_ONLY = "The layer info holds names only: add --profilingVerbosity=detailed."


def read(document: Document) -> Reading:
    """Rows per layer from a pair of files, or one row of a whole network from its times.

    Raises:
        Unreadable: half of a pair, or layer info without shapes.
    """
    files = document.files or (document,)
    times = next((file for file in files if is_times(file.value)), None)
    profile = next((file.value for file in files if is_profile(file.value)), None)
    info = next((file.value for file in files if is_info(file.value)), None)
    if profile is not None and info is not None:
        return _layers(profile, info)
    if times is not None and len(files) == 1:
        return _whole(times)
    what = "--exportLayerInfo" if profile is not None else "--exportProfile"
    raise Unreadable(NEEDED.format(what=what))


def is_profile(value: Any) -> bool:
    return isinstance(value, list) and any("averageMs" in item for item in _dicts(value[:5]))


def is_times(value: Any) -> bool:
    return isinstance(value, list) and any("computeMs" in item for item in _dicts(value[:5]))


def is_info(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("Layers"), list)


def _dicts(items: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [item for item in items if isinstance(item, dict)]


def _whole(file: Document) -> Reading:
    reading = foreign("Row", "ms", device=dict(GPU), runtime={**ENGINE, "batch": 1})
    computed = [item.get("computeMs") for item in _dicts(file.value)]
    numbers = [t for t in computed if isinstance(t, (int, float)) and 0 < t < 1e9]
    if not numbers:
        raise Unreadable("No computeMs of the file is a time above 0.")
    figures = {"mean_ms": median(numbers), "runs": len(numbers)}
    figures |= {"std_ms": pstdev(numbers)} if len(numbers) > 1 else {}
    reading.models.append(networks.row(1, PurePosixPath(file.name).name, figures))
    return reading


def _layers(profile: Sequence[Any], info: Mapping[str, Any]) -> Reading:
    layers = _dicts(info["Layers"])
    if info["Layers"] and not layers:
        raise Unreadable(NAMES_ONLY)
    shapes = {str(layer.get("Name")): layer for layer in layers}
    facts = _facts(layers)
    reading = foreign("Row", "ms", device=dict(GPU), runtime=ENGINE | facts)
    samples, counts = Samples(), [item["count"] for item in _dicts(profile) if "count" in item]
    for item in _dicts(profile):
        if "name" in item:
            _take(samples, shapes.get(str(item["name"])), item)
    samples.into(reading, "ms", 1)
    runs = counts[0] if counts and isinstance(counts[0], int) and counts[0] > 0 else None
    for raw in reading.rows:
        raw.figures = {name: raw.figures[name] for name in KEPT if name in raw.figures}
        raw.figures |= {"runs": runs} if runs else {}
    return reading


KEPT = ("mean_ms", "note", "unit")  # the spread over layers is none over runs


def _facts(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    dtypes: Counter[str] = Counter()
    batches: Counter[int] = Counter()
    for layer in layers:
        for tensor in _tensors(layer, "Inputs")[:1]:
            found = next((ours for word, ours in DTYPES if word in _form(tensor)), None)
            dtypes.update([found] if found else [])
            batches.update(_sizes(tensor)[:1])
    common = (("dtype", dtypes.most_common(1)), ("batch", batches.most_common(1)))
    return {name: most[0][0] for name, most in common if most}


def _take(samples: Samples, layer: Mapping[str, Any] | None, item: Mapping[str, Any]) -> None:
    name, time = str(item["name"]), item.get("averageMs")
    kind = str(layer.get("LayerType") if layer else "without layer info")
    if kind in MOVES or name.startswith("Reformatting"):
        samples.move(kind[:40], time)
        return
    parameter = str((layer or {}).get("ParameterType") or kind)
    made = OPERATIONS.get(parameter)
    op = _shaped(made, layer) if made and layer else None
    if op is None:
        samples.left_out[parameter[:40]] += 1
    else:
        samples.add(op, [time], name)


def _shaped(made: "Made", layer: Mapping[str, Any]) -> Op | None:
    inputs, outputs = (_tensors(layer, part) for part in ("Inputs", "Outputs"))
    if not inputs or not outputs:
        return None
    sizes, out = _sizes(inputs[0]), _sizes(outputs[0])
    if not sizes or not out:
        return None
    op = made(layer, sizes, out)
    return op | {"batch": sizes[0]} if op else None


def _tensors(layer: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
    listed = layer.get(part)
    return _dicts(listed) if isinstance(listed, list) else []


def _form(tensor: Mapping[str, Any]) -> str:
    return str(tensor.get("Format/Datatype") or tensor.get("Datatype"))


def _sizes(tensor: Mapping[str, Any]) -> list[int]:
    """The dimensions; none if one of them depends on the input (-1)."""
    listed = tensor.get("Dimensions")
    sizes = listed[:8] if isinstance(listed, list) else []
    return sizes if all(isinstance(size, int) and size > 0 for size in sizes) else []


def _first(layer: Mapping[str, Any], name: str, default: Any = None) -> Any:
    value = layer.get(name, default)
    return value[0] if isinstance(value, list) and value else value


def _conv(layer: Mapping[str, Any], x: Sequence[int], out: Sequence[int]) -> Op | None:
    if len(x) != 4 or len(out) != 4:
        return None
    sizes = {"h": x[2], "w": x[3], "cin": x[1], "cout": out[1], "g": layer.get("Groups", 1)}
    sizes |= {"k": _first(layer, "Kernel"), "s": _first(layer, "Stride", 1)}
    act = ACTS.get(str(layer.get("Activation")).upper())
    return {"type": "conv", **sizes, "d": _first(layer, "Dilation", 1), "act": act}


def _deconv(layer: Mapping[str, Any], x: Sequence[int], out: Sequence[int]) -> Op | None:
    op = _conv(layer, x, out)
    return op | {"type": "deconv"} if op else None


def _pool(layer: Mapping[str, Any], x: Sequence[int], out: Sequence[int]) -> Op | None:
    if len(x) != 4 or len(out) != 4:
        return None
    sizes = {"h": x[2], "w": x[3], "cin": x[1]}
    if out[2:] == [1, 1] and max(x[2:]) > 1:
        return {"type": "gap", **sizes}
    tag = "max" if "MAX" in str(layer.get("PoolingType")).upper() else "avg"
    window = _first(layer, "WindowSize", _first(layer, "Kernel"))
    return {"type": "pool", **sizes, "k": window, "s": _first(layer, "Stride", 1), "tag": tag}


def _product(layer: Mapping[str, Any], x: Sequence[int], out: Sequence[int]) -> Op | None:
    del layer
    if len(x) < 2 or len(out) < 2:
        return None
    is_map = len(x) == 4 and x[2:] == [1, 1]
    cin, cout = (x[1], out[1]) if is_map else (x[-1], out[-1])
    return {"type": "linear", "cin": cin, "cout": cout, "q_len": x[1] if len(x) == 3 else None}


def _sum(layer: Mapping[str, Any], x: Sequence[int], out: Sequence[int]) -> Op | None:
    del x
    if len(out) != 4:
        return None
    kind = "mul" if "PROD" in str(layer.get("OpType")).upper() else "add"
    return {"type": kind, "h": out[2], "w": out[3], "cin": out[1]}


def _act(layer: Mapping[str, Any], x: Sequence[int], out: Sequence[int]) -> Op | None:
    del out
    act = ACTS.get(str(layer.get("ActivationType")).upper())
    return {"type": "act", "h": x[2], "w": x[3], "cin": x[1], "act": act} if len(x) == 4 else None


Made = Callable[[Mapping[str, Any], Sequence[int], Sequence[int]], Op | None]
ACTS = {"RELU": "relu", "TANH": "tanh", "SIGMOID": "sigmoid", "LEAKY_RELU": "leaky",
        "CLIP": "relu6", "SWISH": "swish", "GELU": "gelu", "HARD_SWISH": "hswish"}  # fmt: skip
OPERATIONS: Mapping[str, Made] = {
    "Convolution": _conv,
    "Deconvolution": _deconv,
    "Pooling": _pool,
    **dict.fromkeys(("FullyConnected", "MatrixMultiply", "Gemm"), _product),
    "ElementWise": _sum,
    "Activation": _act,
}
