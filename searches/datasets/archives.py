"""Archives that strangers made: nothing is unpacked onto the disk, all sizes are bounded first."""

import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import BinaryIO

from searches.datasets.base import DAMAGED, Limits, refuse

ENTRY = b"PK\x01\x02"  # begins each entry of an archive's directory
FIRST_MEMBER = b"PK\x03\x04"
PIECE_BYTES = 2**22
# Others are unpacked by zipfile in one go, however large they become.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def is_npz(file: BinaryIO) -> bool:
    """Whether the first member is a numpy array; the directory stays unread."""
    file.seek(0)
    head = file.read(30 + 256)
    file.seek(0)
    length = int.from_bytes(head[26:28], "little")
    return head.startswith(FIRST_MEMBER) and head[30 : 30 + length].endswith(b".npy")


@contextmanager
def opened(file: BinaryIO, limits: Limits, *, most_entries: int) -> Iterator[zipfile.ZipFile]:
    """The archive, if its size and its number of entries are within the limits.

    Raises:
        DataRefused: it is too large, damaged or no archive.
    """
    _check_file(file, limits, most_entries)
    try:
        archive = zipfile.ZipFile(file)
    except DAMAGED as error:
        raise refuse("file", f"The archive is damaged or no zip: {reason(error)}.") from None
    with archive:
        yield archive


def check(entries: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    """Look at all that the directory tells of the entries that will be read.

    Raises:
        DataRefused: naming the entry that is not as it should be.
    """
    n_bytes = sum(entry.file_size for entry in entries)
    if n_bytes > limits.unpacked_bytes:
        raise refuse(
            "file", f"{n_bytes:,} bytes when unpacked; at most {limits.unpacked_bytes:,}."
        )
    names = set()
    for entry in entries:
        if entry.filename in names:
            raise refuse(entry.filename, "This name is in the archive twice; once is right.")
        names.add(entry.filename)
        _check_entry(entry)


def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """All bytes of an entry, which are as many as the directory says.

    Raises:
        DataRefused: they are damaged.
    """
    try:
        with archive.open(entry) as stream:
            return stream.read(entry.file_size + 1)  # one more, so that the checksum is looked at
    except DAMAGED as error:
        message = f"This file is damaged in the archive: {reason(error)}."
        raise refuse(entry.filename, message) from None


def reason(error: BaseException) -> str:
    """What an error says, without its full stop; its kind when it says nothing."""
    return str(error).rstrip(".") or type(error).__name__


def _check_file(file: BinaryIO, limits: Limits, most_entries: int) -> None:
    n_bytes = file.seek(0, 2)
    if n_bytes > limits.upload_bytes:
        raise refuse("file", f"{n_bytes:,} bytes; at most {limits.upload_bytes:,}.")
    n_entries = _count_entries(file)
    if n_entries > most_entries:
        raise refuse("file", f"{n_entries:,} entries in the archive; at most {most_entries:,}.")


def _count_entries(file: BinaryIO) -> int:
    """How many entries the directory can have at most.

    zipfile needs 18 µs for an entry and does not stop at the number that the archive states, which
    may be a lie. No entry goes without its signature, and all are found at memory speed.
    """
    file.seek(0)
    n_entries, tail = 0, b""
    while piece := file.read(PIECE_BYTES):
        n_entries += (tail + piece).count(ENTRY)
        tail = piece[1 - len(ENTRY) :]
    file.seek(0)
    return n_entries


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if _is_outside(entry.filename):
        raise refuse(entry.filename, "This path leads out of the archive; name it from its top.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise refuse(entry.filename, "This is a link; plain files are needed.")
    if entry.flag_bits & 0x1:
        raise refuse(entry.filename, "This file is encrypted; pack it without a password.")
    if entry.compress_type not in METHODS:
        method = f"number {entry.compress_type}; “deflate” (8) or none (0) is needed"
        raise refuse(entry.filename, f"It is packed by method {method}.")


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    is_foreign = "\\" in name or (bool(path.parts) and path.parts[0].endswith(":"))
    return is_foreign or path.is_absolute() or ".." in path.parts
