"""One launcher per home folder."""

import os

import pytest

from webnas.home import HomeLock, HomeTaken, address_of_launcher


def test_a_second_launcher_is_refused_and_told_who_is_first(tmp_path):
    lock = HomeLock(tmp_path)
    lock.name_holder("http://127.0.0.1:8123")
    with pytest.raises(HomeTaken, match=f"process {os.getpid()} at http://127.0.0.1:8123"):
        HomeLock(tmp_path)
    lock.release()


def test_a_released_home_can_be_taken(tmp_path):
    HomeLock(tmp_path).release()
    HomeLock(tmp_path).release()


def test_other_homes_are_free(tmp_path):
    locks = [HomeLock(tmp_path / name) for name in ("one", "two")]
    for lock in locks:
        lock.release()


def test_the_address_of_a_launcher_is_known_while_it_runs(tmp_path):
    lock = HomeLock(tmp_path)
    lock.name_holder("http://127.0.0.1:8123")
    assert address_of_launcher(tmp_path) == "http://127.0.0.1:8123"
    lock.release()
    assert address_of_launcher(tmp_path) == ""


def test_a_home_without_launcher_has_no_address(tmp_path):
    assert address_of_launcher(tmp_path / "nowhere") == ""
