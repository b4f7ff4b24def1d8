"""Latency tables of Once-for-All and ProxylessNAS: a fused block per key, shapes H×W×C, in ms.

Key and meaning follow the estimators of once-for-all (latency_lookup_table.py) and proxylessnas
(latency_estimator.py). Both write one prefix and two dialects: `expand` is the number of middle
channels in the first, with `-se:` and `-hs:` behind it, and a ratio in the second. `Logits` is the
classifier alone in the first, pooling and classifier in the second.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from devices.profiles.formats.reading import RawRow, Reading, Unsure, foreign, too_many
from devices.profiles.parsing import Document, Unreadable, pairs_of
from devices.profiles.problems import Problem, shown
from devices.profiles.rules import most
from devices.profiles.yaml_text import strict_yaml

OFA, PROXYLESS = DIALECTS = ("ofa", "proxyless")
KEY = re.compile(
    r"(?P<op>\w{1,40})-input:(?P<h>\d{1,6})x(?P<w>\d{1,6})x(?P<cin>\d{1,7})"
    r"-output:(?:(?P<oh>\d{1,6})x(?P<ow>\d{1,6})x)?(?P<cout>\d{1,7})(?P<rest>(?:-\w{1,10}:\d{1,7})*)"
)
LARGEST_RATIO, SMALLEST_WIDTH = 10, 16  # of `expand`, as a ratio and as channels
BOTH = "Some rows use ratios, some channel counts in 'expand'."
FIGURES = {"mean": "mean_ms", "count": "runs", "std": "std_ms", "min": "min_ms"}


@dataclass(frozen=True, slots=True)
class Key:
    """A key taken apart; `rest` are the named numbers behind the shapes."""

    op: str
    h: int
    w: int
    cin: int
    cout: int
    out: tuple[int, int] | None
    rest: Mapping[str, int]


def read(document: Document) -> Reading:
    """The table; a key that stands twice is two rows.

    Raises:
        Unreadable: no mapping, broken YAML, or rows of both dialects.
        Unsure: no row tells the dialect.
    """
    value = document.value if document.kind == "json" else strict_yaml(document.text)
    if not isinstance(value, dict):
        raise Unreadable("A latency table is a mapping of keys such as 'Conv-input:…' to times.")
    pairs = islice(pairs_of(value), most("entries") + 1)
    found = [(name, parsed(name), cell) for name, cell in pairs]
    if not any(key for _, key, _ in found):
        raise Unreadable("No key is built like 'Conv-input:224x224x3-output:112x112x16'.")
    dialect = _dialect([key for _, key, _ in found if key], document.answers.get("dialect"))
    reading = foreign("Row", "ms")
    reading.problems += filter(None, [too_many("entries", len(found))])
    for line, (name, key, cell) in enumerate(found, 1):
        reading.rows.append(_row(line, name, key, cell, dialect))
    if dialect == PROXYLESS and any(_has_var(cell) for *_, cell in found):
        text = "'var' is neither the variance nor the deviation of these times; it is left out."
        reading.problems.append(Problem("W", None, "var", None, text))
    return reading


def parsed(name: str) -> Key | None:
    """The parts of a key, None if it is not built like one."""
    match = KEY.fullmatch(name)
    if match is None:
        return None
    out = (int(match["oh"]), int(match["ow"])) if match["oh"] else None
    rest = dict(pair.split(":") for pair in match["rest"].split("-") if pair)
    sizes = {size: int(match[size]) for size in ("h", "w", "cin", "cout")}
    return Key(match["op"], **sizes, out=out, rest={n: int(value) for n, value in rest.items()})


def _dialect(keys: Iterable[Key], answer: str | None) -> str:
    """Which of both dialects; `-se:` and `-hs:` are written in one of them only."""
    blocks = [key.rest for key in keys if "expand" in key.rest]
    expands = [rest["expand"] for rest in blocks]
    ratios = [value for value in expands if value <= LARGEST_RATIO]
    if ratios and any(value > SMALLEST_WIDTH for value in expands):
        raise Unreadable(BOTH)
    if answer in DIALECTS:
        return answer
    if any("se" in rest or "hs" in rest for rest in blocks):
        return OFA
    if len(ratios) == len(expands) and blocks:
        return PROXYLESS
    text = "Is 'expand' the number of middle channels (ofa) or a ratio (proxyless)?"
    raise Unsure(text, "dialect", DIALECTS)


def _row(line: int, name: str, key: Key | None, cell: Any, dialect: str) -> RawRow:
    raw = RawRow(line, None, _figures(cell, dialect))
    if key is None:
        text = f"the key is {shown(name)}; it must be such as 'Conv-input:224x224x3-output:…'."
        raw.reject("", shown(name), text)
        return raw
    kind = OPERATIONS.get(key.op)
    if kind is None:
        known = ", ".join(OPERATIONS)
        raw.reject("", shown(key.op), f"type {shown(key.op)} unknown; one of {known}.")
    else:
        raw.op = {name: value for name, value in kind(key, dialect).items() if value is not None}
        _check_output(raw, key)
    return raw


def _figures(cell: Any, dialect: str) -> dict[str, Any]:
    """Times of a cell: an object of figures, or the mean alone."""
    if not isinstance(cell, dict):
        return {"mean_ms": cell}
    known = {name: value for name, value in cell.items() if name in FIGURES}
    if dialect == PROXYLESS:
        known.pop("std", None) if "var" in cell else None
    return {FIGURES[name]: value for name, value in known.items()}


def _has_var(cell: Any) -> bool:
    return isinstance(cell, dict) and "var" in cell


def _check_output(raw: RawRow, key: Key) -> None:
    """The output that the key states must follow from its input and stride."""
    stride = raw.op.get("s", 1)
    wanted = [(size - 1) // stride + 1 if stride else 0 for size in (key.h, key.w)]
    if raw.op["type"] in ("gap", "linear") or key.out is None or list(key.out) == wanted:
        return
    text = (
        f"output {key.out[0]}×{key.out[1]} does not follow from input {key.h}×{key.w}, "
        f"stride {stride} ({wanted[0]}×{wanted[1]})."
    )
    raw.reject("", None, text)


def _act(dialect: str) -> str:
    """Activation outside of the blocks."""
    return "hswish" if dialect == OFA else "relu6"


def _sizes(key: Key) -> dict[str, Any]:
    return {"h": key.h, "w": key.w, "cin": key.cin, "cout": key.cout}


def _stem(key: Key, dialect: str) -> dict[str, Any]:
    stride = max(1, round(key.h / key.out[0])) if key.out and key.out[0] else 2
    return {"type": "conv", **_sizes(key), "k": 3, "s": stride, "act": _act(dialect)}


def _final(key: Key, dialect: str) -> dict[str, Any]:
    return {"type": "conv", **_sizes(key), "k": 1, "act": _act(dialect)}


def _mix(key: Key, dialect: str) -> dict[str, Any]:
    """The convolution behind the pooling has no batch norm."""
    return {**_final(key, dialect), "norm": "none"}


def _pool(key: Key, dialect: str) -> dict[str, Any]:
    del dialect
    return {"type": "gap", "h": key.h, "w": key.w, "cin": key.cin}


def _classifier(key: Key, dialect: str) -> dict[str, Any]:
    """With a map as its input it holds the pooling, too."""
    if dialect == PROXYLESS and key.h > 1:
        return {"type": "other", "tag": "pool+classifier", **_sizes(key)}
    return {"type": "linear", "cin": key.cin, "cout": key.cout}


def _block(key: Key, dialect: str) -> dict[str, Any]:
    rest = key.rest
    op: dict[str, Any] = {"type": "mbconv", **_sizes(key), "k": rest.get("kernel")}
    op |= {"s": rest.get("stride", 1), "skip": rest.get("idskip") == 1}
    if dialect == OFA:
        act = "hswish" if rest.get("hs") else "relu"
        return {**op, "mid": rest.get("expand"), "se": rest.get("se") == 1, "act": act}
    return {**op, "mid": key.cin * rest["expand"] if "expand" in rest else None, "act": "relu6"}


OPERATIONS = {
    "Conv": _stem,
    "expanded_conv": _block,
    "Conv_1": _final,
    "AvgPool2D": _pool,
    "Conv_2": _mix,
    "Logits": _classifier,
}
