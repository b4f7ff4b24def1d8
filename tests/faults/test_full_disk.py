"""A file system that is really full: the run ends so, and what is there can be read."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import skip_or_fail
from tests.processes import ROOT, environment

pytestmark = [pytest.mark.faults, pytest.mark.slow]

MOUNT = 'mount -t tmpfs -o size=6m tmpfs "$WEBNAS_HOME" && exec "$@"'


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a process saw on a small file system, which goes with the process."""
    home = tmp_path_factory.mktemp("full") / "home"
    home.mkdir()
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c", MOUNT, "sh"]
    inherited = environment(home)
    tried = shutil.which("unshare") and subprocess.run(
        [*inside, "true"], env=inherited, capture_output=True, check=False
    )
    if not tried or tried.returncode:
        skip_or_fail("a file system of one's own cannot be mounted here (unshare --mount)")
    command = [*inside, sys.executable, "-m", "tests.faults.full_disk"]
    done = subprocess.run(
        command, cwd=ROOT, env=inherited, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not os.listdir(home)
    return json.loads(done.stdout.splitlines()[-1])


def test_a_checkpoint_that_does_not_fit_ends_the_run_and_leaves_no_part_of_it(found):
    assert found["too_large"] == {"status": "no_space", "lease": "", "files": []}


def test_rows_that_do_not_fit_end_the_run_and_give_its_new_file_back(found):
    assert found["rows"] == {"status": "no_space", "lease": "", "files": []}


def test_everything_can_still_be_read(found):
    assert found["read"] == {"code": 200, "status": "no_space"}


def test_what_cannot_be_stored_is_refused_with_the_reason(found):
    assert found["written"] == 507
