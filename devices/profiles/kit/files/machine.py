"""What a kit says about the machine that it ran on, and the profile that it writes."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from .timing import NOISY, Item, Timing, choose_clock, repeatability

VERSION = "2"
DRIFT_WARNING = 0.05  # last pass against first


class Conditions(NamedTuple):
    """Under which circumstances the times were taken."""

    threads: int = 1
    load_before: float = 0.0


def drift(timings: List[Timing]) -> float:
    """Returns how much slower the last pass was than the first, as a share, median over models."""
    shares = [t.samples()[-1] / max(t.samples()[0], 1) - 1 for t in timings]
    return float(np.median(shares)) if shares else 0.0


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
    return "; ".join(text + noise(timings))


def noise(timings: List[Timing]) -> List[str]:
    """Returns a sentence when two halves of the passes differ too much, else nothing."""
    found = []
    for role, what in (("op", "blocks"), ("model", "whole networks")):
        share = repeatability([t for t in timings if t.item["role"] == role], nothing=0.0)
        if share > NOISY:
            found.append(
                "noisy: two halves of the passes differ by %.1f %% for %s, so that intervals are "
                "wide; measure again when the machine is quiet" % (100 * share, what)
            )
    return found


def _n_passes(timings: List[Timing]) -> int:
    return max((len(timing.passes) for timing in timings), default=0)


def profile(manifest: Item, timings: List[Timing], conditions: Conditions) -> Item:
    """Returns the device profile as a native webnas document."""
    import onnxruntime

    runtime = {
        "engine": "onnxruntime",
        "version": onnxruntime.__version__,
        "delegate": "CPUExecutionProvider",
        "threads": conditions.threads,
        "clock": choose_clock(conditions.threads)[0],
    }
    found = document(manifest, timings, runtime)
    found["device"] = device([t for t in timings if t.item["role"] == "peak"], conditions.threads)
    found["provenance"].update(
        host_load=conditions.load_before,
        repeat_rel=repeatability([t for t in timings if t.item["role"] == "op"]),
        notes=notes(timings),
    )
    return found


def document(manifest: Item, timings: List[Timing], runtime: Item) -> Item:
    """Returns a profile with the times; facts of the device and the conditions are left open."""
    roles: Dict[str, List[Timing]] = {"op": [], "model": [], "identity": [], "peak": []}
    for timing in timings:
        roles[timing.item["role"]].append(timing)
    space = {"space": manifest["space"]} if manifest.get("space") else {}
    settings = {"dtype": manifest.get("dtype", "fp32"), "batch": manifest.get("batch", 1)}
    return {
        "schema": "webnas.device-profile/1",
        "name": manifest.get("name") or processor(),
        "device": {"kind": "cpu"},
        "runtime": {**settings, **runtime},
        "provenance": {
            "kind": "measured",
            "tool": "webnas-kit",
            "tool_version": VERSION,
            "kit_id": manifest["kit_id"],
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
