"""Reading definitions of spaces: frozen dataclasses whose fields say what they may hold.

Whatever is wrong with a definition is reported by field path, all of it at once.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from searches.spaces.mobile_definition import InvalidSpace

T = TypeVar("T")
MOST_ITEMS = 64  # of a list in a definition
_NOUNS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def number(least: float, most: float, *, default: Any = MISSING) -> Any:
    """A field that holds one number, or numbers in no order, within these ends."""
    return field(default=default, metadata={"range": (least, most)})


def options(least: float, most: float, *, default: Any = MISSING) -> Any:
    """A field that holds the options of a choice: ascending, each once."""
    return field(default=default, metadata={"range": (least, most), "is_ascending": True})


def one_of(*choices: Any, default: Any = MISSING) -> Any:
    """A field that holds one of the choices."""
    return field(default=default, metadata={"choices": choices})


def any_of(*choices: Any, default: Any = MISSING) -> Any:
    """A field that holds a list of some of the choices; the family checks them."""
    return field(default=default, metadata={"each": choices})


def read(kind: type[T], data: Any, where: str = "") -> T:
    """The dataclass that JSON spells out, nested ones included.

    Raises:
        InvalidSpace: a field is missing, unknown or of another type than its annotation. What
            fields may hold is left to `problems`.
    """
    if not isinstance(data, Mapping):
        raise InvalidSpace({where or "definition": ["Must be an object."]})
    prefix = f"{where}." if where else ""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    found = {f"{prefix}{name}": ["Unknown field."] for name in data if name not in known}
    hints, values = get_type_hints(kind), {}
    for name, of in known.items():
        try:
            if name in data:
                values[name] = _value(hints[name], data[name], prefix + name)
            elif of.default is MISSING:
                found[prefix + name] = ["This field is missing."]
        except InvalidSpace as error:
            found |= error.problems
    if found:
        raise InvalidSpace(found)
    return kind(**values)


def _value(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) is tuple:
        return _items(get_args(kind)[0], value, where)
    if is_dataclass(kind):
        return read(kind, value, where)  # type: ignore[arg-type]
    accepted = (int, float) if kind is float else (kind,)
    if type(value) not in accepted or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidSpace({where: [f"Must be {_NOUNS[kind]}."]})
    return value


def _items(kind: Any, value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_ITEMS:
        raise InvalidSpace({where: [f"A list of 1 to {MOST_ITEMS} entries is needed."]})
    found: dict[str, list[str]] = {}
    items = []
    for index, item in enumerate(value):
        try:
            items.append(_value(kind, item, f"{where}[{index}]"))
        except InvalidSpace as error:
            found |= error.problems
    if found:
        raise InvalidSpace(found)
    return tuple(items)


def problems(definition: Any, where: str = "") -> dict[str, list[str]]:
    """Messages by field path about values out of range, empty for a sound definition."""
    found: dict[str, list[str]] = {}
    for of in fields(definition):
        value, path = getattr(definition, of.name), where + of.name
        if isinstance(value, tuple) and is_dataclass(value[0]):
            for index, item in enumerate(value):
                found |= problems(item, f"{path}[{index}].")
        elif messages := list(_faults(of, value)):
            found[path] = messages
    return found


def _faults(of: "Field[Any]", value: Any) -> Iterator[str]:
    choices, ends = of.metadata.get("choices"), of.metadata.get("range")
    if choices and value not in choices:
        yield f"Must be one of {', '.join(map(str, choices))}."
    if ends is None:
        return
    values = value if isinstance(value, tuple) else (value,)
    if any(not ends[0] <= item <= ends[1] for item in values):
        yield f"Must lie between {ends[0]} and {ends[1]}."
    if of.metadata.get("is_ascending") and list(values) != sorted(set(values)):
        yield "Options must ascend, each once."
