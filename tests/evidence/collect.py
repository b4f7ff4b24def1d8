"""`make evidence NAME=…`: measure a claim for real and write docs/evidence/NAME.json.

A measurement is a module beside this one with `measure(work) -> dict`. It keeps what it has done
in the folder `work`, so that a run that was cut off goes on.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.evidence.server import ROOT

EVIDENCE = ROOT / "docs" / "evidence"


def main() -> int:
    names = sorted(
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if "def measure(" in path.read_text() and path.stem != "collect"
    )
    parser = argparse.ArgumentParser(description="Measure a claim and write it down.")
    parser.add_argument("name", choices=names)
    name = parser.parse_args().name
    work = ROOT / "var" / "evidence" / name
    work.mkdir(parents=True, exist_ok=True)
    load, began = os.getloadavg()[0], time.monotonic()
    found = importlib.import_module(f"tests.evidence.{name}").measure(work)
    written = {
        "command": f"make evidence NAME={name}",
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "load_before": load},
        "minutes": round((time.monotonic() - began) / 60, 1),
        "found": found,
    }
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    (EVIDENCE / f"{name}.json").write_text(json.dumps(written, indent=2) + "\n")
    sys.stdout.write(json.dumps(written, indent=2) + "\n")
    return 0


def commit() -> str:
    """The commit, marked when the tree has changes."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


def processor() -> str:
    lines = (
        Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    )
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    sys.exit(main())
