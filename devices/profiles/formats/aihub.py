"""Profiles of Qualcomm AI Hub as JSON: one network per file, times in µs, memory in bytes.

Layers come without shapes; their compute units tell how much of the time fell back to the CPU.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from statistics import fmean, pstdev
from typing import Any

from devices.profiles.formats import networks
from devices.profiles.formats.reading import Reading, foreign
from devices.profiles.parsing import Document, Unreadable
from devices.profiles.problems import Problem

FALLBACK_SHARE = 0.2
TO_95 = 0.95


def read(document: Document) -> Reading:
    """The network's time under the file's name.

    Raises:
        Unreadable: no summary with an inference time.
    """
    value = document.value if isinstance(document.value, dict) else {}
    summary = value.get("execution_summary")
    if not isinstance(summary, dict) or "estimated_inference_time" not in summary:
        raise Unreadable("There is no execution_summary with an estimated_inference_time.")
    reading = foreign("Row", "us", runtime={"clock": "wall"})
    figures = _times(summary)
    memory = summary.get("estimated_inference_peak_memory")
    if isinstance(memory, int) and memory >= 0:
        figures["peak_mem_bytes"] = memory
    name = PurePosixPath(document.name).name
    reading.models.append(networks.row(1, name, figures))
    detail = value.get("execution_detail")
    reading.problems += [*_fallback(detail)] if isinstance(detail, list) else []
    return reading


def _times(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and spread of the raw times; without them the estimate alone."""
    listed = summary.get("all_inference_times")
    times = sorted(t for t in listed if _is_time(t)) if isinstance(listed, list) else []
    if len(times) < 2 or len(times) != len(listed or ()):
        return {"mean_ms": summary["estimated_inference_time"]}
    return {
        "mean_ms": fmean(times),
        "std_ms": pstdev(times),
        "p95_ms": times[int(TO_95 * (len(times) - 1))],
        "runs": len(times),
    }


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12


def _fallback(detail: Sequence[Any]) -> Iterator[Problem]:
    """The note on layers that ran on the CPU although most of the network did not."""
    spent: Counter[str] = Counter()
    for layer in detail:
        if isinstance(layer, dict) and _is_time(layer.get("execution_time")):
            spent[str(layer.get("compute_unit")).upper()] += layer["execution_time"]
    total = sum(spent.values())
    if total and spent["CPU"] != total and spent["CPU"] > FALLBACK_SHARE * total:
        share = 100 * spent["CPU"] / total
        text = f"{share:.0f} % of the time is spent on the CPU fallback."
        yield Problem("W", None, "unit", None, text)
