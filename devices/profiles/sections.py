"""The parts of a profile document as plain checked values: head, facts, figures of a row."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from devices.profiles.operation_checks import MOST_FAULTS, Fault, nearest
from devices.profiles.problems import Problem, shown
from devices.profiles.rules import (
    FAMILY,
    MAJOR,
    SCHEMA,
    complaint,
    is_storable,
    map_rule,
    required,
    rules,
)

Values = dict[str, Any]
PARTS = ("device", "runtime", "provenance")
HEAD = ("name", "space", "overhead_ms")


def head(document: Mapping[str, Any]) -> tuple[Values, list[Problem]]:
    """Name, space and overhead of a document, and what is wrong at its top level."""
    problems = schema_problems(document.get("schema"))
    allowed = rules("profile")
    known = tuple(allowed)
    unknown = islice((name for name in document if name not in allowed), MOST_FAULTS)
    problems += [
        _refusal(name, document[name], f"key {shown(name)} unknown; {nearest(name, known)}.")
        for name in unknown
    ]
    found = {name: document[name] for name in HEAD if name in document}
    values, faults = _checked(found, allowed)
    problems += [_refusal(fault.field, fault.value, fault.text) for fault in faults]
    if "name" not in document:
        problems.append(_refusal("name", None, "name is missing; it must be a text."))
    problems += [
        _refusal(name, document[name], complaint(name, document[name], allowed[name]))
        for name in ("entries", "models", *PARTS)
        if name in document and not allowed[name].accepts(document[name])
    ]
    return values, problems


def schema_problems(value: object) -> list[Problem]:
    """Nothing for the version that is read here, else which one the file was made for."""
    if value == SCHEMA:
        return []
    if isinstance(value, str) and value.startswith(f"{FAMILY}/"):
        made = value.removeprefix("webnas.")
        text = f"Made for {shown(made)[1:-1]}; this server reads /{MAJOR}."
    else:
        text = f"schema is {shown(value)}; it must be '{SCHEMA}'."
    return [_refusal("schema", value, text)]


def facts(section: str, raw: object) -> tuple[Values, list[Problem]]:
    """Checked values of device, runtime or provenance, and what is wrong with them."""
    if not isinstance(raw, Mapping):
        text = f"{section} is missing; it needs {', '.join(required(section))}."
        return {}, [_refusal(section, None, text)]
    values, faults = _checked(raw, rules(section))
    faults += [
        Fault(name, None, f"{name} is missing; it must be {rules(section)[name].wanted()}.")
        for name in required(section)
        if name not in raw
    ]
    for name in ("peak_flops", "power_w"):
        if name in values and section == "device":
            values[name], found = _map(section, name, values[name])
            faults += found
    key = f"{section}."
    return values, [
        Problem("E", None, key + fault.field, fault.value, key + fault.text) for fault in faults
    ]


def figures(section: str, raw: Mapping[str, Any]) -> tuple[Values, list[Fault]]:
    """Checked figures of one row of entries or models; its operation is checked elsewhere."""
    values, faults = _checked(raw, rules(section))
    if "mean_ms" not in raw:
        faults.append(Fault("mean_ms", None, "mean_ms is missing."))
    if section == "models" and "arch" not in raw:
        faults.append(Fault("arch", None, "arch is missing; it must be an object."))
    return values, faults


def _checked(raw: Mapping[str, Any], allowed: Mapping[str, Any]) -> tuple[Values, list[Fault]]:
    values: Values = {}
    faults: list[Fault] = []
    for name, value in raw.items():
        if len(faults) == MOST_FAULTS:
            break
        rule = allowed.get(name)
        if rule is None:
            known = nearest(name, tuple(allowed))
            faults.append(Fault(name, shown(value), f"{shown(name)} unknown; {known}."))
        elif not rule.accepts(value):
            faults.append(Fault(name, shown(value), complaint(name, value, rule)))
        elif rule.kind == "object" and not is_storable(value):
            text = f"{name} holds a number or a text that cannot be stored."
            faults.append(Fault(name, shown(value), text))
        else:
            values[name] = rule.converted(value)
    return values, faults


def _map(section: str, name: str, raw: Mapping[str, Any]) -> tuple[Values, Iterable[Fault]]:
    rule, names = map_rule(section, name)
    values, faults = _checked(raw, dict.fromkeys(names, rule))
    return values, [
        Fault(f"{name}.{fault.field}", fault.value, f"{name}.{fault.text}") for fault in faults
    ]


def _refusal(key: str, value: object, text: str) -> Problem:
    return Problem("E", None, key, None if value is None else shown(value), text)
