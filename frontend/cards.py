"""Cards of targets, strategies and evaluators for the form: JSON, as over REST."""

from typing import Any

from searches.evaluators.registry import EVALUATORS
from searches.objectives.cards import Registry
from searches.objectives.measures import Measure
from searches.objectives.settings import schema
from searches.strategies.registry import STRATEGIES
from searches.targets.registry import TARGETS

REGISTRIES: dict[str, Registry] = {
    "target": TARGETS,
    "strategy": STRATEGIES,
    "evaluator": EVALUATORS,
}


def of(role: str) -> list[dict[str, Any]]:
    """Name, label, summary and settings of each card of a family."""
    found = []
    for card in REGISTRIES[role].values():
        cls = card.settings_class()
        settings = schema(cls) if cls else []
        found.append(
            {"name": card.name, "label": card.label, "summary": card.summary, "settings": settings}
        )
    return found


def qualities() -> list[Measure]:
    """Quality measures of all targets, each once."""
    found: dict[str, Measure] = {}
    for card in TARGETS.values():
        found |= {measure.name: measure for measure in card.qualities}  # type: ignore[attr-defined]
    return list(found.values())
