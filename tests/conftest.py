"""Fixtures that every test may use."""

import os
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, connections

from searches.datasets.thumbnails import sample_sheet
from searches.runner import folder
from webnas.celery import app

# Before anything imports torch: two threads on a busy machine are many times slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent


def skip_or_fail(reason: str, part: str = "") -> None:
    """Skip with the reason; a part that WEBNAS_REQUIRE names (or `all`) must be there."""
    required = os.environ.get("WEBNAS_REQUIRE", "").split(",")
    if "all" in required or part in required:
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(items) -> None:
    """Every test that touches the database runs on PostgreSQL, too (`make test-services`)."""
    for item in items:
        touches = {"db", "transactional_db", "live_server"} & set(item.fixturenames)
        if touches or item.get_closest_marker("django_db"):
            item.add_marker("services")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets and tables."""
    folder = Path(os.environ.get("WEBNAS_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        skip_or_fail(f"no real data at {folder}; set WEBNAS_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix, tmp_path_factory
) -> None:
    """SQLite as in real life: a file, so that threads and processes share it."""
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def files_of_all(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(autouse=True)
def own_files(settings, files_of_all):
    """Each test stores its files in a folder of its own, which is made when it does."""
    settings.MEDIA_ROOT = str(files_of_all / uuid4().hex)


@pytest.fixture(scope="session", autouse=True)
def drawn_once():
    """The picture of a data set is drawn once, however many tests register the same data."""
    known: dict[str, bytes] = {}

    def remembered(data) -> bytes:
        name = data.sha256()
        if name not in known:
            known[name] = sample_sheet(data)
        return known[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder, "sample_sheet", remembered)
        yield


@pytest.fixture
def full_database(transactional_db):
    """Inside it, the SQLite file may not grow: SQLite says that database or disk are full."""

    @contextmanager
    def full():
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # no page that was freed is there to be used again
            cursor.execute("PRAGMA max_page_count")
            before = cursor.fetchone()[0]
            cursor.execute("PRAGMA max_page_count = 1")  # SQLite takes the current size instead
            try:
                yield
            finally:
                cursor.execute(f"PRAGMA max_page_count = {before}")

    return full


@pytest.fixture(autouse=True)
def nudges(monkeypatch) -> list[tuple[str, int, str]]:
    """What workers were told (task, id, queue), instead of a message that a real one could get."""
    told: list[tuple[str, int, str]] = []

    def note(task: str, *, args: list[int], queue: str, expires: float) -> None:
        told.append((task, args[0], queue))

    monkeypatch.setattr(app, "send_task", note)
    return told
