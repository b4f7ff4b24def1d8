"""Processes are killed, messages vanish: the run ends as if nothing had happened."""

import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.processes import ROOT, environment

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

N_TRIALS = 24


@pytest.fixture(scope="module")
def queued(tmp_path_factory) -> Path:
    """A home folder in which one small search waits for its first worker."""
    home = tmp_path_factory.mktemp("queued") / "home"
    command = [sys.executable, "-m", "tests.faults.queue_run"]
    subprocess.run(command, cwd=ROOT, env=environment(home), check=True, capture_output=True)
    return home


@pytest.fixture
def started(queued, tmp_path):
    """Starts the same search in a copy of the folder."""

    @contextmanager
    def start(*, concurrency: int):
        home = tmp_path / f"home-{concurrency}"
        shutil.copytree(queued, home)
        scene = Scene(home, concurrency=concurrency)
        try:
            yield scene
        finally:
            scene.close()

    return start


@pytest.fixture(scope="module")
def undisturbed(queued, tmp_path_factory):
    """What the search finds with one worker process when nothing happens to it."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    shutil.copytree(queued, home)
    scene = Scene(home, concurrency=1)
    scene.finish()
    scene.close()
    return scene


def assert_same_end(scene: Scene, undisturbed: Scene) -> None:
    assert [trial[0] for trial in scene.trials()] == list(range(1, N_TRIALS + 1))
    assert scene.trials() == undisturbed.trials()
    assert scene.history() == undisturbed.history()
    run = scene.run()
    assert (run["n_asked"], run["n_told"], run["error"]) == (N_TRIALS, N_TRIALS, "")


def test_two_worker_processes_find_what_one_finds(started, undisturbed):
    with started(concurrency=2) as scene:
        scene.finish()
        assert_same_end(scene, undisturbed)


def test_workers_that_die_in_mid_training_cost_no_more_than_their_slice(started, undisturbed):
    with started(concurrency=1) as scene:
        scene.wait_for_training()
        kept = scene.steps()
        scene.kill_one_process_of("trainer")
        assert scene.steps() >= kept
        scene.wait(lambda: scene.steps() > kept)
        scene.wait(lambda: scene.run()["lease_owner"] or scene.run()["stage"] != "train")
        scene.kill("trainer")
        scene.finish()
        assert_same_end(scene, undisturbed)


def test_all_that_dies_in_mid_search_is_made_up_for(started, undisturbed):
    with started(concurrency=2) as scene:
        scene.wait_for_evaluation(8)
        scene.kill("trainer", "web", "sweeper")
        scene.delete_messages(1)
        scene.wait_for_evaluation(16)
        scene.kill("trainer", "coordinator")
        scene.delete_messages(1)
        scene.finish()
        assert_same_end(scene, undisturbed)


def test_a_launcher_that_was_killed_goes_on_where_it_was(started, undisturbed):
    with started(concurrency=1) as scene:
        scene.wait_for_training()
        scene.launcher.end(signal.SIGKILL)
        scene.start()
        scene.wait_for_evaluation(8)
        scene.launcher.end(signal.SIGINT)  # in order, but in the middle of a slice
        scene.start()
        scene.finish()
        assert_same_end(scene, undisturbed)
