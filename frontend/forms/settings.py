"""Form fields from the schemas of settings dataclasses: one field per setting."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

Schema = list[dict[str, Any]]


def field_of(setting: Mapping[str, Any]) -> forms.Field:
    """The form field of one setting; bounds and choices are checked again by the service."""
    common: dict[str, Any] = {
        "label": setting["name"].replace("_", " ").capitalize(),
        "help_text": help_of(setting),
        "initial": setting["default"],
        "required": False,
    }
    if setting["choices"]:
        choices = [(str(choice), str(choice).replace("_", " ")) for choice in setting["choices"]]
        return forms.ChoiceField(choices=choices, **common)
    if setting["type"] == "bool":
        return forms.BooleanField(**common)
    if setting["type"] == "str":
        return forms.CharField(max_length=500, **common)
    bounds = {"min_value": setting["min"], "max_value": setting["max"]}
    if setting["type"] == "int":
        return forms.IntegerField(**bounds, **common)
    widget = forms.NumberInput(attrs={"step": "any"})
    return forms.FloatField(widget=widget, **bounds, **common)


def help_of(setting: Mapping[str, Any]) -> str:
    """The setting's help, and the range in which it may lie."""
    text = str(setting["help"])
    low, high = setting["min"], setting["max"]
    if low is not None and high is not None and setting["type"] in ("int", "float"):
        text += f" {low:g} to {high:,g}."
    return text


def name_of(role: str, card: str, setting: str) -> str:
    """The field's name in the form, such as `strategy-nsga2-population`."""
    return f"{role}-{card}-{setting}"


def changed(schema: Schema, values: Mapping[str, Any], role: str, card: str) -> dict[str, Any]:
    """The settings that differ from their defaults; an empty field is the default."""
    found = {}
    for setting in schema:
        value = values.get(name_of(role, card, setting["name"]))
        if setting["choices"]:
            value = next((c for c in setting["choices"] if str(c) == value), None)
        if value is None or value == "" or value == setting["default"]:
            continue
        found[setting["name"]] = value
    return found


def initial(settings: Mapping[str, Any], role: str, card: str) -> dict[str, Any]:
    """What a form begins with to repeat given settings."""
    return {name_of(role, card, name): value for name, value in settings.items()}


def fields_of(cards: Iterable[Mapping[str, Any]], role: str) -> dict[str, forms.Field]:
    return {
        name_of(role, card["name"], setting["name"]): field_of(setting)
        for card in cards
        for setting in card["settings"]
    }
