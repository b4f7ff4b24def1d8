"""What counts as a full disk."""

import errno
import sqlite3

import pytest
from django.db import DatabaseError, connection, transaction

from searches.models import RunEvent
from tests.searches.rows import bare_run
from webnas.disk import is_no_space


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_file_that_finds_no_room_says_so(number):
    assert is_no_space(OSError(number, "no room"))


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "forbidden"), ValueError("full")])
def test_other_failures_are_no_full_disk(error):
    assert not is_no_space(error)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the size of a SQLite file is limited")
def test_a_database_that_is_full_says_so(full_database, django_user_model):
    run = bare_run(django_user_model.objects.create_user("alice"))
    with full_database(), pytest.raises(DatabaseError, match="full") as caught:
        RunEvent.objects.create(run=run, text="x" * 100_000)
    assert is_no_space(caught.value)


@pytest.mark.django_db
def test_a_statement_that_is_wrong_is_no_full_disk():
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT missing FROM nowhere")
    assert not is_no_space(caught.value)


def test_sqlite_that_cannot_enlarge_its_index_is_a_full_disk():
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert is_no_space(error)
