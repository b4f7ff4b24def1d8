"""A Python environment with numpy and ONNX Runtime alone, out of reach of the network."""

import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

OFFLINE = """
import socket

def refuse(*_, **__):
    raise OSError("this environment is offline")

socket.socket.connect = refuse
socket.create_connection = refuse
"""


def needed(name: str, found: dict[str, metadata.Distribution]) -> None:
    """Adds the package and what it needs on this machine."""
    if name in found:
        return
    found[name] = metadata.distribution(name)
    for text in found[name].requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed(requirement.name, found)


def environment(folder: Path, *names: str) -> Path:
    """The interpreter of a new environment that has these packages and what they need.

    Their files are those that are installed here: nothing is fetched.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    found: dict[str, metadata.Distribution] = {}
    for name in names:
        needed(name, found)
    for distribution in found.values():
        for top in {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}:
            place = Path(str(distribution.locate_file(top)))
            if place.exists() and not (packages / top).exists():
                (packages / top).symlink_to(place)
    (packages / "sitecustomize.py").write_text(OFFLINE)
    return folder / "bin" / "python"


def has(python: Path, name: str) -> bool:
    """Whether the environment can import a package."""
    command = [python, "-c", f"import {name}"]
    return subprocess.run(command, cwd=python.parent, capture_output=True).returncode == 0
