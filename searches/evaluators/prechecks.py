"""What evaluators have against a run before it starts; no torch here."""

from __future__ import annotations

from collections.abc import Mapping

from searches.evaluators.settings import FullSettings
from searches.spaces.base import SearchSpace
from searches.spaces.registry import FAMILIES

# Tag of a space whose networks can have less of a quantity than the architecture says.
TAGS = {"resolution": "reducible resolution", "channels": "reducible channels"}


def reducible(space: SearchSpace, settings: FullSettings, _: int) -> Mapping[str, list[str]]:
    """Why networks of the space cannot have less of what the settings reduce."""
    card, tag = FAMILIES[space.family], TAGS.get(settings.reduces)
    if tag is None or tag in card.provides:
        return {}
    possible = [name for name, needed in TAGS.items() if needed in card.provides]
    text = f"The {settings.reduces} of {card.label} cannot be reduced; "
    return {
        "evaluator_settings.reduces": [text + f"{', '.join(['epochs', 'data', *possible])} can."]
    }
