"""Kernel data of nn-Meter: configurations in one JSON, latencies in the other, joined by id.

Shapes of `build_kernel_latency_predictor`; a latency is the text "mean +- deviation" in ms, batch
1. `dwconv` is a kernel type of its own, nothing states groups. The predictors that nn-Meter makes
of these data are pickles of one version of scikit-learn and are never read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from devices.profiles.formats.reading import RawRow, Reading, foreign, too_many
from devices.profiles.parsing import Document, Unreadable, number
from devices.profiles.problems import Problem, shown
from devices.profiles.rules import most

LATENCY = re.compile(r"\s*(?P<mean>\S+)\s*\+-\s*(?P<std>\S+)\s*")
ACTS = {"relu": "relu", "relu6": "relu6", "hswish": "hswish", "swish": "swish", "block": None}
BOTH = (
    "nn-Meter writes the shapes and the latencies into two files; put both into one zip "
    "(missing: {what})."
)
Config = Mapping[str, Any]
Kernels = dict[str, dict[str, Any]]


def read(document: Document) -> Reading:
    """All kernels that have both a configuration and a latency.

    Raises:
        Unreadable: one of the two files is missing.
    """
    shapes, times = _tables(document)
    if not shapes or not times:
        what = "the configurations" if times else "the latencies"
        raise Unreadable(BOTH.format(what=what))
    reading = foreign("Row", "ms", runtime={"batch": 1})
    without = 0
    for kernel, name, config in _configurations(shapes):
        latency = times.get(kernel, {}).get(name)
        if latency is None:
            without += 1
        elif len(reading.rows) <= most("entries"):
            reading.rows.append(_row(len(reading.rows) + 1, kernel, name, config, latency))
    reading.problems += filter(None, [too_many("entries", len(reading.rows))])
    if without:
        text = f"{without} kernels have no latency and are left out."
        reading.problems.append(Problem("W", None, None, str(without), text))
    return reading


def _tables(document: Document) -> tuple[Kernels, Kernels]:
    """Configurations and latencies by kernel and id, whichever files they stand in."""
    shapes: Kernels = {}
    times: Kernels = {}
    for file in document.files or (document,):
        value = file.value if isinstance(file.value, dict) else {}
        for kernel, samples in value.items():
            for name, sample in samples.items() if isinstance(samples, dict) else ():
                if not isinstance(sample, dict):
                    continue
                if "config" in sample:
                    shapes.setdefault(kernel, {})[name] = sample["config"]
                if "latency" in sample:
                    times.setdefault(kernel, {})[name] = sample["latency"]
    return shapes, times


def _configurations(shapes: Kernels) -> Iterator[tuple[str, str, Any]]:
    for kernel, samples in shapes.items():
        for name, config in samples.items():
            yield kernel, name, config


def _row(line: int, kernel: str, name: str, config: Any, latency: Any) -> RawRow:
    raw = RawRow(line, None, {**_times(latency), "note": name[:100]})
    if not isinstance(config, dict):
        raw.reject("config", shown(config), f"config is {shown(config)}; it must be an object.")
        return raw
    kind, *rest = kernel.split("-")
    made = KERNELS.get(kind)
    if made is None:
        known = ", ".join(KERNELS)
        raw.reject("", shown(kernel), f"kernel {shown(kernel)} unknown; it begins with {known}.")
        return raw
    op = made(config)
    act = next((ACTS[word] for word in rest if ACTS.get(word)), None)
    if act and op["type"] in ("conv", "dwconv", "linear", "add"):
        op["act"] = act
    raw.op = {field: value for field, value in op.items() if value is not None}
    return raw


def _times(latency: Any) -> dict[str, Any]:
    match = LATENCY.fullmatch(latency) if isinstance(latency, str) else None
    if match is None:
        return {"mean_ms": latency}
    mean, std = (number(match[part], decimal_comma=False) for part in ("mean", "std"))
    return {"mean_ms": mean, "std_ms": std}


def _map(config: Config) -> dict[str, Any]:
    return {"h": config.get("HW"), "cin": config.get("CIN")}


def _kernel(config: Config) -> dict[str, Any]:
    return {"k": config.get("KERNEL_SIZE"), "s": config.get("STRIDES", 1)}


def _conv(config: Config) -> dict[str, Any]:
    return {"type": "conv", **_map(config), "cout": config.get("COUT"), **_kernel(config)}


def _dwconv(config: Config) -> dict[str, Any]:
    return {"type": "dwconv", **_map(config), **_kernel(config)}


def _pool(tag: str, config: Config) -> dict[str, Any]:
    names = {"k": config.get("KERNEL_SIZE", config.get("POOL_SIZE"))}
    strides = {"s": config.get("STRIDES", config.get("POOL_STRIDES", 1))}
    return {"type": "pool", "tag": tag, **_map(config), **names, **strides}


def _linear(config: Config) -> dict[str, Any]:
    return {"type": "linear", "cin": config.get("CIN"), "cout": config.get("COUT")}


def _channels(kind: str, config: Config) -> dict[str, Any]:
    """Kernels on a map that keep its shape."""
    return {"type": kind, **_map(config)}


def _concat(config: Config) -> dict[str, Any]:
    parts = [config.get(f"CIN{i}") for i in range(1, 5)]
    total = sum(part for part in parts if isinstance(part, int) and part > 0)
    return {"type": "concat", "h": config.get("HW"), "cout": total or None}


KERNELS: Mapping[str, Callable[[Config], dict[str, Any]]] = {
    "conv": _conv,
    "dwconv": _dwconv,
    "maxpool": lambda config: _pool("max", config),
    "avgpool": lambda config: _pool("avg", config),
    "fc": _linear,
    "concat": _concat,
    "add": lambda config: _channels("add", config),
    "addrelu": lambda config: {**_channels("add", config), "act": "relu"},
    "relu": lambda config: {**_channels("act", config), "act": "relu"},
    "hswish": lambda config: {**_channels("act", config), "act": "hswish"},
    "bnrelu": lambda config: {**_channels("norm", config), "norm": "bn", "act": "relu"},
    "se": lambda config: _channels("se", config),
    "gap": lambda config: _channels("gap", config),
    "global": lambda config: _channels("gap", config),  # global-avgpool
}
