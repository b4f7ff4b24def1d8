"""What a set of fields must satisfy to be an operation, and the words when it does not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from devices.profiles import vocabulary as words
from devices.profiles.problems import shown

Value = int | bool | str
MOST_FAULTS = 8  # of one row or section; more help nobody and cost time


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one field."""

    field: str
    value: str | None
    text: str


def checked(fields: Mapping[str, object]) -> tuple[dict[str, Value], list[Fault]]:
    """The fields with their types put right, and what is wrong with them."""
    values: dict[str, Value] = {}
    faults: list[Fault] = []
    for name, value in fields.items():
        result = _field(name, value)
        if isinstance(result, Fault):
            faults.append(result)
            if len(faults) == MOST_FAULTS:
                break
        else:
            values[name] = result
    if not faults:
        faults = [*_missing(values)]
    if not faults:
        faults = [*_contradictions(values)]
    return values, faults


def _field(name: str, value: object) -> Value | Fault:
    if name in words.INTEGERS:
        return _integer(name, value)
    if name in words.BOOLEANS:
        fine = isinstance(value, bool)
        text = f"{name} is {shown(value)}; it must be true or false."
        return bool(value) if fine else Fault(name, shown(value), text)
    if name in words.CHOICES:
        return _choice(name, value)
    if name == "tag":
        if isinstance(value, str) and 0 < len(value) <= words.TAG_LENGTH:
            return value
        text = f"tag is {shown(value)}; it must be a text of 1 to {words.TAG_LENGTH} characters."
        return Fault(name, shown(value), text)
    return Fault(name, shown(value), f"field '{name}' unknown; {nearest(name, words.FIELDS)}.")


def _integer(name: str, value: object) -> int | Fault:
    largest = words.INTEGERS[name]
    if type(value) is int and 1 <= value <= largest:  # nearly always
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= largest:
        return value
    text = f"{name} is {shown(value)}; it must be a whole number from 1 to {largest}."
    return Fault(name, shown(value), text)


def _choice(name: str, value: object) -> str | Fault:
    allowed = words.CHOICES[name]
    if isinstance(value, str) and value in allowed:
        return value
    text = f"{name} {shown(value)} unknown; {nearest(value, allowed)}."
    return Fault(name, shown(value), text)


def nearest(value: object, allowed: tuple[str, ...]) -> str:
    """`nearest: conv, dwconv`, or all that is allowed when nothing is near."""
    matches = get_close_matches(str(value)[:80], allowed)
    return f"nearest: {', '.join(matches)}" if matches else f"one of {', '.join(allowed)}"


def _missing(values: Mapping[str, Value]) -> Iterator[Fault]:
    kind = values.get("type")
    if kind is None:
        yield Fault("type", None, f"type is missing; one of {', '.join(words.TYPES)}.")
        return
    absent = [name for name in words.REQUIRED[str(kind)] if name not in values]
    if kind in words.MAPS_OR_TOKENS and "h" not in values and "q_len" not in values:
        absent.append("h")
    if kind == "norm" and values.get("norm", "folded") in ("folded", "none"):
        yield Fault("norm", None, "norm must say which one it is: bn, ln or in.")
    if kind == "act" and values.get("act", "none") == "none":
        yield Fault("act", None, "act must say which one it is, for example relu.")
    for name in absent:
        yield Fault(name, None, f"{name} is missing; {kind} needs {_needs(str(kind))}.")


def _needs(kind: str) -> str:
    size = ("h or q_len",) if kind in words.MAPS_OR_TOKENS else ()
    return ", ".join((*size, *words.REQUIRED[kind]))


def _contradictions(values: Mapping[str, Value]) -> Iterator[Fault]:
    kind = str(values["type"])
    tag, allowed = values.get("tag"), words.TAGS.get(kind, ())
    if tag is not None and kind != "other" and tag not in allowed:
        known = f"one of {', '.join(allowed)}" if allowed else f"{kind} takes none"
        yield Fault("tag", shown(tag), f"tag {shown(tag)} unknown for {kind}; {known}.")
    yield from _groups(kind, values)
    yield from _shortcut(kind, values)
    if kind == "attention":
        yield from _heads(values)
    if tag == "reflect":
        yield from _border(values)


def _number(values: Mapping[str, Value], name: str, default: int) -> int:
    value = values.get(name, default)
    return value if isinstance(value, int) else default


def _border(values: Mapping[str, Value]) -> Iterator[Fault]:
    size = min(_number(values, "h", 1), _number(values, "w", words.UNBOUNDED))
    border = _number(values, "k", 1) // 2
    if border >= size:
        text = f"k {values['k']} reflects a border of {border}, which needs a larger input."
        yield Fault("k", shown(values["k"]), text)


GROUPED = {
    "conv": ("cin", "cout"),
    "deconv": ("cin", "cout"),
    "mbconv": ("cin", "mid", "cout"),
    "bottleneck": ("mid",),
    "basic": ("cin", "mid", "cout"),
}


def _groups(kind: str, values: Mapping[str, Value]) -> Iterator[Fault]:
    if "g" not in values and kind != "dwconv":
        return
    groups, cin = _number(values, "g", 1), _number(values, "cin", 1)
    if kind == "dwconv":
        cout = _number(values, "cout", cin)
        if cout % cin:
            text = f"cout {cout} is no multiple of cin {cin}, as a dwconv needs."
            yield Fault("cout", str(cout), text)
        if groups not in (1, cin):
            yield Fault("g", str(groups), f"groups {groups}: a dwconv has cin {cin} or none.")
    if kind == "resblock":
        kind = str(values.get("tag", "bottleneck")).removesuffix("-d")
    for name in GROUPED.get(kind, ()):
        if _number(values, name, groups) % groups:
            text = f"groups {groups} does not divide {name} {values[name]}."
            yield Fault("g", str(groups), text)


def _shortcut(kind: str, values: Mapping[str, Value]) -> Iterator[Fault]:
    if not values.get("skip"):
        return
    if kind not in ("conv", "dwconv", "mbconv", "resblock", "linear", "attention"):
        yield Fault("skip", "true", f"a {kind} has no skip.")
        return
    cin = _number(values, "cin", 1)
    if _number(values, "s", 1) != 1 or _number(values, "cout", cin) != cin:
        yield Fault("skip", "true", "a skip needs stride 1 and equal channels.")


def _heads(values: Mapping[str, Value]) -> Iterator[Fault]:
    heads, cout = _number(values, "heads", 1), _number(values, "cout", _number(values, "cin", 1))
    if "head_dim" not in values and cout % heads:
        text = f"heads {heads} does not divide {cout}; say head_dim."
        yield Fault("heads", str(heads), text)
