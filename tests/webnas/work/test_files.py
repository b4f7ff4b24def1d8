"""Stored files count only while a row names them."""

import os
import resource
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from searches.models import DataSet
from webnas.work import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_file():
    """Stores a file and makes it older than the sweeper's patience."""

    def make(folder: str = "datasets") -> str:
        stored = files.write(folder, ".npz", b"content")
        age = time.time() - (files.KEEP_UNREFERENCED + timedelta(hours=1)).total_seconds()
        os.utime(default_storage.path(stored.name), (age, age))
        return stored.name

    return make


def test_a_written_file_has_a_new_name_and_its_hash():
    one, two = (files.write("folder", ".bin", b"content") for _ in range(2))
    assert one.name != two.name
    assert one.sha256 == two.sha256
    assert one.n_bytes == 7
    assert files.read(one.name) == b"content"


@contextmanager
def largest_file(n_bytes: int):
    """The kernel refuses to write beyond so many bytes of a file, for this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_does_not_fit_leaves_nothing_behind():
    with largest_file(4096), pytest.raises(OSError, match="too large"):
        files.write("checkpoints/run-1", ".pt", bytes(65536))
    assert list(files.stored()) == []


def test_a_new_file_goes_when_what_should_refer_to_it_fails():
    stored = files.write("folder", ".bin", b"content")
    with pytest.raises(ZeroDivisionError), files.removed_on_error(stored.name):
        _ = 1 / 0
    assert list(files.stored()) == []


def test_files_are_readable_by_their_owner_only():
    path = Path(default_storage.path(files.write("folder", ".bin", b"content").name))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_old_files_that_no_row_names_are_removed(old_file):
    named, unnamed = old_file(), old_file("checkpoints/run-1")
    DataSet.objects.create(name="digits", source=DataSet.Source.BUILTIN, file=named)
    assert files.remove_unreferenced() == 1
    assert default_storage.exists(named)
    assert not default_storage.exists(unnamed)


def test_young_files_are_kept_although_no_row_names_them():
    stored = files.write("datasets", ".npz", b"content")
    assert files.remove_unreferenced() == 0
    assert default_storage.exists(stored.name)


def test_an_empty_storage_has_nothing_to_remove():
    assert files.remove_unreferenced() == 0


def test_removing_no_name_does_nothing():
    files.remove("")
