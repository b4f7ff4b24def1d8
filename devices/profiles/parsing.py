"""From untrusted bytes to text and values: strict JSON, CSV rows, numbers. Runs nothing.

Python's JSON reader keeps the last of two equal keys, takes NaN, and stops at its own recursion
limit; here duplicates are marked, NaN stays a float that every rule refuses with its row, and
depth is bounded.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from devices.profiles.problems import Problem

UPLOAD_BYTES = 16 * 2**20
LINES = 250_000  # of a table; a profile has at most 55,000 rows
DEPTH = 12
LONGEST_NAME = 120
LONGEST_NUMBER = 40
PICKLE_SUFFIXES = {".pkl", ".pickle", ".pt", ".pth", ".npy", ".npz", ".joblib", ".ckpt"}
# Protocols 2-5, numpy's container, then the text protocols: objects, dicts and lists.
PICKLE = re.compile(
    rb"\x80[\x02-\x05]|\x93NUMPY|c[\w.]+\n[\w.]+\n[pq(]|\([dl]p\d|\(i[\w.]+\n|[}\]]q"
)
PICKLE_TEXT = (
    "Pickle files can run code when opened and are never read. Export the table as JSON or CSV, "
    "for example with json.dump(table, open('profile.json', 'w'))."
)
SPREADSHEETS_AND_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")
A_LOG = re.compile(r"\[\s*-\s*\]|\[-?[A-Z]")  # begins like a list, but is none
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NO_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")


class Unreadable(Exception):
    """The bytes are no document; carries the one problem that says why."""

    def __init__(self, text: str, *, line: int | None = None) -> None:
        super().__init__(text)
        self.problem = Problem("E", line, None, None, text)


class DuplicateKeys(dict[str, Any]):
    """An object in which a key stood twice; `names` are those keys, `pairs` all that it held."""

    names: tuple[str, ...] = ()
    pairs: Sequence[tuple[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file as text, and as a value if it is JSON; or several files, if it is an archive.

    `answers` is what the person said beside the file, `name` the name of the file.
    """

    kind: Literal["json", "table", "archive"]
    text: str
    value: Any = None
    name: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    files: tuple["Document", ...] = ()


def document(data: bytes, filename: str, answers: Mapping[str, str] | None = None) -> Document:
    """The file's content, told apart by its bytes, not by its name.

    Raises:
        Unreadable: too large, a pickle, an archive, not UTF-8, or broken JSON.
    """
    if len(data) > UPLOAD_BYTES:
        size, most = len(data) / 2**20, UPLOAD_BYTES // 2**20
        raise Unreadable(f"The file has {size:.1f} MiB; at most {most} MiB are read.")
    _refuse_containers(data, filename)
    text, said = _decoded(data), dict(answers or {})
    start = text.lstrip()[:40]
    if not start:
        raise Unreadable("The file is empty.")
    if start[0] in "{[" and not A_LOG.match(start):
        return Document("json", text, strict_json(text), filename, said)
    if text.count("\n") + text.count("\r") > 2 * LINES:  # an end of line may be both
        raise Unreadable(f"The file has more than {LINES} lines.")
    return Document("table", text, None, filename, said)


def strict_json(text: str) -> Any:
    """The value of a JSON text; objects with duplicate keys come as `DuplicateKeys`.

    Raises:
        Unreadable: not JSON, nested deeper than `DEPTH`, or a number of thousands of digits.
    """
    try:
        value = json.loads(text, object_pairs_hook=marked_object)
    except json.JSONDecodeError as error:
        raise _unreadable(error.lineno, error.colno) from error
    except RecursionError as error:
        raise Unreadable(f"The JSON is nested deeper than {DEPTH} levels.") from error
    except ValueError as error:  # an integer beyond Python's limit of digits
        raise Unreadable("The file holds a number with thousands of digits.") from error
    if is_deeper(value, DEPTH):
        raise Unreadable(f"The JSON is nested deeper than {DEPTH} levels.")
    return value


def lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, whichever ends it uses."""
    return iter(io.StringIO(text, newline=""))


def separator(line: str) -> str:
    """Which of comma, semicolon and tab stands most often outside quotes."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(",;\t", key=bare.count)


def csv_rows(text: str, delimiter: str, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every row that is not blank.

    Raises:
        Unreadable: a quote that never closes, text behind a closing quote, or an endless cell.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = first_line
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = first_line + reader.line_num
    except csv.Error as error:
        text = f"Line {line} is not readable as CSV ({error})."
        raise Unreadable(text, line=line) from error


def number(cell: str, *, decimal_comma: bool) -> int | float | str:
    """The number in a cell; the stripped text itself if it holds none."""
    text = cell.strip()
    if len(text) > LONGEST_NUMBER:
        return text
    if decimal_comma and COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    if NUMBER.fullmatch(text) or NO_NUMBER.fullmatch(text):
        return float(text)
    return text


def name_of(filename: str) -> str:
    """A profile's name made of the file's."""
    stem = PurePath(filename.replace("\\", "/")).stem
    cleaned = " ".join(re.sub(r"[^\w .,()+-]", " ", stem).split())
    return cleaned[:LONGEST_NAME] or "Uploaded profile"


def _refuse_containers(data: bytes, filename: str) -> None:
    """Pickles and archives are known by their first bytes; nothing in them is opened."""
    if data.startswith(b"PK\x03\x04") and (b"data.pkl" in data or b".npy" in data):
        raise Unreadable(PICKLE_TEXT)
    if data.startswith(SPREADSHEETS_AND_ARCHIVES):
        raise Unreadable("This is an archive or a spreadsheet; upload the JSON or CSV itself.")
    suffix = PurePath(filename).suffix.lower()
    named = suffix in PICKLE_SUFFIXES and not data.lstrip().startswith((b"{", b"[", b"#"))
    if named or PICKLE.match(data):
        raise Unreadable(PICKLE_TEXT)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        raise _unreadable(line, error.start - before.rfind(b"\n")) from error


def _unreadable(line: int, column: int) -> Unreadable:
    text = (
        "The file is not readable as JSON, YAML or CSV in UTF-8 "
        f"(first problem at line {line}, column {column})."
    )
    return Unreadable(text, line=line)


def pairs_of(value: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """All pairs of an object, those of a duplicate key, too, in their order."""
    return value.pairs if isinstance(value, DuplicateKeys) else value.items()


def marked_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, marked when a key stands twice."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    marked = DuplicateKeys(found)
    times = Counter(name for name, _ in pairs)
    marked.names = tuple(name for name in found if times[name] > 1)
    marked.pairs = pairs
    return marked


def is_deeper(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for part in level
            if isinstance(part, (dict, list))
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return False
    return True
