"""Rows of whole networks that a tool knows by name only."""

from typing import Any

from devices.profiles import known_networks
from devices.profiles.formats.reading import RawRow
from devices.profiles.problems import Problem, shown

WAYS = (
    "Write a table with its arch or macs beside latency_ms, or name its file as in the manifest "
    "of a kit and upload both in one zip."
)


def row(line: int, name: str, figures: dict[str, Any]) -> RawRow:
    """The row of the network called `name`; rejected when nothing tells how much it computes."""
    known = known_networks.known(name)
    if known is None:
        raw = RawRow(line, None, {"arch": {"network": name[:200]}, **figures})
        if "macs" not in figures:
            text = f"nobody knows here what network {shown(name)} computes. {WAYS}"
            raw.reject("arch", shown(name), text)
        return raw
    found = {"arch": {"network": known}, "macs": known_networks.macs(known)}
    return RawRow(line, None, found | figures)


def left_out(names: list[str]) -> list[Problem]:
    """The note about networks of a log that are not known by name."""
    if not names:
        return []
    listed = ", ".join(sorted(set(names)))
    text = f"{len(names)} networks are left out, since nothing tells what they compute: "
    return [Problem("W", None, "arch", str(len(names)), f"{text}{shown(listed)}. {WAYS}")]
