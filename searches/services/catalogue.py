"""What can be chosen: the cards of all registries, as JSON."""

from collections.abc import Iterable
from typing import Any

from searches.evaluators.registry import EVALUATORS, EvaluatorCard
from searches.objectives.cards import Card, Registry
from searches.objectives.measures import Measure
from searches.objectives.settings import schema
from searches.spaces.registry import FAMILIES, SpaceCard
from searches.spaces.schemas import schema_of
from searches.strategies.registry import STRATEGIES
from searches.targets.registry import TARGETS, TargetCard

REGISTRIES: dict[str, Registry] = {
    "targets": TARGETS,
    "families": FAMILIES,
    "strategies": STRATEGIES,
    "evaluators": EVALUATORS,
}


def cards(registry: str) -> list[dict[str, Any]]:
    """All cards of a registry, in its order."""
    return [card_json(card) for card in REGISTRIES[registry].values()]


def card_json(card: Card) -> dict[str, Any]:
    settings = card.settings_class()
    found: dict[str, Any] = {
        "name": card.name,
        "label": card.label,
        "summary": card.summary,
        "settings": [] if settings is None else schema(settings),
        "requires": sorted(card.requires),
        "provides": sorted(card.provides),
        "presets": {name: dict(preset) for name, preset in card.presets.items()},
    }
    if isinstance(card, SpaceCard):
        return found | {"schema": schema_of(card.name)}
    if isinstance(card, TargetCard):
        return found | {"data_kind": card.data_kind, "qualities": _measures(card.qualities)}
    is_evaluator = card.name in EVALUATORS and EVALUATORS[card.name] is card
    qualities = card.qualities if isinstance(card, EvaluatorCard) else ()
    return found | ({"qualities": _measures(qualities)} if is_evaluator else {})


def _measures(measures: Iterable[Measure]) -> list[dict[str, Any]]:
    return [
        {"name": m.name, "label": m.label, "unit": m.unit, "direction": m.direction}
        for m in measures
    ]
