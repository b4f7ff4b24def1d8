"""Reading a kit, unpacked or as the zip that it is, and keeping what was timed so far."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from .machine import processor
from .timing import Item, Timing


class Kit(NamedTuple):
    """The list of models, and the folder that they are in."""

    manifest: Item
    folder: Path

    def model(self, item: Item) -> Path:
        """Returns the ONNX file of a row of the manifest.

        Raises:
            SystemExit: it is not the one that the manifest names.
        """
        path = self.folder / str(item["file"])
        try:
            is_whole = hashlib.sha256(path.read_bytes()).hexdigest() == item["sha256"]
        except OSError:
            is_whole = False
        if not is_whole:
            raise SystemExit("%s is damaged: download or unpack the kit again." % item["file"])
        return path


def open_kit(place: Path) -> Kit:
    """Returns the kit in a folder or in a zip.

    Raises:
        SystemExit: there is none.
    """
    folder = place
    if place.is_file() and zipfile.is_zipfile(str(place)):
        folder = _unpacked(place)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SystemExit("There is no kit in %s." % place) from None
    return Kit(manifest, folder)


def _unpacked(place: Path) -> Path:
    """Returns a folder with the models of a zip, which goes when the program ends."""
    folder = Path(tempfile.mkdtemp(prefix="webnas-kit-"))
    atexit.register(shutil.rmtree, str(folder), ignore_errors=True)
    with zipfile.ZipFile(str(place)) as archive:
        archive.extractall(str(folder))
    return folder


class Samples(NamedTuple):
    """The file that a measurement which was cut off goes on from."""

    path: Path
    manifest: Item
    threads: int

    def load(self, items: List[Item]) -> Optional[List[Timing]]:
        """Returns what an earlier start has timed; None without one that fits.

        It fits when kit, machine and threads are the same.
        """
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict) or any(found.get(k) != v for k, v in self._head().items()):
            return None
        passes: Dict[str, List[List[int]]] = found["passes"]
        return [Timing(item, list(passes.get(item["file"], []))) for item in items]

    def save(self, timings: List[Timing]) -> None:
        """Writes the file anew, whole or not at all."""
        passes = {timing.item["file"]: timing.passes for timing in timings}
        text = json.dumps({**self._head(), "passes": passes})
        part = self.path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        os.replace(str(part), str(self.path))

    def _head(self) -> Item:
        return {
            "kit_id": self.manifest["kit_id"],
            "machine": processor(),
            "threads": self.threads,
        }
