"""PaddleSlim's hardware latency table: one operator per line, its parameters before a tab.

Layout of PaddleSlim's table_latency document. The first line names hardware, engine and date; the
unit of the times stands nowhere, so it is always asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from devices.profiles.formats.reading import RawRow, Reading, foreign, too_many
from devices.profiles.parsing import Document, Unreadable, lines, number
from devices.profiles.problems import shown
from devices.profiles.rules import most

# Names of the parameters behind the type.
CONV = (*("bias", "relu", "n", "c", "h", "w", "cout", "g", "k", "pad", "s", "d"),)
POOL = ("global", "n", "c", "h", "w", "k", "pad", "s", "ceil", "kind")
PLAIN, WITH_WORD = ("n", "c", "h", "w"), ("word", "n", "c", "h", "w")
ACTS = {"hard_swish": "hswish", "swish": "swish", "relu": "relu", "relu6": "relu6",
        "tanh": "tanh", "sigmoid": "sigmoid", "leaky_relu": "leaky", "gelu": "gelu"}  # fmt: skip
SUMS = {"eltwise": "add", "elementwise_add": "add", "elementwise_mul": "mul"}
POOLS = {1: "max", 2: "avg", 3: "avg"}  # average with and without the padding

Values = Mapping[str, Any]


def read(document: Document) -> Reading:
    """The table as primitives; nothing says the unit.

    Raises:
        Unreadable: the first line is not hardware, engine and date.
    """
    body = lines(document.text)
    facts = [cell.strip() for cell in next(body, "")[:400].split(",")]
    if len(facts) < 2 or not facts[0] or not facts[1]:
        raise Unreadable("Line 1 must be hardware,engine,date.", line=1)
    device, runtime = {"model": facts[0][:200]}, {"engine": facts[1][:200]}
    reading = foreign("Line", None, device=device, runtime=runtime)
    filled = ((line, text) for line, text in enumerate(body, 2) if text.strip())
    reading.rows += [
        _row(line, text.strip()) for line, text in islice(filled, most("entries") + 1)
    ]
    reading.problems += filter(None, [too_many("entries", len(reading.rows))])
    return reading


def _row(line: int, text: str) -> RawRow:
    key, tab, time = text.rpartition("\t")
    raw = RawRow(line, None, {"mean_ms": number(time, decimal_comma=False)} if tab else {})
    kind, *cells = [cell.strip() for cell in key.split(",")]
    if kind not in LAYOUTS:
        known = ", ".join(LAYOUTS)
        raw.reject("type", shown(kind), f"type {shown(kind)} unknown; one of {known}.")
        return raw
    names, made = LAYOUTS[kind]
    if len(cells) != len(names):
        text = (
            f"{kind} has {len(cells)} parameters; it must have {len(names)}: {', '.join(names)}."
        )
        raw.reject("", None, text)
        return raw
    values = {name: _parameter(name, cell) for name, cell in zip(names, cells, strict=True)}
    op = made(kind, values) | {"batch": values["n"]}
    raw.op = {name: value for name, value in op.items() if value not in (None, "none")}
    return raw


def _parameter(name: str, cell: str) -> Any:
    return cell if name == "word" else number(cell, decimal_comma=False)


def _map(values: Values) -> dict[str, Any]:
    return {"h": values["h"], "w": values["w"], "cin": values["c"]}


def _conv(kind: str, values: Values) -> dict[str, Any]:
    del kind
    act = "relu" if values["relu"] == 1 else "none"
    sizes = {name: values[name] for name in ("cout", "g", "k", "s", "d")}
    return {"type": "conv", **_map(values), **sizes, "act": act}


def _activation(kind: str, values: Values) -> dict[str, Any]:
    return {"type": "act", **_map(values), "act": ACTS[kind]}


def _norm(kind: str, values: Values) -> dict[str, Any]:
    del kind
    return {"type": "norm", **_map(values), "norm": "bn", "act": ACTS.get(values["word"])}


def _sum(kind: str, values: Values) -> dict[str, Any]:
    return {"type": SUMS[kind], **_map(values)}


def _pool(kind: str, values: Values) -> dict[str, Any]:
    del kind
    if values["global"] == 1:
        return {"type": "gap", **_map(values)}
    tag = POOLS.get(values["kind"])
    return {"type": "pool", **_map(values), "k": values["k"], "s": values["s"], "tag": tag}


def _softmax(kind: str, values: Values) -> dict[str, Any]:
    return {"type": "other", "tag": kind, **_map(values)}


Made = Callable[[str, Values], dict[str, Any]]
LAYOUTS: Mapping[str, tuple[Sequence[str], Made]] = {
    "conv2d": (CONV, _conv),
    "pooling": (POOL, _pool),
    "batch_norm": (WITH_WORD, _norm),
    "softmax": (WITH_WORD, _softmax),
    **dict.fromkeys(SUMS, (PLAIN, _sum)),
    **dict.fromkeys(ACTS, (PLAIN, _activation)),
}
