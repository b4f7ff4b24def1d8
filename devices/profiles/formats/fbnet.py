"""Block tables in the words of HW-NAS-Bench's FBNet part, as a dump in JSON or CSV.

`exp` is a ratio, `H` the input size, `group` that of both 1×1 convolutions of a block. Two traps
(model_infer.py of HW-NAS-Bench): a ratio of 1 keeps its expansion convolution, and a skip that
changes stride or channels is a 1×1 convolution. Latencies are in ms, energies in mJ.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from devices.profiles.formats.reading import RawRow, Reading, Unsure, foreign, too_many
from devices.profiles.parsing import Document, Unreadable, csv_rows, number, pairs_of, separator
from devices.profiles.problems import Problem, shown
from devices.profiles.rules import most

KEY = re.compile(r"(?P<op>[A-Za-z]+)(?P<rest>(?:_[A-Za-z]{1,10}\d{1,7})+)")
PART = re.compile(r"_([A-Za-z]+)(\d+)")
METRIC = re.compile(r"(?P<device>\w*?)_?(?P<kind>latency|energy)(?:_\w+)?", re.IGNORECASE)
ESTIMATED = ("eyeriss", "fpga")  # these come out of a model of the chip
KINDS = {"edgegpu": "gpu", "raspi4": "cpu", "pixel3": "mobile", "eyeriss": "npu", "fpga": "npu"}
Table = Sequence[tuple[str, Any]]
Sizes = Mapping[str, int]
LISTS = (
    "'{name}' is a list by number of architecture. Write a table with the columns arch and "
    "latency_ms for whole networks."
)


def read(document: Document) -> Reading:
    """The table of one device; where there are several metrics, `metric` says which latency.

    Raises:
        Unreadable: no metric holds blocks.
        Unsure: several latencies, and no answer says which.
    """
    place, metrics = _metrics(document)
    name = _chosen(metrics, document.answers.get("metric"))
    reading = _header(name, place)
    energies = dict(metrics.get(_energy_beside(name), ()))
    table = metrics[name]
    reading.problems += filter(None, [too_many("entries", len(table))])
    for line, (key, value) in enumerate(table[: most("entries") + 1], 1 if place == "Row" else 2):
        raw = _row(line, key, value)
        if raw is None:
            continue
        if energies.get(key):
            raw.figures["energy_mj"] = energies[key]
        reading.rows.append(raw)
    return reading


def _metrics(document: Document) -> tuple[str, dict[str, Table]]:
    """Where rows are counted, and per metric its blocks."""
    if document.kind == "table":
        return "Line", _columns(document.text)
    value: dict[str, Any] = document.value if isinstance(document.value, dict) else {}
    inner: dict[str, Table] = {
        name: list(pairs_of(part)) for name, part in value.items() if isinstance(part, dict)
    }
    blocks = {name: part for name, part in inner.items() if any(KEY.fullmatch(k) for k, _ in part)}
    if blocks:
        return "Row", blocks
    lists = [name for name, part in value.items() if isinstance(part, list)]
    if lists:
        raise Unreadable(LISTS.format(name=shown(lists[0]).strip("'")))
    if not any(KEY.fullmatch(key) for key in value):
        raise Unreadable("No key is built like 'ConvBlock_H56_W56_Cin24_…'.")
    return "Row", {"": list(pairs_of(value))}


def _columns(text: str) -> dict[str, Table]:
    """The columns of a CSV whose first one that holds keys names the blocks."""
    delimiter = separator(text[: text.find("\n")])
    rows = [cells for _, cells in csv_rows(text, delimiter)] or [[]]
    names, body = [cell.strip() for cell in rows[0]], rows[1:]
    first = body[0] if body else []
    at = next((i for i, cell in enumerate(first) if KEY.fullmatch(cell.strip())), None)
    if at is None:
        raise Unreadable("No column holds keys such as 'ConvBlock_H56_W56_Cin24_…'.", line=2)
    found: dict[str, Table] = {}
    for i, name in enumerate(names):
        if i != at and METRIC.fullmatch(name):
            cells = ((row[at].strip(), row[i]) for row in body if len(row) > max(i, at))
            found[name] = [(key, number(cell, decimal_comma=False)) for key, cell in cells]
    if not found:
        text = f"No column of {shown(', '.join(names))} is a latency; call it latency_ms."
        raise Unreadable(text, line=1)
    return found


def _chosen(metrics: Mapping[str, Table], answer: str | None) -> str:
    latencies = [name for name in metrics if "energy" not in name.lower()]
    if answer in latencies:
        return str(answer)
    if len(latencies) == 1:
        return latencies[0]
    if not latencies:
        raise Unreadable("The table holds energies alone; a profile needs the times, too.")
    raise Unsure("Which of these latencies?", "metric", latencies[:50])


def _header(name: str, place: str) -> Reading:
    """Whose table it is follows from the metric's name, if that is one of the published ones."""
    match = METRIC.fullmatch(name)
    device = match["device"].lower() if match else ""
    kind = {"kind": KINDS[device], "model": device} if device in KINDS else {}
    is_stated = bool(match) and (device in KINDS or name.lower().endswith("_ms"))
    reading = foreign(place, "ms" if is_stated else None, device=kind, runtime={"batch": 1})
    if device in ESTIMATED:
        reading.document["provenance"] = {"kind": "predicted"}
        text = f"The times of {device} are sums of a model of the chip, not measured."
        reading.problems.append(Problem("W", None, "provenance", None, text))
    return reading


def _energy_beside(name: str) -> str:
    return re.sub("latency", "energy", name, flags=re.IGNORECASE)


def _row(line: int, name: str, value: Any) -> RawRow | None:
    """A row; None for an identity that costs nothing."""
    raw = RawRow(line, None, {"mean_ms": value})
    match = KEY.fullmatch(name)
    kind = OPERATIONS.get(match["op"]) if match else None
    if match is None or kind is None:
        known = ", ".join(OPERATIONS)
        text = f"the key is {shown(name)}; it must begin with one of {known}, then sizes."
        raw.reject("", shown(name), text)
        return raw
    sizes = {part[0].lower(): int(part[1]) for part in PART.findall(match["rest"])}
    raw.op = {field: size for field, size in kind(sizes).items() if size is not None}
    if raw.op["type"] == "identity":
        return None if value == 0 else _nothing(raw, value)
    return raw


def _nothing(raw: RawRow, value: Any) -> RawRow:
    raw.op = None
    text = f"mean is {shown(value)}; a skip that keeps the shape does nothing and costs 0."
    raw.reject("mean", shown(value), text)
    return raw


def _maps(sizes: Sizes) -> dict[str, Any]:
    """What most keys have; what a key lacks is missed when rows are judged."""
    names = {"h": "h", "w": "w", "cin": "cin", "cout": "cout", "kernel": "k", "stride": "s"}
    return {field: sizes[name] for name, field in names.items() if name in sizes}


def _conv(sizes: Sizes) -> dict[str, Any]:
    return {"type": "conv", **_maps(sizes), "g": sizes.get("group"), "act": "relu"}


def _block(sizes: Sizes) -> dict[str, Any]:
    op: dict[str, Any] = {"type": "mbconv", **_maps(sizes), "g": sizes.get("group")}
    if "exp" in sizes and "cin" in sizes:
        op["mid"] = sizes["cin"] * sizes["exp"]
    same = sizes.get("cin") == sizes.get("cout") and sizes.get("stride") == 1
    tag = "pw" if sizes.get("exp") == 1 else None
    return {**op, "act": "relu", "skip": same, "tag": tag}


def _skip(sizes: Sizes) -> dict[str, Any]:
    if sizes.get("stride", 1) == 1 and sizes.get("cin") == sizes.get("cout"):
        return {"type": "identity"}
    return {"type": "conv", **_maps(sizes), "k": 1, "act": "relu"}


def _pool(sizes: Sizes) -> dict[str, Any]:
    if sizes.get("kernel") == sizes.get("h"):
        return {"type": "gap", **{n: sizes[n] for n in ("h", "w", "cin") if n in sizes}}
    return {"type": "pool", "tag": "avg", **_maps(sizes)}


def _linear(sizes: Sizes) -> dict[str, Any]:
    return {"type": "linear", **_maps(sizes)}


OPERATIONS = {
    "ConvNorm": _conv,
    "ConvBlock": _block,
    "Skip": _skip,
    "AvgP": _pool,
    "FC": _linear,
}
