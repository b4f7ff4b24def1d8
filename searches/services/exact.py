"""Whether a run could be repeated exactly today: everything that shaped it has to be as it was."""

from collections.abc import Iterator
from typing import Any

from searches.models import Run
from searches.runner import surrogate
from searches.runner.versions import versions_of

LABELS = {
    "webnas": "the code of webnas",
    "python": "Python",
    "machine": "the machine",
    "space": "the space",
    "dataset": "the data set",
    surrogate.VERSION: "the supernet's predictor",
}
# Digits of a hash that tell two apart.
DIGITS = 12


def differences(run: Run) -> list[str]:
    """What has changed since the run was prepared, each named with both versions.

    A run that was not prepared has shaped nothing yet: nothing can differ.
    """
    if not run.versions:
        return []
    now = versions_of(run) | {"profiles": _newest_profiles(run)}
    return [
        *_of_things(run.versions, now),
        *_of_packages(run.versions, now),
        *_of_devices(run, now),
    ]


def _newest_profiles(run: Run) -> dict[str, str]:
    """What a copy would be bound to, by device."""
    newest = ((pin.device_id, pin.device.latest()) for pin in run.pinned.select_related("device"))
    return {str(device): version.content_sha256 for device, version in newest if version}


def _of_things(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for name, label in LABELS.items():
        if name in then and then[name] != now.get(name):
            yield _told(label, then[name], now.get(name))


def _of_packages(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for name, version in then.get("packages", {}).items():
        if version != now["packages"].get(name):
            yield _told(name, version, now["packages"].get(name))


def _of_devices(run: Run, now: dict[str, Any]) -> Iterator[str]:
    names = {str(pin.device_id): pin.device.name for pin in run.pinned.select_related("device")}
    for device, sha256 in run.versions.get("profiles", {}).items():
        if sha256 != now["profiles"].get(device):
            label = f"the profile of “{names.get(device, device)}”"
            yield _told(label, sha256, now["profiles"].get(device))


def _told(label: str, then: Any, now: Any) -> str:
    return f"{label}: then {_short(then)}, now {_short(now)}"


def _short(value: Any) -> str:
    """Hashes by their first digits; versions as they are."""
    text = str(value or "none")
    return text[:DIGITS] if len(text) == 64 else text
