"""Measure the models of a kit on this machine; needs Python >= 3.8, numpy and onnxruntime only.

    python webnas-kit-….zip                       the kit as it was downloaded
    python run.py --threads 1 --minutes 5         the same, unpacked

Writes profile.json, which webnas takes as an upload, and samples.json with every single time.
Stopped, or cut off, it goes on from there at the next start.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple, Union

from . import collecting, sending
from .kits import Kit, Samples, open_kit
from .machine import Conditions, load, memory_bytes, noise, profile
from .timing import (
    Item,
    Progress,
    Subject,
    Timing,
    bound_call,
    choose_clock,
    measure,
    open_session,
    random_inputs,
    repeatability,
    steps,
)

HERE = Path(__file__).resolve().parent.parent  # the unpacked folder, or the zip itself
SHOW_EVERY = 0.5  # seconds
LOADED = 2  # times its weights is what a model takes in memory
MEMORY_SHARE = 0.5  # of the machine's memory that models may take
LEAST_MEMORY = 2**30  # where the system does not tell


def prepare(item: Item, model: Union[Path, bytes], threads: int) -> Subject:
    """Returns the model of a manifest row, loaded and with inputs."""
    session = open_session(model if isinstance(model, bytes) else str(model), threads)
    feeds = random_inputs(session, seed=0)
    return Subject(item, session, feeds, bound_call(session, feeds))


def run_kit(
    kit: Kit,
    *,
    threads: int = 1,
    seconds: float = 300,
    progress: Optional[Progress] = None,
    before: Optional[List[Timing]] = None,
    keep: Optional[Callable[[List[Timing]], None]] = None,
) -> Tuple[Item, List[Timing]]:
    """Returns the profile and the raw times of the models that the manifest lists.

    Args:
        kit: the list; `items` have `file`, `role` and what the role needs.
        threads: threads of ONNX Runtime.
        seconds: cap on the wall time, loading included.
        progress: called with (steps done, steps at most).
        before: times of an earlier start.
        keep: called with all times after each pass.
    """
    started, conditions = time.monotonic(), Conditions(threads, load())
    items = kit.manifest["items"]
    timings = before or [Timing(item, []) for item in items]
    show = _whole(progress, timings)
    for places in rooms(items, (memory_bytes() or LEAST_MEMORY) * MEMORY_SHARE):
        share = places[-1] + 1  # of all models, up to the end of this group
        subjects = []
        for i in places:
            subjects.append(prepare(items[i], kit.model(items[i]), threads))
            if show:
                show()
        measure(
            subjects,
            choose_clock(threads)[1],
            seconds=started + seconds * share / len(items) - time.monotonic(),
            progress=show,
            before=[timings[i] for i in places],
            keep=(lambda _: keep(timings)) if keep else None,
        )
    return profile(kit.manifest, timings, conditions), timings


def rooms(items: List[Item], most_bytes: float) -> List[List[int]]:
    """Returns the places of the models in groups that fit into memory at once, in order.

    All in one group where that is possible: then noise spreads over all of them alike.
    """
    groups: List[List[int]] = [[]]
    filled = 0.0
    for place, item in enumerate(items):
        needed = LOADED * item.get("weight_bytes", 0)
        if groups[-1] and filled + needed > most_bytes:
            groups.append([])
            filled = 0.0
        groups[-1].append(place)
        filled += needed
    return groups


def _whole(progress: Optional[Progress], timings: List[Timing]) -> Optional[Callable[..., None]]:
    """Returns what shows the progress of all models, whatever is said of a group."""
    if progress is None:
        return None
    return lambda *_: progress(*steps(timings))


class Screen:
    """Shows how far it is and how long it can still take, on one line."""

    def __init__(self, seconds: float) -> None:
        self.started, self.seconds, self.shown = time.monotonic(), seconds, 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.shown < SHOW_EVERY and done < total:
            return
        self.shown = now
        left = max(self.seconds - (now - self.started), 0)
        print(
            "\r%d of at most %d timings, at most %d:%02d min left "
            % (done, total, left // 60, left % 60),
            end="",
            flush=True,
        )


def options_of(arguments: Optional[List[str]]) -> argparse.Namespace:
    """Returns what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="Measure the models of a webnas kit on this machine."
    )
    parser.add_argument("kit", nargs="?", default=str(HERE), help="a folder or a zip")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10, help="at most; default 10")
    parser.add_argument("--name", default="", help="what the device is called in webnas")
    parser.add_argument("--out", default="", help="folder for profile.json and samples.json")
    parser.add_argument("--afresh", action="store_true", help="forget an earlier start")
    parser.add_argument("--upload", default="", metavar="URL", help="address of webnas")
    parser.add_argument("--token", default=os.environ.get("WEBNAS_TOKEN", ""))
    parser.add_argument("--device", type=int, help="id of the device to add a version to")
    collecting.add_options(parser)
    options = parser.parse_args(arguments)
    if options.threads < 1:
        parser.error("--threads must be at least 1.")
    if options.upload and not options.token:
        parser.error("--upload needs --token, or WEBNAS_TOKEN in the environment.")
    return options


def folder_for(kit: Path, out: str) -> Path:
    """Returns where results go: into the unpacked kit, or a folder named like the zip."""
    folder = Path(out) if out else kit if kit.is_dir() else Path.cwd() / kit.stem
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def timed(kit: Kit, folder: Path, options: argparse.Namespace) -> Tuple[Item, List[Timing]]:
    """Returns profile and times of a run on this machine, which is kept pass by pass."""
    if options.threads > 1 and load() > (os.cpu_count() or 1) / 4:
        raise SystemExit("The machine is busy: with several threads nothing else may run.")
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise SystemExit(
            "The kit needs two packages: pip install numpy onnxruntime (%s)" % error
        ) from None
    samples = Samples(folder / "samples.json", kit.manifest, options.threads)
    before = None if options.afresh else samples.load(kit.manifest["items"])
    if before:
        print("Going on after %d passes." % min(len(timing.passes) for timing in before))
    print("Loading %d models." % len(kit.manifest["items"]))
    seconds = 60 * options.minutes
    return run_kit(
        kit,
        threads=options.threads,
        seconds=seconds,
        progress=Screen(seconds),
        before=before,
        keep=samples.save,
    )


def conclusion(timings: List[Timing]) -> str:
    """Returns in words how good the times are."""
    repeat = 100 * repeatability([t for t in timings if t.item["role"] == "op"])
    text = ["Times of blocks repeat within %.1f %%." % repeat]
    return " ".join(text + ["%s." % (found[0].upper() + found[1:]) for found in noise(timings)])


def main(arguments: Optional[List[str]] = None) -> None:
    """Measures a kit, writes its profile and sends it if that is wanted."""
    options = options_of(arguments)
    place = Path(options.kit)
    kit = open_kit(place)
    kit.manifest["name"] = options.name
    folder = folder_for(place, options.out)
    document: Any
    if options.collect:
        document = collecting.collected(kit.manifest, options)
    else:
        document, timings = timed(kit, folder, options)
        print("\n" + conclusion(timings))
    path = folder / "profile.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print("%s is ready to upload." % path)
    if options.upload:
        print("Uploaded: " + sending.send(document, options.upload, options.token, options.device))


if __name__ == "__main__":
    sys.exit("Start run.py beside the folder webnas_kit, or the zip itself.")
