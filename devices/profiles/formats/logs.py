"""Logs of the benchmark programs of ncnn and MNN: whole networks by name, in ms.

ncnn prints `name  min = …  max = …  avg = …` below its settings, MNN `[ - ] name.mnn  max = …`
below `Forward type`. A log may hold several settings; one of them makes a profile.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from devices.profiles import known_networks
from devices.profiles.formats import networks
from devices.profiles.formats.reading import Reading, Unsure, foreign, too_many
from devices.profiles.parsing import Document, Unreadable, lines, number
from devices.profiles.rules import most

# Lines come with single spaces, so that no pattern can search for long.
FIGURE = r" ?= ?(?P<{}>[^ =]{{1,30}}?) ?(?:ms)?"
LOW, HIGH, MEAN = (FIGURE.format(name) for name in ("low", "high", "avg"))
NCNN = re.compile(rf"(?P<name>[^ ].{{0,100}}?) min{LOW} max{HIGH} avg{MEAN}")
MNN = re.compile(rf"\[ ?- ?\] (?P<name>[^ ].{{0,100}}?) max{HIGH} min{LOW} avg{MEAN}")
NCNN_SETTING = re.compile(r"(loop_count|num_threads|powersave|gpu_device) ?= ?(-?\d{1,6})")
FORWARD = re.compile(r"Forward type: \**(\w{1,20})\**")
NAMED = re.compile(r"(thread|precision) ?= ?(\d{1,4})")
MNN_LOOP = re.compile(r"Benchmarking\.\.\. loop ?= ?(\d{1,6})")
LONGEST, MOST_SECTIONS = 400, 50
HALF_PRECISION = "2"  # of MNN: low


@dataclass(slots=True)
class Section:
    """The times below one group of settings."""

    settings: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, re.Match[str]]] = field(default_factory=list)

    def title(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.settings.items())


def read_ncnn(document: Document) -> Reading:
    """The log of benchncnn.

    Raises:
        Unreadable: no line of a time.
        Unsure: several settings, and no answer says which.
    """
    section = _chosen(document, list(_sections(document, NCNN, _ncnn_setting)))
    settings = section.settings
    runtime: dict[str, Any] = {"engine": "ncnn", "batch": 1}
    if int(settings.get("gpu_device", -1)) >= 0:
        runtime |= {"delegate": "vulkan", "threads": 0}
    elif "num_threads" in settings:
        runtime["threads"] = int(settings["num_threads"])
    return _reading(section, runtime, settings.get("loop_count"))


def read_mnn(document: Document) -> Reading:
    """The log of MNN's benchmark.out; errors as in `read_ncnn`."""
    section = _chosen(document, list(_sections(document, MNN, _mnn_setting)))
    settings = section.settings
    runtime: dict[str, Any] = {"engine": "mnn", "batch": 1}
    on_cpu = settings.get("forward", "cpu").lower() == "cpu"
    if not on_cpu:
        runtime |= {"delegate": settings["forward"].lower(), "threads": 0}
    elif "thread" in settings:
        runtime["threads"] = int(settings["thread"])
    if "precision" in settings:
        runtime["dtype"] = "fp16" if settings["precision"] == HALF_PRECISION else "fp32"
        runtime["flags"] = f"precision={settings['precision']}"
    return _reading(section, runtime, settings.get("loop"))


def _ncnn_setting(text: str) -> dict[str, str]:
    match = NCNN_SETTING.fullmatch(text)
    return {match[1]: match[2]} if match else {}


def _mnn_setting(text: str) -> dict[str, str]:
    forward = FORWARD.search(text)
    if forward:
        return {"forward": forward[1], **dict(NAMED.findall(text))}
    loop = MNN_LOOP.search(text)
    return {"loop": loop[1]} if loop else {}


def _sections(document: Document, row: re.Pattern[str], setting: Any) -> Iterator[Section]:
    """A setting behind a time begins the next section."""
    section = Section()
    for line, text in enumerate(lines(document.text), 1):
        words = " ".join(text[:LONGEST].split())
        match = row.fullmatch(words)
        if match:
            section.rows.append((line, match))
            continue
        found = setting(words)
        if found and section.rows:
            yield section
            section = Section()
        section.settings |= found
    if section.rows:
        yield section


def _chosen(document: Document, sections: Iterable[Section]) -> Section:
    found = list(islice(sections, MOST_SECTIONS))
    if not found:
        raise Unreadable(
            "No line of the log holds a time such as 'min = 1.0  max = 1.2  avg = 1.1'."
        )
    titles = [f"{number_of}: {section.title()}" for number_of, section in enumerate(found, 1)]
    answer = document.answers.get("metric")
    if len(found) == 1:
        return found[0]
    if answer in titles:
        return found[titles.index(answer)]
    raise Unsure("Which settings of the log?", "metric", titles)


def _reading(section: Section, runtime: dict[str, Any], loop: str | None) -> Reading:
    """Networks that are known by name; the others have nothing to be predicted from."""
    reading = foreign("Line", "ms", runtime=runtime)
    unknown = []
    for line, match in section.rows[: most("models") + 1]:
        name = match["name"]
        if known_networks.known(name) is None:
            unknown.append(name)
            continue
        figures: dict[str, Any] = {"mean_ms": number(match["avg"], decimal_comma=False)}
        if loop:
            figures["runs"] = int(loop)
        reading.models.append(networks.row(line, name, figures))
    reading.problems += [*networks.left_out(unknown)]
    reading.problems += filter(None, [too_many("models", len(section.rows))])
    return reading
