"""docs/spaces.md: every family with its fields and presets, from the schemas."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from searches.spaces.registry import SpaceCard, load
from searches.spaces.schemas import described_families, schema_of

HEAD = """# Definitions of search spaces

<!-- Made by `manage.py describe_spaces`; a test compares this page with the code. -->

A definition is a JSON object. `family` says which of the families below reads it; a field with a
default may be left out, and a field that is not listed is refused. Lists of options ascend, hold
each option once and have 1 to 64 entries. *Describe a space* in the browser checks a definition
while you type, and `POST /api/v1/spaces/` with `{"name": …, "definition": …}` stores it; what is
wrong is named by its place, such as `units[0].width`. `GET /api/v1/spaces/families/` serves the
same as JSON Schema (2020-12), with all presets.

A run takes `in_channels` and `n_classes` from its data set.

**Options of single genes.** Every family takes one field more: `only`, an object that names genes
and the options that they keep, such as `"only": {"unit1.depth": [2, 3], "unit1.block1.kernel":
[3]}`. The names are those on the page of a space. Architectures, costs and shared weights stay
those of the whole space; genes that no architecture is left to use are gone. Strategies that
weigh choices by gradients need all options.
"""


def documentation() -> str:
    """The page."""
    return "\n".join([HEAD, *(_family(card) for card in described_families())])


def _family(card: SpaceCard) -> str:
    schema = schema_of(card.name)
    parts = [f"## {card.label} (`{card.name}`)", card.summary, _table(schema)]
    parts += [f"Each of `{name}`:\n\n{_table(nested)}" for name, nested in _nested(schema, "")]
    return "\n\n".join([*parts, _presets(card)]) + "\n"


def _nested(schema: Mapping[str, Any], above: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, of in schema["properties"].items():
        items = of.get("items", {})
        if items.get("type") == "object":
            yield f"{above}{name}", items
            yield from _nested(items, f"{above}{name}[].")


def _table(schema: Mapping[str, Any]) -> str:
    rows = ["| field | holds | meaning | default |", "|---|---|---|---|"]
    for name, of in schema["properties"].items():
        if name not in ("family", "only"):
            default = f"`{json.dumps(of['default'])}`" if "default" in of else ""
            rows.append(f"| `{name}` | {holds(of)} | {of['description']} | {default} |")
    return "\n".join(rows)


def holds(of: Mapping[str, Any]) -> str:
    """What a field may hold, in words."""
    if of.get("type") == "array":
        inside = of["items"]
        return "list of objects" if inside["type"] == "object" else f"list: {holds(inside)}"
    if "enum" in of:
        return ", ".join(f"`{choice}`" for choice in of["enum"])
    word = {"integer": "whole number", "number": "number", "string": "text"}.get(of["type"])
    least, most = of.get("minimum"), of.get("maximum")
    if least is not None and most is not None:
        return f"{word}, {least:,} to {most:,}"
    return f"{word}, at least {least:,}" if least is not None else word or "true or false"


def _presets(card: SpaceCard) -> str:
    sizes = [
        f"*{name}* ({_rounded(load(preset).size())})" for name, preset in card.presets.items()
    ]
    return f"Presets, with their numbers of architectures: {', '.join(sizes)}."


def _rounded(size: int) -> str:
    return f"{size:,}" if size < 10**7 else f"{size:.2e}".replace("e+", "e")
