"""Search spaces: those that come with webnas, and those that people describe."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from devices.models import ProfileVersion
from searches.models import Run, Space, Supernet
from searches.objectives.cards import UnknownEntry
from searches.objectives.measures import COSTS, key
from searches.runner.costing import COLUMNS, Costing
from searches.spaces import registry
from searches.spaces.base import SearchSpace
from searches.spaces.registry import FAMILIES
from webnas.refusals import ConflictingRequest, RefusedRequest

BUILTIN_NAMES = {"full": "MobileNetV3, full size", "small": "MobileNetV3, small"}


def create_space(*, owner: User, name: str, definition: Mapping[str, Any]) -> Space:
    """Store a space that is spelled out as JSON.

    Raises:
        RefusedRequest: naming what in the definition is wrong.
    """
    title = name.strip()
    if not 1 <= len(title) <= 120:
        raise RefusedRequest({"name": [f"{len(title)} characters; 1 to 120 are needed."]})
    space = load(definition)
    with transaction.atomic():
        if Space.objects.owned_by(owner).filter(name=title).exists():
            raise RefusedRequest({"name": [f"You have a space called “{title}”."]})
        row: Space = Space.objects.create(owner=owner, name=title, **_columns(space))
    return row


def load(definition: Mapping[str, Any]) -> SearchSpace:
    """The space of a definition that comes from outside."""
    if not isinstance(definition, Mapping):
        raise RefusedRequest({"definition": ["A JSON object is needed."]})
    try:
        return registry.load(definition)
    except UnknownEntry as error:
        raise RefusedRequest({"definition.family": [str(error)]}) from None
    except (ValueError, TypeError, KeyError) as error:
        raise RefusedRequest({"definition": [str(error)]}) from None


def _columns(space: SearchSpace) -> dict[str, Any]:
    return {
        "family": space.family,
        "definition": space.to_json(),
        "content_hash": space.content_hash(),
        "size": str(space.size()),
        "summary": FAMILIES[space.family].summary,
    }


def delete_space(*, space: Space) -> None:
    names = list(Run.objects.filter(space=space).values_list("name", flat=True)[:5])
    if names:
        raise ConflictingRequest({}, f"Runs use this space: {', '.join(names)}.")
    if Supernet.objects.filter(space=space).exists():
        raise ConflictingRequest({}, "A supernet was trained for this space.")
    space.delete()


def add_builtin() -> None:
    """The presets of all families; a preset that has changed keeps its row while runs use it."""
    for family, card in FAMILIES.items():
        for preset, definition in card.presets.items():
            space = registry.load({"family": family, "preset": preset, **definition})
            name = BUILTIN_NAMES.get(preset, f"{card.label}, {preset}")
            Space.objects.update_or_create(owner=None, name=name, defaults=_columns(space))


def analysis(*, space: Space, version: ProfileVersion | None) -> dict[str, Any]:
    """Size, genes, and the reachable range of every cost, on a device when one is given."""
    loaded = registry.load(space.definition)
    device = version.device_id if version else None
    costing = Costing(loaded, {device: version} if version and device else {})
    bounds = {}
    for measure in COLUMNS:
        place = device if COSTS[measure].needs_device else None
        if COSTS[measure].needs_device and place is None:
            continue
        if costing.knows(measure, place):
            bound = costing.bound(measure, place)
            bounds[key(measure, place)] = {
                "label": COSTS[measure].label,
                "unit": COSTS[measure].unit,
                "min": bound.minimum,
                "max": bound.maximum,
                "cheapest": loaded.describe(bound.cheapest),
            }
    return {
        "size": str(loaded.size()),
        "size_formula": loaded.size_formula(),
        "n_genotypes": str(loaded.n_genotypes()),
        "n_operations": len(loaded.operation_table()),
        "genes": [
            {"name": gene.name, "group": gene.group, "options": list(gene.options)}
            for gene in loaded.genes
        ],
        "bounds": bounds,
    }
