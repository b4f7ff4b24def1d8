"""A profile format: the table that a made-up measuring program writes.

The first line is `sample timings of Lab board, cpu, 1 thread, us`; the others are such as
`conv 3x3 8x8x3 -> 16: 41.5` and `linear 16 -> 10: 2.25`.
"""

import re
from typing import Any

from devices.profiles.formats.reading import RawRow, Reading
from devices.profiles.parsing import Document, number

HEAD = re.compile(r"sample timings of (?P<name>[^,]+), (?P<kind>\w+), (?P<threads>\d+) thread")
CONV = re.compile(r"conv (?P<k>\d+)x\d+ (?P<h>\d+)x\d+x(?P<cin>\d+) -> (?P<cout>\d+): (?P<us>\S+)")
LINEAR = re.compile(r"linear (?P<cin>\d+) -> (?P<cout>\d+): (?P<us>\S+)")


def read(document: Document) -> Reading:
    """The rows in the words of the native form; whatever is wrong is said line by line later."""
    first, *rest = document.text.splitlines()
    head = HEAD.match(first)
    facts = _facts(head) if head else {}
    reading = Reading(facts, "Line", units={"mean_ms": "us"})
    for line, text in enumerate(rest, start=2):
        reading.rows.append(_row(line, text))
    return reading


def _facts(head: re.Match[str]) -> dict[str, Any]:
    """What the first line says, in the shape of the native JSON; what is missing is asked for."""
    threads = int(head["threads"])
    return {
        "schema": "webnas.device-profile/1",
        "name": head["name"],
        "device": {"kind": head["kind"]},
        "runtime": {"engine": "sample", "dtype": "fp32", "batch": 1, "threads": threads},
        "provenance": {"kind": "measured"},
    }


def _row(line: int, text: str) -> RawRow:
    for kind, pattern in (("conv", CONV), ("linear", LINEAR)):
        if found := pattern.fullmatch(text.strip()):
            sizes = {name: int(value) for name, value in found.groupdict().items() if name != "us"}
            mean = number(found["us"], decimal_comma=False)
            return RawRow(line, {"type": kind, **sizes}, {"mean_ms": mean})
    row = RawRow(line, None, {})
    row.reject("", text, "it is neither a convolution nor a linear layer.")
    return row
