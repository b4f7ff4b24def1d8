"""The home folder belongs to one launcher at a time."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

LOCK_NAME = "launcher.lock"


class HomeTaken(Exception):
    """Another launcher runs on this home folder."""

    def __init__(self, home: Path, holder: dict[str, Any]):
        who = f"process {holder['pid']}" if "pid" in holder else "another process"
        where = f" at {holder['address']}" if holder.get("address") else ""
        super().__init__(
            f"webnas already runs on {home} ({who}{where}). "
            "Stop it first, or set WEBNAS_HOME to another folder."
        )


class HomeLock:
    """A lock that ends with its process, however that ends; the file names the holder."""

    def __init__(self, home: Path):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = (home / LOCK_NAME).open("a+")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.file.close()
            raise HomeTaken(home, holder_of(home)) from error
        self.name_holder()

    def name_holder(self, address: str = "") -> None:
        self.file.seek(0)
        self.file.truncate()
        json.dump({"pid": os.getpid(), "address": address}, self.file)
        self.file.flush()

    def release(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.file.close()


def holder_of(home: Path) -> dict[str, Any]:
    """What the lock file says about its holder; empty when it says nothing."""
    try:
        holder = json.loads((home / LOCK_NAME).read_text())
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}


def address_of_launcher(home: Path) -> str:
    """Where the launcher of this home serves; empty when none has said."""
    return str(holder_of(home).get("address", ""))
