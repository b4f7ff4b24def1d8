"""Settings: one frozen dataclass gives the form, the API schema, the docs table and the checks.

Each field has a default and `field(metadata={"help": …})`; "min", "max" and "choices" may be
added. Types: int, float, bool, str, and each of them or None.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
NAMES: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}


class SettingsError(ValueError):
    """Settings that cannot be: messages by field."""

    def __init__(self, problems: Mapping[str, list[str]]):
        self.problems = dict(problems)
        super().__init__("; ".join(f"{k}: {' '.join(v)}" for k, v in self.problems.items()))


@dataclass(frozen=True)
class _Rule:
    """What one field accepts."""

    name: str
    type: type
    is_optional: bool
    default: Any
    help: str
    least: float | None
    most: float | None
    choices: tuple[Any, ...] | None


def _rules(cls: type[Any]) -> list[_Rule]:
    hints = get_type_hints(cls)
    return [_rule(field, hints[field.name]) for field in fields(cls)]


def _rule(field: "Field[Any]", hint: Any) -> _Rule:
    is_union = get_origin(hint) in (Union, UnionType)
    types = [t for t in get_args(hint) if t is not NoneType] if is_union else [hint]
    if len(types) != 1 or types[0] not in NAMES:
        raise TypeError(f"Setting {field.name} has the unsupported type {hint}.")
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    if default is MISSING or "help" not in field.metadata:
        raise TypeError(f"Setting {field.name} needs a default and a help text.")
    choices = field.metadata.get("choices")
    return _Rule(
        field.name,
        types[0],
        is_union,
        default,
        field.metadata["help"],
        field.metadata.get("min"),
        field.metadata.get("max"),
        None if choices is None else tuple(choices),
    )


def schema(cls: type[Any]) -> list[dict[str, Any]]:
    """The fields of a settings dataclass as JSON: name, type, default, help, bounds, choices."""
    return [
        {
            "name": rule.name,
            "type": rule.type.__name__,
            "optional": rule.is_optional,
            "default": rule.default,
            "help": rule.help,
            "min": rule.least,
            "max": rule.most,
            "choices": None if rule.choices is None else list(rule.choices),
        }
        for rule in _rules(cls)
    ]


def build(cls: type[T], data: Mapping[str, Any]) -> T:
    """The settings that `data` asks for; what it leaves out keeps its default.

    Raises:
        SettingsError: an unknown name, a wrong type, or a value out of range.
    """
    rules = {rule.name: rule for rule in _rules(cls)}
    known = ", ".join(rules) or "none"
    problems = {n: [f"Unknown setting. Known: {known}."] for n in data if n not in rules}
    values = {}
    for name, value in data.items():
        if name in rules:
            message = _message(rules[name], value)
            if message is not None:
                problems[name] = [message]
            values[name] = float(value) if _widens(rules[name], value) else value
    if problems:
        raise SettingsError(problems)
    return cls(**values)


def _widens(rule: _Rule, value: Any) -> bool:
    return rule.type is float and type(value) is int


def _message(rule: _Rule, value: Any) -> str | None:
    """What is wrong with the value, or None."""
    if value is None and rule.is_optional:
        return None
    if type(value) is not rule.type and not _widens(rule, value):
        return f"Must be {NAMES[rule.type]}."
    if rule.choices is not None and value not in rule.choices:
        return f"Must be one of {_listed(rule.choices)}."
    if rule.type is float and not math.isfinite(value):
        return "Must be finite."
    if rule.least is not None and value < rule.least:
        return f"Must be at least {rule.least}."
    if rule.most is not None and value > rule.most:
        return f"Must be at most {rule.most}."
    return None


def _listed(choices: Sequence[Any]) -> str:
    return ", ".join(map(str, choices))
