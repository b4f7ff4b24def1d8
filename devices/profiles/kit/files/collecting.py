"""A profile from what other tools said about the models of the kit, one log for each.

A log is named like its model: `models/3f2a….onnx` was timed in `3f2a….json`, `.txt`, `.log` or
`.csv`. So no shapes are needed in it.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from .machine import document
from .timing import Item, Timing

DTYPES = ["fp32", "tf32", "fp16", "bf16", "int8"]
SUFFIXES = (".json", ".txt", ".log", ".csv")
NS_PER_MS = 1e6
LITERT = re.compile(
    r"count=(\d+).*?\bmin=([\d.e+]+).*?\bavg=([\d.e+]+)\s+std=([\d.e+]+)"  # us
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what must be said about times that were taken elsewhere."""
    group = parser.add_argument_group("times of other tools")
    group.add_argument("--collect", default="", metavar="LOGS", help="folder, a log per model")
    group.add_argument("--engine", default="", choices=["", *sorted(ENGINES)])
    group.add_argument("--kind", default="gpu", choices=["gpu", "mobile", "cpu", "npu"])
    group.add_argument("--dtype", default="fp32", choices=DTYPES)
    group.add_argument("--model", default="", help="what the device is")


def collected(manifest: Item, options: argparse.Namespace) -> Item:
    """Returns the profile that the logs in a folder make.

    Raises:
        SystemExit: no engine was named, a log is unreadable, or there is none at all.
    """
    if not options.engine:
        raise SystemExit("--collect needs --engine: one of %s." % ", ".join(sorted(ENGINES)))
    folder, timings, missing = Path(options.collect), [], 0
    for item in manifest["items"]:
        found = _log_of(folder, item)
        if found is None:
            missing += 1
            continue
        times = read_log(found, options.engine)
        timings.append(Timing(item, [[int(ms * NS_PER_MS)] for ms in times]))
    if not any(timing.item["role"] in ("op", "model") for timing in timings):
        raise SystemExit("No log in %s is named like a model of this kit." % folder)
    if missing:
        print("%d of %d models have no log." % (missing, len(manifest["items"])))
    return _profile(manifest, timings, options)


def _profile(manifest: Item, timings: List[Timing], options: argparse.Namespace) -> Item:
    runtime = {
        "engine": options.engine,
        "dtype": options.dtype,
        "threads": options.threads,
        "clock": "device" if options.kind in ("gpu", "npu") else "wall",
    }
    found = document(manifest, timings, runtime)
    found["device"] = {"kind": options.kind}
    if options.model:
        found["device"]["model"] = options.model
    found["name"] = options.name or options.model or "%s, %s" % (options.kind, options.engine)
    found["provenance"]["notes"] = "collected from logs of %s" % options.engine
    return found


def _log_of(folder: Path, item: Item) -> Optional[Path]:
    stem = Path(item["file"]).stem
    for suffix in SUFFIXES:
        if (folder / (stem + suffix)).is_file():
            return folder / (stem + suffix)
    return None


def read_log(path: Path, engine: str) -> List[float]:
    """Returns the times in a log, in ms.

    Raises:
        SystemExit: there are none in it.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        times = ENGINES[engine](text)
    except (ValueError, KeyError, TypeError):
        times = []
    if not times or min(times) <= 0:
        raise SystemExit("No times of %s were found in %s." % (engine, path.name))
    return times


def tensorrt(text: str) -> List[float]:
    """Returns `computeMs` of each run, as `trtexec --exportTimes` writes them."""
    rows: List[Dict[str, Any]] = json.loads(text)
    return [float(row["computeMs"]) for row in rows]


def litert(text: str) -> List[float]:
    """Returns the mean of the runs after warm-up, as `benchmark_model` prints it in us."""
    found = LITERT.findall(text)
    return [float(found[-1][2]) / 1e3] if found else []


def executorch(text: str) -> List[float]:
    """Returns the runs of the whole method from the CSV of ExecuTorch's Inspector, in ms."""
    for row in csv.DictReader(io.StringIO(text)):
        if row.get("event_name") == "Method::execute":
            raw = (row.get("raw") or "").strip("[] ")
            return [float(ms) for ms in raw.split(",")] if raw else [float(row["p50 (ms)"])]
    return []


ENGINES: Dict[str, Callable[[str], List[float]]] = {
    "tensorrt": tensorrt,
    "litert": litert,
    "executorch": executorch,
}
