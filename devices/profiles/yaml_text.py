"""YAML from strangers: mappings, lists and plain values, built from the parser's events.

No tag is honoured, so that nothing is constructed; aliases are refused, with which a file of
some hundred bytes grows to gigabytes; a key that stands twice is marked as in JSON.
"""

import re
from typing import Any

import yaml

from devices.profiles.parsing import DEPTH, NO_NUMBER, NUMBER, Unreadable, marked_object

MOST_BYTES = 4 * 2**20
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is 7 times as fast
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
SPECIAL = re.compile(r"([+-]?)\.(nan|inf)", re.IGNORECASE)


def strict_yaml(text: str) -> Any:
    """The value of a YAML text; numbers and words of the core schema, everything else is text.

    Raises:
        Unreadable: no YAML, several documents, aliases, tags, or nested deeper than `DEPTH`.
    """
    if len(text.encode()) > MOST_BYTES:
        raise Unreadable(
            f"Of YAML at most {MOST_BYTES // 2**20} MiB are read; JSON may be longer."
        )
    try:
        return _Builder().value(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else None
        place = f" (first problem at line {line}, column {mark.column + 1})" if mark else ""
        raise Unreadable(f"The file is not readable as YAML{place}.", line=line) from error


class _Builder:
    """Open collections from the outermost to the innermost one, each with what it holds so far."""

    def __init__(self) -> None:
        self.n_documents = 0
        self.root: list[Any] = []
        self.open: list[tuple[str, list[Any]]] = [("sequence", self.root)]

    def value(self, text: str) -> Any:
        for event in yaml.parse(text, Loader=LOADER):
            mark = event.start_mark
            self._take(event, mark.line + 1 if mark else 0)
        return self.root[0] if self.root else None

    def _take(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event, line)
            self.open[-1][1].append(_scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_extras(event, line)
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
            self.open.append((kind, []))
            if len(self.open) > DEPTH + 1:
                raise Unreadable(f"The YAML is nested deeper than {DEPTH} levels.", line=line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(line)
        elif isinstance(event, yaml.AliasEvent):
            raise Unreadable(
                f"Line {line}: aliases (*name) are not read; write it out.", line=line
            )
        elif isinstance(event, yaml.DocumentStartEvent):
            self.n_documents += 1
            if self.n_documents > 1:
                text = f"A second document begins in line {line}; upload them one by one."
                raise Unreadable(text, line=line)

    def _refuse_extras(self, event: Any, line: int) -> None:
        if event.tag is not None or event.anchor is not None:
            raise Unreadable(f"Line {line}: tags and anchors (!, &) are not read.", line=line)

    def _close(self, line: int) -> None:
        kind, items = self.open.pop()
        if kind == "sequence":
            self.open[-1][1].append(items)
            return
        keys = items[::2]
        if not all(isinstance(key, (str, int, float, bool, type(None))) for key in keys):
            raise Unreadable(f"Line {line}: a key that is a list or a mapping.", line=line)
        names = [key if isinstance(key, str) else str(key) for key in keys]
        self.open[-1][1].append(marked_object(list(zip(names, items[1::2], strict=True))))


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style:  # quoted, or a block
        return text
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text) and len(text) < 40:
        return float(text)
    special = SPECIAL.fullmatch(text)
    if special or NO_NUMBER.fullmatch(text):
        return float(special[1] + special[2] if special else text)
    return text
