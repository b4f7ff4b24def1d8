"""An archive of files of one layout: one table per resolution, or one log per block of a kit.

With the kit's `manifest.json` among them a log belongs to the block or network of its file's name,
which gives shapes to tools that write none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from devices.profiles.formats import registry
from devices.profiles.formats.reading import MS_PER_UNIT, RawRow, Reading
from devices.profiles.parsing import Document, Unreadable
from devices.profiles.problems import Problem, shown

MANIFEST = "webnas.kit/"
MOST_MS = 1e12  # whole numbers of JSON may have thousands of digits
PASSED_ON = ("macs", "file_bytes", "split")
Item = Mapping[str, Any]


def read(document: Document) -> Reading:
    """All rows under their files' names.

    Raises:
        Unreadable: a file of no known layout, or files of several ones, or of several settings.
    """
    items, files = _manifest(document.files)
    named = [(file, _layout(file)) for file in files]
    layouts = sorted({name for _, name in named})
    if len(layouts) != 1:
        listed = ", ".join(layouts) or "none"
        text = f"The files are of several layouts ({listed}); upload them apart."
        raise Unreadable(text)
    load = registry.FORMATS[layouts[0]].load()
    readings = []
    for file in files:
        try:
            readings.append(load(file))
        except Unreadable as error:
            text = f"{shown(file.name)} in the archive: {error.problem.text}"
            raise Unreadable(text, line=error.problem.line) from error
    merged = _merged([file.name for file in files], readings)
    return _assigned(merged, items) if items else merged


def _layout(file: Document) -> str:
    name = registry.recognised(file)
    if name is None or name == "several":
        raise Unreadable(f"{shown(file.name)} in the archive has no known layout.")
    return name


def _manifest(files: Sequence[Document]) -> tuple[dict[str, Item], list[Document]]:
    """Items of the kit's manifest by the stem of their file, and the other files."""
    items: dict[str, Item] = {}
    others = []
    for file in files:
        value = file.value
        if isinstance(value, dict) and str(value.get("schema")).startswith(MANIFEST):
            listed = value.get("items")
            for item in listed if isinstance(listed, list) else ():
                if isinstance(item, dict) and isinstance(item.get("file"), str):
                    items[_stem(item["file"])] = item
        else:
            others.append(file)
    return items, others


def _stem(name: str) -> str:
    """`ab12` of `ops/ab12.onnx` and of `ab12.log.json`."""
    return PurePosixPath(name.replace("\\", "/")).name.split(".")[0]


def _merged(names: Sequence[str], readings: Sequence[Reading]) -> Reading:
    """One reading; facts and units must not contradict each other."""
    whole = readings[0]
    found = Reading(whole.document, whole.place)
    for name, reading in zip(names, readings, strict=True):
        _agree(found.document, reading.document, name)
        for raw in (*reading.rows, *reading.models):
            raw.file = name
        found.rows += reading.rows
        found.models += reading.models
        found.problems += [replace(p, text=f"{name}: {p.text}") for p in reading.problems]
        for own, other in (
            (found.units, reading.units),
            (found.model_units, reading.model_units),
        ):
            for figure, unit in other.items():
                own[figure] = unit if own.get(figure, unit) == unit else None
    return found


def _agree(whole: dict[str, Any], other: Mapping[str, Any], name: str) -> None:
    for section in ("device", "runtime"):
        facts = whole.setdefault(section, {})
        for fact, value in other.get(section, {}).items():
            if facts.setdefault(fact, value) != value:
                text = (
                    f"{fact} is {shown(value)} in {shown(name)}, {shown(facts[fact])} in another "
                    "file; upload them apart."
                )
                raise Unreadable(text)


def _assigned(reading: Reading, items: Mapping[str, Item]) -> Reading:
    """Whole networks become the blocks and networks of the kit that was measured."""
    models, reading.models = reading.models, []
    unknown = []
    for raw in models:
        item = items.get(_stem(raw.file))
        if item is None:
            unknown.append(raw.file)
        elif item.get("role") == "identity":
            _note_overhead(reading, raw)
        elif item.get("role") == "op":
            raw.op, raw.faults = item.get("op"), []
            raw.figures = {n: v for n, v in raw.figures.items() if n not in ("arch", "macs")}
            reading.rows.append(raw)
        elif isinstance(item.get("arch"), dict):
            _name_network(raw, item)
            reading.models.append(raw)
    if unknown:
        names = shown(", ".join(unknown))
        text = f"{len(unknown)} logs are of nothing in the manifest and are left out: {names}."
        reading.problems.append(Problem("W", None, None, str(len(unknown)), text))
    return reading


def _name_network(raw: RawRow, item: Item) -> None:
    raw.faults = []
    raw.figures["arch"] = item["arch"]
    raw.figures |= {name: item[name] for name in PASSED_ON if name in item}


def _note_overhead(reading: Reading, raw: RawRow) -> None:
    """The identity costs what a call costs; in the unit of the other times, ms or to be said."""
    mean, unit = raw.figures.get("mean_ms"), reading.model_units.get("mean_ms")
    if isinstance(mean, (int, float)) and abs(mean) < MOST_MS and unit is not None:
        reading.document["overhead_ms"] = mean * MS_PER_UNIT[unit]
