"""The CSV form of a profile: facts in comment lines, one row per operation, model rows below.

A spreadsheet must not run what a stranger wrote into a profile, so cells that look like a
formula carry an apostrophe in front, which `unescaped` takes off again.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from devices.profiles.rules import SCHEMA, rules
from devices.profiles.vocabulary import FIELDS

RENAMED = ("provenance.kind", "device.bandwidth_bytes_per_s")
# Name in a comment line -> where it belongs in the document.
FACTS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "space": ("space",),
    "overhead_ms": ("overhead_ms",),
    "content_sha256": ("content_sha256",),
    "kind": ("device", "kind"),
    "peak_fp32": ("device", "peak_flops", "fp32"),
    "peak_tf32": ("device", "peak_flops", "tf32"),
    "peak_fp16": ("device", "peak_flops", "fp16"),
    "peak_bf16": ("device", "peak_flops", "bf16"),
    "peak_int8": ("device", "peak_flops", "int8"),
    "peak_int4": ("device", "peak_flops", "int4"),
    "bandwidth": ("device", "bandwidth_bytes_per_s"),
    "power_idle_w": ("device", "power_w", "idle"),
    "power_active_w": ("device", "power_w", "active"),
    "power_tdp_w": ("device", "power_w", "tdp"),
    "provenance": ("provenance", "kind"),
    **{
        name: (section, name)
        for section in ("provenance", "runtime", "device")
        for name, rule in rules(section).items()
        if rule.kind != "object" and f"{section}.{name}" not in RENAMED
    },
}
ALIASES: Mapping[str, str] = {"bandwidth_bytes_per_s": "bandwidth"}
FIGURES = tuple(rules("entries"))
# The first eight are the documented ones; the rest keep what the JSON form knows.
MODEL_COLUMNS = ("arch", "mean_ms", "std_ms", "p95_ms", "runs", "energy_mj", "peak_mem_bytes",
                 "split", "macs", "file_bytes", "model_sha256")  # fmt: skip
FORMULA = re.compile(r"[=+\-@\t\r']")
NEEDS_QUOTES = re.compile(r'[",\r\n]')
# Texts that stand in a comment line as they are; in a line of their own commas may join words.
PLAIN = re.compile(r"[^;,\s\"'=+@-](?:[^;,\t\n\r\"]*[^;,\s\"])?")
ALONE = re.compile(r"\w(?:[^;,\t\n\r\"=+@]|, ?\w)*\w")


def write(document: Mapping[str, Any]) -> str:
    """The CSV text of a profile document."""
    lines = [f"#{SCHEMA}", *(f"#{_facts_line(document, names)}" for names in _lines(document))]
    rows = [row["op"] | {name: row.get(name) for name in FIGURES} for row in document["entries"]]
    used = {name for row in rows for name, value in row.items() if value is not None}
    used |= {"type", "mean_ms"}
    columns = [name for name in (*FIELDS, *FIGURES) if name in used]
    lines.append(_line(columns))
    lines += [_line([_cell(row.get(name)) for name in columns]) for row in rows]
    for row in document.get("models", ()):
        cells = ["#model", *(_cell(row.get(name)) for name in MODEL_COLUMNS)]
        while not cells[-1]:
            cells.pop()
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    """A row; unlike those of the csv module it keeps a carriage return inside a cell."""
    return ",".join(
        '"' + cell.replace('"', '""') + '"' if NEEDS_QUOTES.search(cell) else cell
        for cell in cells
    )


def escaped(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    """The text of a cell that `escaped` wrote."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell, 1) else cell


def _lines(document: Mapping[str, Any]) -> list[list[str]]:
    """Which facts stand together in a comment line: the name, then those of each part."""
    present = [name for name, path in FACTS.items() if _at(document, path) is not None]
    groups = [
        [name for name in present if FACTS[name][0] == part]
        for part in ("name", "device", "runtime", "provenance")
    ]
    loose = [name for name in present if len(FACTS[name]) == 1 and name != "name"]
    return [group for group in (*groups, loose) if group]


def _facts_line(document: Mapping[str, Any], names: list[str]) -> str:
    pairs = [f"{name}={_fact(_at(document, FACTS[name]), names)}" for name in names]
    return "; ".join([*pairs, "unit=ms"] if "engine" in names else pairs)


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = document
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _fact(value: object, names: list[str]) -> str:
    """A value behind its name; a text that could be cut or run is a JSON string without commas."""
    if not isinstance(value, str):
        return _cell(value)
    if PLAIN.fullmatch(value) or (len(names) == 1 and ALONE.fullmatch(value)):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[;,=+@-]", lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    return escaped(value) if isinstance(value, str) else repr(value)
