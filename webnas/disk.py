"""Telling a full disk from other failures, whoever found it: a file, SQLite or PostgreSQL."""

import errno
import sqlite3

FULL = (errno.ENOSPC, errno.EDQUOT)
# SQLite finds no room for a page, or for the index of its write-ahead log.
SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
POSTGRESQL_FULL = "53100"  # disk_full


def is_no_space(error: BaseException) -> bool:
    """Whether there was no room for what was to be written."""
    if isinstance(error, OSError):
        return error.errno in FULL
    # Django keeps the driver's error as the cause of its own.
    driver = error.__cause__ or error
    is_sqlite = getattr(driver, "sqlite_errorcode", None) in SQLITE_FULL
    return is_sqlite or getattr(driver, "sqlstate", None) == POSTGRESQL_FULL
