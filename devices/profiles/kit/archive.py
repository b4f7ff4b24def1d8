"""The kit as a zip, which Python also runs as it is."""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import IO

from devices.profiles.kit import files
from devices.profiles.kit.contents import Manifest, files_of
from devices.profiles.kit.forecast import Forecast, forecast
from devices.profiles.kit.kit import Kit

PACKAGE = "webnas_kit"
START = f'''"""Starts the measurement: python run.py --help."""

import sys

try:
    from {PACKAGE}.run import main
except ImportError as error:
    sys.exit("The kit needs two packages: pip install numpy onnxruntime (%s)" % error)

if __name__ == "__main__":
    main()
'''
LEVEL = 6
UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Archive:
    """Name and manifest of a zip that was written."""

    filename: str
    manifest: Manifest


def write(kit: Kit, file: IO[bytes]) -> Archive:
    """Writes the zip; the same kit gives the same bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name, data in files_of(kit):
            archive.writestr(_entry(name), data)
        manifest: Manifest = json.loads(data)  # the list is the last of the files
        texts = {"README.md": _readme(manifest, forecast(kit))}
        texts |= dict.fromkeys(("__main__.py", "run.py"), START)
        texts |= {f"{PACKAGE}/{name}": text for name, text in _runner()}
        for name, text in texts.items():
            archive.writestr(_entry(name), text)
    slug = UNSAFE.sub("-", (kit.space or "blocks").lower()).strip("-")[:40]
    return Archive(f"webnas-kit-{slug}-{manifest['kit_id'][2:]}.zip", manifest)


def _entry(name: str) -> zipfile.ZipInfo:
    """A file of no date, so that equal content is an equal zip."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _runner() -> Iterator[tuple[str, str]]:
    for file in sorted(resources.files(files).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".py"):
            yield file.name, file.read_text(encoding="utf-8")


def _readme(manifest: Manifest, expected: Forecast) -> str:
    text = resources.files(files).joinpath("README.md").read_text(encoding="utf-8")
    values = {
        "SPACE": manifest.get("space", "a list of blocks"),
        "KIT_ID": manifest["kit_id"],
        "BATCH": str(manifest["batch"]),
        "N_BLOCKS": str(expected.n_blocks),
        "N_NETWORKS": str(expected.n_networks),
        "LAPTOP": _minutes(expected.laptop_seconds),
        "BOARD": _minutes(expected.board_seconds),
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _minutes(seconds: float) -> str:
    n = max(1, round(seconds / 60))
    return f"{n} minute{'s' * (n > 1)}"
