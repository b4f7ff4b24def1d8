"""Measure the models of a kit on this machine; needs Python >= 3.8, numpy and onnxruntime only.

    python run.py                                   the kit beside this file
    python run.py FOLDER --threads 1 --minutes 5 --name "My board"

Reads FOLDER/manifest.json, times every ONNX file and writes FOLDER/profile.json, which webnas
takes as an upload, and FOLDER/samples.json with every single time.

How: the models are shuffled anew for each pass, so that a burst of load or a change of clock
spreads over all of them. With one thread the clock is the CPU time of that thread, which does
not count what other processes take; with more it is wall time. Noise adds time, so a pass counts
by its fast runs and a model by its fast passes: the lower decile of the runs, then the lower
quartile of the passes. The plain minimum is not safe: virtual machines now and then credit a
thread with 10 us too little (seen: 10 instead of 20 us in one of 6 passes). The difference
between the even and the odd passes says how repeatable the times are; measuring ends when it is
small enough, or at the cap.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

VERSION = "1"
WARM_UPS = 3
MIN_RUNS, MAX_RUNS = 4, 120  # of one model in one pass
MIN_PASSES, MAX_PASSES = 6, 24  # even, so that both halves are equally long
PASS_NS = 20_000_000  # aimed at per model and pass
REPEAT_GOAL = 0.01  # split-half difference of the median row at which measuring ends
DRIFT_WARNING = 0.05  # last pass against first

Clock = Callable[[], int]
Progress = Callable[[int, int], None]
Item = Dict[str, Any]  # one row of the manifest


class Subject(NamedTuple):
    """A model that is ready to be timed: `call` runs it once on the arrays in `feeds`."""

    item: Item
    session: Any
    feeds: Dict[str, Any]
    call: Callable[[], Any]


class Timing(NamedTuple):
    """All times of one model: a list of passes, each a list of runs, in nanoseconds."""

    item: Item
    passes: List[List[int]]

    def samples(self) -> List[int]:
        """One time per pass: the lower decile of its runs."""
        return [lower(runs, 0.1) for runs in self.passes]

    def best_ms(self) -> float:
        return max(lower(self.samples(), 0.25), 1) / 1e6


def lower(values: List[int], share: float) -> int:
    """Returns the value that this share of the others does not exceed; of few the smallest."""
    return sorted(values)[int(share * len(values))]


def choose_clock(threads: int) -> Tuple[str, Clock]:
    """Returns ("cpu", thread CPU time) for one thread where the system counts it finely.

    Otherwise ("wall", monotonic time).
    """
    fine = time.get_clock_info("thread_time").resolution <= 1e-6
    if threads == 1 and fine:
        return "cpu", time.thread_time_ns
    return "wall", time.perf_counter_ns


def open_session(model: bytes, threads: int) -> Any:
    """Returns the ONNX Runtime session of a model on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64}


def random_inputs(session: Any, seed: int) -> Dict[str, Any]:
    """Returns one array per input of the session: normal floats, zeros for anything else."""
    rng = np.random.default_rng(seed)
    feeds = {}
    for value in session.get_inputs():
        dtype = TYPES[value.type]
        shape = sizes(value)
        array = rng.standard_normal(shape) if dtype != np.int64 else np.zeros(shape)
        feeds[value.name] = array.astype(dtype)
    return feeds


def sizes(value: Any) -> List[int]:
    """Returns the shape of an input or output, 1 for what is left open."""
    return [size if isinstance(size, int) else 1 for size in value.shape]


def bound_call(session: Any, feeds: Dict[str, Any]) -> Callable[[], Any]:
    """Returns a call that reads and writes memory set aside before.

    As inside a network: a plain call makes a new output array each time and fills it, which for a
    large map costs as much as the block (with it the sum of blocks was 8 instead of 12 % too
    large for small networks).
    """
    from onnxruntime import OrtValue

    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_ortvalue_input(name, OrtValue.ortvalue_from_numpy(array))
    for value in session.get_outputs():
        place = OrtValue.ortvalue_from_shape_and_type(sizes(value), TYPES[value.type])
        binding.bind_ortvalue_output(value.name, place)
    return lambda: session.run_with_iobinding(binding)


def prepare(item: Item, model: bytes, threads: int) -> Subject:
    """Returns the model of a manifest row, loaded and with inputs."""
    session = open_session(model, threads)
    feeds = random_inputs(session, seed=0)
    return Subject(item, session, feeds, bound_call(session, feeds))


def time_once(call: Callable[[], Any], clock: Clock, runs: Optional[int] = None) -> List[int]:
    """Returns the times of one pass over one model; without `runs` as many as fit the slice."""
    warm = _times(call, clock, WARM_UPS)
    if runs is None:
        runs = max(MIN_RUNS, min(MAX_RUNS, PASS_NS // max(min(warm), 1)))
    return _times(call, clock, runs)


def _times(call: Callable[[], Any], clock: Clock, runs: int) -> List[int]:
    times = []
    for _ in range(runs):
        start = clock()
        call()
        times.append(clock() - start)
    return times


def split_half(timing: Timing) -> float:
    """Returns the relative difference between the times from the even and the odd passes."""
    samples = timing.samples()
    if len(samples) < 2:
        return 1.0
    even, odd = lower(samples[::2], 0.25), lower(samples[1::2], 0.25)
    return 2 * abs(even - odd) / max(even + odd, 1)


def repeatability(timings: List[Timing]) -> float:
    """Returns the split-half difference of the median model."""
    return float(np.median([split_half(timing) for timing in timings])) if timings else 1.0


def drift(timings: List[Timing]) -> float:
    """Returns how much slower the last pass was than the first, as a share, median over models."""
    shares = [t.samples()[-1] / max(t.samples()[0], 1) - 1 for t in timings]
    return float(np.median(shares)) if shares else 0.0


def measure(
    subjects: List[Subject],
    clock: Clock,
    *,
    seconds: float,
    seed: int = 0,
    progress: Optional[Progress] = None,
) -> List[Timing]:
    """Returns the times of every model, in the order given.

    Args:
        subjects: the models.
        clock: nanoseconds, of the thread or of the wall.
        seconds: cap on the wall time; the first pass is always finished.
        seed: of the order in which the models take turns.
        progress: called with (models timed, models at most) after each.
    """
    timings = [Timing(subject.item, []) for subject in subjects]
    order, rng = list(range(len(subjects))), random.Random(seed)
    end = time.monotonic() + seconds
    done, total = 0, len(subjects) * MAX_PASSES
    for number in range(MAX_PASSES):
        rng.shuffle(order)
        for index in order:
            if number and time.monotonic() > end:
                return timings
            timings[index].passes.append(time_once(subjects[index].call, clock))
            done += 1
            if progress:
                progress(done, total)
        enough = number + 1 >= MIN_PASSES and number % 2 == 1
        if enough and repeatability(timings) <= REPEAT_GOAL:
            break
    return timings


def statistics(timing: Timing) -> Dict[str, Any]:
    """Returns the time columns of an entry: each run of them is the good time of one pass."""
    samples = np.array(timing.samples()) / 1e6
    return {
        "mean_ms": timing.best_ms(),
        "min_ms": float(samples.min()),
        "std_ms": float(samples.std()),
        "p50_ms": float(np.percentile(samples, 50)),
        "p95_ms": float(np.percentile(samples, 95)),
        "runs": len(samples),
    }


def first_line(path: str) -> str:
    """Returns the first line of a system file, or an empty text."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()[0].strip()
    except (OSError, IndexError):
        return ""


def processor() -> str:
    """Returns the processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    names = {key.strip(): value.strip() for key, value in fields.items()}
    return names.get("model name") or names.get("Model") or platform.processor() or "unknown CPU"


def load() -> float:
    """Returns the load average of the last minute, 0 where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def memory_bytes() -> Optional[int]:
    """Returns the size of the main memory, if the system tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def device(timings: List[Timing], threads: int) -> Dict[str, Any]:
    """Returns the facts about this machine; peak and bandwidth come from the probes."""
    facts: Dict[str, Any] = {"kind": "cpu", "model": processor()}
    if memory_bytes():
        facts["memory_bytes"] = memory_bytes()
    for timing in timings:
        seconds = timing.best_ms() / 1e3
        if timing.item.get("probe") == "gemm":
            facts["peak_flops"] = {"fp32": 2 * timing.item["macs"] / seconds}
            facts["peak_is_dense"] = True
        elif timing.item.get("probe") == "copy":
            facts["bandwidth_bytes_per_s"] = timing.item["bytes"] / seconds
    facts["facts_source"] = "measured by the kit: matrix product and copy, %d thread%s" % (
        threads,
        "" if threads == 1 else "s",
    )
    return facts


def notes(timings: List[Timing]) -> str:
    """Returns in words how the times were taken and what looked odd."""
    governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    kernel = "%s %s, Python %s" % (
        platform.system(),
        platform.machine(),
        platform.python_version(),
    )
    text = [
        "mean_ms is the lower quartile of %d shuffled passes" % _n_passes(timings),
        kernel,
    ]
    if governor:
        text.append("governor " + governor)
    if drift(timings) > DRIFT_WARNING:
        text.append("the last pass was %.0f %% slower than the first" % (100 * drift(timings)))
    return "; ".join(text)


def _n_passes(timings: List[Timing]) -> int:
    return max((len(timing.passes) for timing in timings), default=0)


def profile(manifest: Item, timings: List[Timing], *, threads: int, load_before: float) -> Item:
    """Returns the device profile as a native webnas document."""
    import onnxruntime

    roles: Dict[str, List[Timing]] = {"op": [], "model": [], "identity": [], "peak": []}
    for timing in timings:
        roles[timing.item["role"]].append(timing)
    space = {"space": manifest["space"]} if manifest.get("space") else {}
    return {
        "schema": "webnas.device-profile/1",
        "name": manifest.get("name") or processor(),
        "device": device(roles["peak"], threads),
        "runtime": {
            "engine": "onnxruntime",
            "version": onnxruntime.__version__,
            "delegate": "CPUExecutionProvider",
            "dtype": manifest.get("dtype", "fp32"),
            "batch": manifest.get("batch", 1),
            "threads": threads,
            "clock": choose_clock(threads)[0],
        },
        "provenance": {
            "kind": "measured",
            "tool": "webnas-kit",
            "tool_version": VERSION,
            "kit_id": manifest["kit_id"],
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "host_load": load_before,
            "repeat_rel": repeatability(roles["op"]),
            "notes": notes(timings),
        },
        **space,
        "overhead_ms": min((timing.best_ms() for timing in roles["identity"]), default=0.0),
        "entries": [_entry(timing) for timing in roles["op"]],
        "models": [_model(timing) for timing in roles["model"]],
    }


def _entry(timing: Timing) -> Item:
    return {"op": timing.item["op"], "source": "measured", **statistics(timing)}


def _model(timing: Timing) -> Item:
    times = statistics(timing)
    kept = {key: times[key] for key in ("mean_ms", "std_ms", "p95_ms", "runs")}
    given: Item = {
        key: timing.item[key] for key in ("arch", "macs", "split") if key in timing.item
    }
    return {**given, **kept}


def run_kit(
    manifest: Item,
    models: Dict[str, bytes],
    *,
    threads: int = 1,
    seconds: float = 300,
    progress: Optional[Progress] = None,
) -> Tuple[Item, List[Timing]]:
    """Returns the profile and the raw times of the models that the manifest lists.

    Args:
        manifest: the kit's list; `items` have `file`, `role` and what the role needs.
        models: the ONNX files by name.
        threads: threads of ONNX Runtime.
        seconds: cap on the wall time, loading included.
        progress: called with (steps done, steps at most).
    """
    started, load_before = time.monotonic(), load()
    subjects = [prepare(item, models[item["file"]], threads) for item in manifest["items"]]
    left = seconds - (time.monotonic() - started)
    clock = choose_clock(threads)[1]
    timings = measure(subjects, clock, seconds=left, progress=progress)
    return profile(manifest, timings, threads=threads, load_before=load_before), timings


def read_kit(folder: Path) -> Tuple[Item, Dict[str, bytes]]:
    """Returns manifest and models of an unpacked kit.

    Raises:
        SystemExit: a file is not the one that the manifest names.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    models = {}
    for item in manifest["items"]:
        models[item["file"]] = (folder / item["file"]).read_bytes()
        if hashlib.sha256(models[item["file"]]).hexdigest() != item["sha256"]:
            raise SystemExit("%s is damaged: unpack the kit again" % item["file"])
    return manifest, models


def _show(done: int, total: int) -> None:
    print("\r%3.0f %% of the longest it can take" % (100 * done / total), end="", flush=True)


def main(arguments: Optional[List[str]] = None) -> None:
    """Measures the kit in a folder and writes profile.json and samples.json into it."""
    parser = argparse.ArgumentParser(description="Measure the models of a webnas kit here.")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).parent))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--name", default="")
    options = parser.parse_args(arguments)
    folder, threads = Path(options.folder), options.threads
    if threads > 1 and load() > (os.cpu_count() or 1) / 4:
        raise SystemExit("The machine is busy: with several threads nothing else may run.")
    manifest, models = read_kit(folder)
    manifest["name"] = options.name
    document, timings = run_kit(
        manifest, models, threads=threads, seconds=60 * options.minutes, progress=_show
    )
    (folder / "profile.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    samples = {timing.item["file"]: timing.passes for timing in timings}
    (folder / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
    repeat = 100 * document["provenance"]["repeat_rel"]
    print("\nprofile.json is ready to upload; times repeat within %.1f %%." % repeat)


if __name__ == "__main__":
    main()
