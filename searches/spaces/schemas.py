"""Definitions of spaces as JSON Schema, made from the dataclasses that read them.

Fields tell their type, and by their metadata what they may hold; the "Attributes:" of a docstring
tell what they mean. A schema cannot say everything: what depends on several fields at once is
left to the family, whose messages name the field as well.
"""

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from inspect import cleandoc
from typing import Any, get_args, get_origin, get_type_hints

from searches.spaces.factors import plain
from searches.spaces.registry import FAMILIES, SpaceCard
from searches.spaces.restriction import ONLY

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}
ATTRIBUTE = re.compile(r"(?P<names>[\w*]+(?:, [\w*]+)*): (?P<text>.*)")
# What fields of several families mean, unless a family says it itself.
MEANINGS: Mapping[str, str] = {
    "act": "activation",
    "activations": "options of the activation of all hidden layers",
    "family": "which family reads the definition",
    "final_act": "activation of the last convolution of the feature maps",
    "final_width": "output channels of the last convolution of the feature maps",
    "depth": "number of blocks",
    "depths": "options of the number of blocks",
    "expand": "channels inside as a multiple of those that come in",
    "expands": "options of the channels inside a block, as a share of others",
    "groups": "of grouped convolutions",
    "in_channels": "of the images: 1 (grey) or 3 (colour); a run takes those of its data set",
    "kernel": "side of the kernel",
    "mix_act": "activation of the convolution after global average pooling",
    "n_blocks": "layers of the stage",
    "n_classes": "a run takes the number of its data set",
    "preset": "a name without meaning; it does not count for the identity of the space",
    "resolutions": "sides of the square input image",
    "se": "whether blocks have squeeze-and-excitation",
    "stages": "the stages, in the order of the network",
    "stem_act": "activation of the first convolution",
    "stem_kernel": "side of the first convolution's kernel",
    "stem_stride": "of the first convolution",
    "stem_width": "output channels of the first convolution",
    "stride": "of the first block",
    "units": "the units, in the order of the network",
    "width": "output channels",
    "widths": "options of the output channels",
}
ONLY_SCHEMA: Schema = {
    "type": "object",
    "description": "options to keep, by names of genes; genes that are not named keep them all",
    "additionalProperties": {"type": "array", "minItems": 1},
}


@cache
def schema_of(family: str) -> Schema:
    """The JSON Schema of a family's definitions.

    A family that does not name its `definition_class` has one that says little.

    Raises:
        UnknownEntry: no such family.
    """
    card = FAMILIES[family]
    kind = card.load().definition_class
    found: Schema = {"$schema": DIALECT, "title": card.label, "description": card.summary}
    if kind is None:
        named = {"family": {"const": family}}
        return found | {"type": "object", "properties": named, "required": ["family"]}
    found |= _object(kind)
    found["properties"]["family"] = {"const": family, "description": MEANINGS["family"]}
    found["properties"][ONLY] = ONLY_SCHEMA
    found["required"] = ["family", *(name for name in found["required"] if name != "family")]
    return found


def _object(kind: type[Any]) -> Schema:
    hints, meanings = get_type_hints(kind), meanings_of(kind)
    properties = {}
    for of in fields(kind):
        described = _of_type(hints[of.name], of)
        text = meanings.get(of.name) or MEANINGS.get(of.name)
        if text:
            described["description"] = text.removesuffix(".")
        if of.default is not MISSING:
            described["default"] = plain(of.default)
        properties[of.name] = described
    required = [of.name for of in fields(kind) if of.default is MISSING]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _of_type(kind: Any, of: "Field[Any]") -> Schema:
    if get_origin(kind) is tuple:
        items = _of_type(get_args(kind)[0], of)
        found: Schema = {"type": "array", "items": items, "minItems": 1}
        return found | ({"uniqueItems": True} if _is_ascending(of) else {})
    if is_dataclass(kind):
        return _object(kind)  # type: ignore[arg-type]
    found = {"type": TYPES[kind]}
    choices = of.metadata.get("choices") or of.metadata.get("each")
    if choices:
        found["enum"] = list(choices)
    for name, end in zip(("minimum", "maximum"), of.metadata.get("range", ()), strict=False):
        if end is not None:
            found[name] = end
    return found


def _is_ascending(of: "Field[Any]") -> bool:
    return bool(of.metadata.get("is_ascending") or of.metadata.get("each"))


def meanings_of(kind: type[Any]) -> dict[str, str]:
    """What the docstrings of a dataclass and of those it derives from say of its fields."""
    found: dict[str, str] = {}
    names = [of.name for of in fields(kind)]
    for base in reversed(kind.__mro__):
        for pattern, text in _attributes(cleandoc(base.__doc__ or "")):
            found |= dict.fromkeys(fnmatch.filter(names, pattern), text)
    return found


def _attributes(docstring: str) -> list[tuple[str, str]]:
    """Name and text of every entry under "Attributes:"; lines that go on are joined."""
    _, _, section = docstring.partition("Attributes:\n")
    entries: list[tuple[list[str], str]] = []
    for line in section.splitlines():
        if not line.strip():
            break
        match = ATTRIBUTE.fullmatch(line.strip())
        if match and line.startswith("    ") and not line.startswith("     "):
            entries.append((match["names"].split(", "), match["text"]))
        elif entries:
            names, text = entries[-1]
            entries[-1] = (names, f"{text} {line.strip()}")
    return [(name, text) for names, text in entries for name in names]


def described_families() -> list[SpaceCard]:
    """The families whose definitions a person can write."""
    cards = [card for card in FAMILIES.values() if isinstance(card, SpaceCard)]
    return [card for card in cards if card.load().definition_class is not None]
