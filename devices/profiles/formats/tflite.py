"""Logs and CSV files of LiteRT's `benchmark_model`: one network per file.

Operators come without shapes, so that no row can be made of them; what remains is the network's
own time: `Inference` in µs, else the sum of the operators of the regular run (ms per call, times
called). The tables by computation time and by type repeat or contradict that one and are ignored.
"""

import re
from pathlib import PurePosixPath
from typing import Any

from devices.profiles.formats import networks
from devices.profiles.formats.reading import Reading, foreign
from devices.profiles.parsing import Document, Unreadable, lines
from devices.profiles.problems import Problem, figure

REGULAR = "Operator-wise Profiling Info for Regular"
INFERENCE = re.compile(r"Inference timings in us:.*?Inference(?: \(avg\))?: ?([\d.e+]{1,20})")
INFERENCE_AVG = re.compile(r"Average inference timings in us:.*?Inference: ?([\d.e+]{1,20})")
COUNT = re.compile(r"count=(\d{1,9}) .{0,200}?avg=([\d.e+]{1,20}) std=([\d.e+]{1,20})")
THREADS = re.compile(r"threads.{0,40}?: ?\[?(\d{1,4})\]?", re.IGNORECASE)
GRAPH = re.compile(r"Graph: ?\[([^\]]{1,300})\]")
DELEGATE = re.compile(r"(XNNPACK|GPU|NNAPI|Hexagon|CoreML) delegate", re.IGNORECASE)
CELLS = re.compile(r"\s*,\s*|\s*\t\s*|\s{2,}")
LONGEST = 600
BORDER = "====="


def read(document: Document) -> Reading:
    """The network's time under the name of its graph or file.

    Raises:
        Unreadable: neither a total nor operators of the regular run.
    """
    found = _Found()
    for line in lines(document.text):
        found.take(line[:LONGEST].strip())
    total_us = found.total_us or 1000 * found.sum_ms
    if not total_us > 0:
        raise Unreadable("The log holds neither 'Inference timings in us' nor a regular run.")
    runtime = {"engine": "litert", "batch": 1, "clock": "wall", **found.facts}
    reading = foreign("Line", "ms", runtime=runtime)
    figures: dict[str, Any] = {"mean_ms": total_us / 1000, **found.spread(total_us)}
    name = found.graph or PurePosixPath(document.name).name
    reading.models.append(networks.row(1, name, figures))
    if found.total_us and found.sum_ms > 0:
        reading.problems += [*_disagreement(found.total_us / 1000, found.sum_ms)]
    return reading


class _Found:
    """What the lines told so far."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.graph = ""
        self.total_us = 0.0
        self.sum_ms = 0.0
        self.counts: list[tuple[float, float, float]] = []  # number, mean, deviation in µs
        self._is_regular = False
        self._columns: dict[str, int] = {}

    def take(self, line: str) -> None:
        if REGULAR in line:
            self._is_regular = True
        elif BORDER in line:
            self._columns = {}
            self._is_regular &= "Run Order" in line or not self.sum_ms
        elif "node type" in line.lower() and self._is_regular and not self.sum_ms:
            names = (cell.strip("[] ").lower() for cell in CELLS.split(line))
            self._columns = {name.replace("_", " "): at for at, name in enumerate(names)}
        elif self._columns:
            self._add_operator(line)
        else:
            self._note_facts(line)

    def spread(self, total_us: float) -> dict[str, Any]:
        """Deviation and number of the runs whose mean the total is."""
        for number, mean, deviation in reversed(self.counts):
            if abs(mean - total_us) <= 0.01 * total_us:
                return {"runs": int(number), "std_ms": deviation / 1000}
        return {}

    def _add_operator(self, line: str) -> None:
        cells = CELLS.split(line)
        times, mean = self._columns.get("times called"), self._columns.get("avg ms")
        if mean is None or len(cells) <= mean:
            self._columns = {}
            return
        calls = _number(cells[times]) if times is not None and len(cells) > times else 1.0
        self.sum_ms += _number(cells[mean]) * max(calls, 1.0)

    def _note_facts(self, line: str) -> None:
        if match := INFERENCE_AVG.search(line) or INFERENCE.search(line):
            self.total_us = _number(match[1])
        elif match := COUNT.search(line):
            self.counts.append((_number(match[1]), _number(match[2]), _number(match[3])))
        elif match := GRAPH.search(line):
            self.graph = PurePosixPath(match[1].replace("\\", "/")).name
        elif match := DELEGATE.search(line):
            self.facts.setdefault("delegate", match[1].lower())
        elif match := THREADS.search(line):
            self.facts.setdefault("threads", int(match[1]))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value < 1e15 else 0.0


def _disagreement(total_ms: float, sum_ms: float) -> list[Problem]:
    """Operators profiled on a delegate may be in cycles; then their sum is far from the time."""
    if 0.5 < sum_ms / total_ms < 2:
        return []
    text = (
        f"The operators add up to {figure(sum_ms)} ms, the network takes {figure(total_ms)} ms; "
        "the network's time is kept."
    )
    return [Problem("W", None, "mean_ms", None, text)]
