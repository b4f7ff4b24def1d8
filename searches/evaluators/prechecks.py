"""What evaluators have against a run before it starts; no torch here."""

from __future__ import annotations

from collections.abc import Mapping

from searches.evaluators.settings import FullSettings, HypernetworkSettings
from searches.spaces.base import SearchSpace
from searches.spaces.registry import FAMILIES

# Tag of a space whose networks can have less of a quantity than the architecture says.
TAGS = {"resolution": "reducible resolution", "channels": "reducible channels"}

# Weights of a generator: with gradients and Adam's averages 1.6 GB.
MOST_NUMBERS = 1e8
LEAST_HIDDEN = 4


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


def fits_in_memory(
    space: SearchSpace, settings: HypernetworkSettings, _: int
) -> Mapping[str, list[str]]:
    """Why the generator of a space's weights would be too large; it has a map for each of them."""
    parameters = [operation.parameters() for operation in space.operation_table()]
    largest, _genes = space.extreme(parameters, aggregate="sum", largest=True)
    numbers = largest * (settings.hidden + 1)
    if numbers <= MOST_NUMBERS:
        return {}
    fitting = int(MOST_NUMBERS / largest) - 1
    least = f"at most {fitting} fits" if fitting >= LEAST_HIDDEN else "no width fits"
    text = f"{largest:,.0f} weights times {settings.hidden} are too many: {least}. "
    return {
        "evaluator_settings.hidden": [text + "The graph hypernetwork does not grow with them."]
    }
