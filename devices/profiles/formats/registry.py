"""The layouts of profile files that are read: name -> (label, dotted path, sniff)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from devices.profiles.formats.reading import Reading
from devices.profiles.parsing import Document, lines

Reader = Callable[[Document], Reading]


@dataclass(frozen=True, slots=True)
class Card:
    """One layout: its name for people, its reader, and how a file of it is recognised."""

    label: str
    path: str  # "module:function"
    sniff: Callable[[Document], bool]

    def load(self) -> Reader:
        module, _, name = self.path.partition(":")
        reader: Reader = getattr(import_module(module), name)
        return reader


def _is_native_json(document: Document) -> bool:
    return isinstance(document.value, dict) and "schema" in document.value


def _is_native_csv(document: Document) -> bool:
    """Marked in the first line, or a table with a column `type` and one for a time."""
    if document.kind != "table":
        return False
    if document.text.lstrip('"').startswith("#webnas.device-profile/"):
        return True
    header = next((line for line in lines(document.text) if not line.startswith("#")), "")
    columns = header.lower()
    return "type" in columns and any(name in columns for name in ("mean", "latency", "time"))


NATIVE = "devices.profiles.formats.native"
FORMATS: Mapping[str, Card] = {
    "webnas-json": Card("webnas JSON", f"{NATIVE}:read_json", _is_native_json),
    "webnas-csv": Card("webnas CSV", f"{NATIVE}_csv:read_csv", _is_native_csv),
}


def recognised(document: Document) -> str | None:
    """Name of the first layout whose sniff knows the document."""
    return next((name for name, card in FORMATS.items() if card.sniff(document)), None)
