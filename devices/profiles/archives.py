"""A zip of several files that belong together: its members as documents, nothing written to disk.

Profilers write their times and the shapes they belong to into two files; a kit's logs are one
file per network. Sizes are counted while unpacking: what a zip says of itself may be a lie.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from devices.profiles import parsing
from devices.profiles.parsing import Document, Unreadable
from devices.profiles.problems import shown

MOST_FILES = 1000  # a log for each of the 400 blocks of a full kit, and room
UNPACKED_BYTES = 64 * 2**20
ZIP = b"PK\x03\x04"
# What lies beside the measurements in a kit's folder; never opened.
PASSED_OVER = {".onnx", ".tflite", ".pte", ".engine", ".py", ".sh", ".md", ".bat"}
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError,
          NotImplementedError, RuntimeError, KeyError, IndexError)  # fmt: skip


def document(data: bytes, filename: str, answers: Mapping[str, str] | None = None) -> Document:
    """The uploaded file, or the files in an uploaded zip.

    Raises:
        Unreadable: as `parsing.document`; or a zip that is damaged, encrypted, holds too much, or
            holds a file that cannot be read.
    """
    if not data.startswith(ZIP) or len(data) > parsing.UPLOAD_BYTES:
        return parsing.document(data, filename, answers)
    found = []
    for name, content in _members(data, filename):
        try:
            found.append(parsing.document(content, name, answers))
        except Unreadable as error:
            text = f"{shown(name)} in the archive: {error.problem.text}"
            raise Unreadable(text, line=error.problem.line) from error
    if not found:
        raise Unreadable("The archive holds no file that could be a profile.")
    said = dict(answers or {})
    if len(found) == 1:
        return found[0]
    return Document("archive", "", None, filename, said, tuple(found))


def _members(data: bytes, filename: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each member that may hold measurements."""
    left = UNPACKED_BYTES
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _refuse_foreign(infos, data, filename)
        for info in infos:
            if _is_passed_over(info.filename):
                continue
            with archive.open(info) as member:
                content = member.read(left + 1)
            left -= len(content)
            if left < 0:
                most = UNPACKED_BYTES // 2**20
                raise Unreadable(f"The archive unpacks to more than {most} MiB.")
            yield info.filename, content
    except BROKEN as error:
        raise Unreadable(f"The archive cannot be read ({shown(str(error))}).") from error


def _refuse_foreign(infos: list[zipfile.ZipInfo], data: bytes, filename: str) -> None:
    """Spreadsheets and torch's own files are zips, too."""
    names = [info.filename for info in infos]
    if any(name == "[Content_Types].xml" or name == "mimetype" for name in names):
        raise Unreadable("This is a spreadsheet or a text document; upload the CSV itself.")
    if any(name.endswith(("data.pkl", ".npy")) for name in names):
        parsing.document(data, filename)  # says why
    if len(infos) > MOST_FILES:
        raise Unreadable(f"The archive holds {len(infos)} files; at most {MOST_FILES} are read.")
    for name in names:
        if ".." in PurePosixPath(name).parts or name.startswith(("/", "\\")):
            text = f"The archive names {shown(name)}, a place outside of itself."
            raise Unreadable(text)


def _is_passed_over(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return hidden or path.suffix.lower() in PASSED_OVER or path.stem.upper() == "README"
