"""Processes are killed, messages vanish: the run ends as if nothing had happened."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import redis

from tests.conftest import skip_or_fail
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
    queue_run(home)
    return home


def queue_run(home: Path, **servers: str) -> None:
    command = [sys.executable, "-m", "tests.faults.queue_run"]
    inherited = environment(home, **servers)
    subprocess.run(command, cwd=ROOT, env=inherited, check=True, capture_output=True)


@pytest.fixture
def cluster():
    """An empty database on a PostgreSQL, and a Redis, as `.ci/run` starts them."""
    names = ("WEBNAS_TEST_POSTGRES_URL", "WEBNAS_TEST_REDIS_URL")
    if not all(name in os.environ for name in names):
        skip_or_fail(f"{' and '.join(names)} are not set", "services")
    postgres, broker = (os.environ[name] for name in names)
    name = f"faults_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            own = urlsplit(postgres)._replace(path=f"/{name}").geturl()
            yield {"DATABASE_URL": own, "CELERY_BROKER_URL": broker}
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
        scene.kill_one_process_of("trainer")
        n_stored = len(scene.stored)
        scene.wait(lambda: len(scene.stored) > n_stored)
        scene.wait(lambda: scene.run()["lease_owner"] or scene.run()["stage"] != "train")
        scene.kill("trainer")
        scene.finish()
        # Each slice went on from the one before; training that began anew would store less.
        steps = list(scene.stored.values())
        assert all(before < after for before, after in pairwise(steps)), steps
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


def test_a_cluster_finds_what_one_machine_finds(cluster, tmp_path, undisturbed):
    home = tmp_path / "home"
    queue_run(home, **cluster)
    scene = Scene(home, concurrency=2, servers=cluster)
    try:
        scene.wait_for_evaluation(8)
        scene.kill("trainer", "coordinator", "sweeper")
        with redis.from_url(cluster["CELERY_BROKER_URL"]) as broker:
            broker.flushdb()
        scene.finish()
        assert_same_end(scene, undisturbed)
    finally:
        scene.close()
