"""Versions and hashes of everything that shapes a run's result."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings

from searches.models import Run
from searches.runner import engine, surrogate

PACKAGES = ("torch", "numpy", "onnxruntime", "moocore")


def code_version() -> str:
    """Version of webnas, with the commit where it runs from a clone."""
    import tomllib

    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    commit = _commit(settings.BASE_DIR / ".git")
    return f"{project['version']}+{commit[:12]}" if commit else str(project["version"])


def _commit(folder: Path) -> str:
    """The commit that is checked out, read from git's files; empty outside a clone."""
    try:
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = folder / name
        if loose.exists():
            return loose.read_text().strip()
        packed = (folder / "packed-refs").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in packed if line.endswith(" " + name)), "")


def versions_of(run: Run) -> dict[str, Any]:
    pins = run.pinned.select_related("version")
    return {
        "webnas": code_version(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": platform.machine(),
        "space": engine.space_of(run).content_hash(),
        "dataset": run.dataset.sha256,
        "profiles": {
            str(pin.device_id): pin.version.content_sha256 for pin in pins if pin.version
        },
        **({surrogate.VERSION: surrogate.version_of(run)} if engine.asks_a_surrogate(run) else {}),
    }
