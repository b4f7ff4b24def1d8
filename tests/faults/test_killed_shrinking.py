"""A once-for-all training whose process is killed again and again ends in the same weights."""

import subprocess
import sys
import time

import pytest
import torch

from searches.training import checkpoints
from tests.conftest import ROOT
from tests.faults import shrink

pytestmark = pytest.mark.faults

PATIENCE_SECONDS = 300


def killed_after(folder, n):
    """Let a process do some pieces of work, then kill it wherever it is; True if it had ended."""
    command = [sys.executable, "-m", "tests.faults.shrink", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT)
    until = time.monotonic() + PATIENCE_SECONDS
    while len([*folder.glob(f"done-{process.pid}-*")]) < n and process.poll() is None:
        assert time.monotonic() < until, "no work was done"
        time.sleep(0.005)
    process.kill()
    process.wait()
    return (folder / "end").exists()


def test_killed_training_ends_as_one_that_was_left_alone(tmp_path):
    ends = [killed_after(tmp_path, n) for n in (3, 5, 9, 6)]
    assert not all(ends)
    shrink.main(tmp_path)
    alone = shrink.training()
    alone.advance(deadline=float("inf"), tick=lambda: True)
    found = checkpoints.loads((tmp_path / "state.pt").read_bytes())
    expected = checkpoints.loads(checkpoints.dumps(alone.state()))
    assert found["watched"] == expected["watched"]
    assert found["step"] == expected["step"] == alone.total
    for name, value in expected["network"].items():
        assert torch.equal(found["network"][name], value), name
