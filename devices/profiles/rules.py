"""What each field of a profile may hold, read from the published JSON schema.

The schema file beside this module is what people validate against; reading the same file here
keeps both from drifting apart. Unlike a schema validator this also refuses NaN, infinities and
texts that no database stores, and says in words what would be right.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from devices.profiles.problems import shown
from devices.profiles.vocabulary import UNBOUNDED

SCHEMA = "webnas.device-profile/1"
FAMILY, _, MAJOR = SCHEMA.partition("/")
LARGEST = 1e30  # no fact of a device is above; squares stay finite
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One field: its kind, bounds or choices."""

    kind: str  # string, integer, number, boolean, object, array
    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None
    shortest: int = 0
    pattern: str | None = None
    form: str | None = None

    def wanted(self) -> str:
        """What would be right, as the end of a sentence."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.form == "date-time":
            return "a date and time such as 2026-01-05T10:00:00Z"
        if self.kind == "string":
            most = f" of at most {self.longest} characters" if self.longest else ""
            return f"a text{most}" if not self.shortest else f"a text{most}, not empty"
        noun = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
        bounds = [f"above {self.above:g}"] if self.above is not None else []
        bounds += [f"at least {self.low:g}"] if self.low is not None else []
        bounds += [f"at most {self.high:.15g}"] if self.high is not None else []
        return f"{noun.get(self.kind, self.kind)} {' and '.join(bounds)}".strip()

    def accepts(self, value: object) -> bool:
        if self.kind == "string":
            return isinstance(value, str) and self._accepts_text(value)
        if self.kind == "boolean":
            return isinstance(value, bool)
        if self.kind not in ("integer", "number"):
            return isinstance(value, {"object": dict, "array": list}[self.kind])
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        largest = LARGEST if self.kind == "number" else UNBOUNDED
        if not abs(value) <= largest or (self.kind == "integer" and value % 1):
            return False
        return self._within(value)

    def converted(self, value: Any) -> Any:
        """An accepted value in its one type: 3 and 3.0 are the same number."""
        if self.kind == "number":
            return float(value)
        return int(value) if self.kind == "integer" else value

    def _within(self, value: float) -> bool:
        if self.above is not None and value <= self.above:
            return False
        if self.low is not None and value < self.low:
            return False
        return self.high is None or value <= self.high

    def _accepts_text(self, value: str) -> bool:
        if UNSTORABLE.search(value) or not self.shortest <= len(value):
            return False
        if self.longest is not None and len(value) > self.longest:
            return False
        if self.choices and value not in self.choices:
            return False
        if self.form == "date-time" and not _is_moment(value):
            return False
        return self.pattern is None or re.search(self.pattern, value) is not None


ANY_NUMBER = Rule("number")


def _is_moment(text: str) -> bool:
    try:
        return "T" in text.upper() and datetime.fromisoformat(text) is not None
    except ValueError:
        return False


def complaint(name: str, value: object, rule: Rule) -> str:
    """The sentence for a value that its rule does not accept."""
    return f"{name} is {shown(value)}; it must be {rule.wanted()}."


def is_storable(value: object) -> bool:
    """Whether every number inside is finite and every text fit for a database."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str):
            if UNSTORABLE.search(part):
                return False
        elif part is not None and not ANY_NUMBER.accepts(part) and not isinstance(part, bool):
            return False
    return True


@cache
def schema() -> Mapping[str, Any]:
    """The published schema."""
    path = Path(__file__).with_name("device-profile.schema.json")
    document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@cache
def rules(section: str) -> Mapping[str, Rule]:
    """Rules of the fields of a section of the schema, or of the whole `profile`."""
    if section == "profile":
        properties = schema()["properties"]
    else:
        part = schema()["properties"][section]
        properties = part.get("items", part)["properties"]
    return {name: _rule(found) for name, found in properties.items() if name != "op"}


@cache
def map_rule(section: str, name: str) -> tuple[Rule, tuple[str, ...]]:
    """Rule of the values of a map such as peak_flops, and the names that it may have."""
    part = schema()["properties"][section]["properties"][name]
    if "propertyNames" in part:
        return _rule(part["additionalProperties"]), tuple(part["propertyNames"]["enum"])
    names = tuple(part["properties"])
    return _rule(part["properties"][names[0]]), names


def required(section: str) -> tuple[str, ...]:
    """Fields without which a section is not complete."""
    return tuple(schema()["properties"][section]["required"])


def most(section: str) -> int:
    """How many rows entries or models may have."""
    return int(schema()["properties"][section]["maxItems"])


def _rule(found: Mapping[str, Any]) -> Rule:
    return Rule(
        kind="string" if "enum" in found or "const" in found else found["type"],
        low=found.get("minimum"),
        high=found.get("maximum"),
        above=found.get("exclusiveMinimum"),
        choices=tuple(found.get("enum", ())),
        longest=found.get("maxLength"),
        shortest=found.get("minLength", 0),
        pattern=found.get("pattern"),
        form=found.get("format"),
    )
