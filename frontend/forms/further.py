"""Limits that no row of the form can hold: a floor under a cost, the end of an interval."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from frontend.forms.goals import Goal

LONGEST = 500  # characters of one limit
MOST = 20
BOUNDS = ("at_most", "at_least")


class FurtherLimits(forms.Field):
    """Limits as JSON texts, each ticked while it holds; the service says what is wrong in them."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Sequence[str] | None) -> list[dict[str, Any]]:
        found = [limit_from(text) for text in value or []]
        if None in found or len(found) > MOST:
            raise forms.ValidationError(f"At most {MOST} limits, each as this form gives them.")
        return [limit for limit in found if limit is not None]


def limit_from(text: str) -> dict[str, Any] | None:
    """The limit that a text holds; None when it holds none."""
    try:
        found = json.loads(text[: LONGEST + 1])
    except (ValueError, RecursionError):
        return None
    is_limit = isinstance(found, dict) and isinstance(found.get("measure"), str)
    return found if is_limit else None


def split(
    limits: Iterable[Mapping[str, Any]], goals: Mapping[str, Goal]
) -> tuple[dict[str, float], list[str]]:
    """What to type into the rows of the form, and all that they cannot hold, as texts."""
    typed: dict[str, float] = {}
    further = []
    for limit in limits:
        rest = {name: value for name, value in limit.items() if value is not None}
        device = rest.get("device")
        goal = goals.get(rest["measure"] if device is None else f"{rest['measure']}@{device}")
        value = goal.typed(rest) if goal else None
        is_plain = rest.get("statistic", "value") == "value"
        if goal and value is not None and is_plain and goal.limit_field not in typed:
            typed[goal.limit_field] = value
            del rest[goal.bound]
        if any(bound in rest for bound in BOUNDS):
            further.append(json.dumps(rest))
    return typed, further


def devices_of(limits: Iterable[Mapping[str, Any]]) -> set[int]:
    return {limit["device"] for limit in limits if isinstance(limit.get("device"), int)}
