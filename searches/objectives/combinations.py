"""Which target, data set, space, strategy and evaluator fit together.

Only cards are compared, so that a form can ask while nothing heavy is loaded, and an impossible
combination is refused before a run starts, with the reason.
"""

from searches.objectives.cards import Card

# What a tag means, and which choice can provide it.
PHRASES = {
    "weight sharing": ("space", "architectures that share one set of weights"),
    "elastic": ("space", "architectures that are parts of one largest network"),
    "networks": ("space", "networks that can be trained"),
    "slot additive": ("space", "a cost that is a sum over the choices"),
    "differentiable slots": ("space", "choices that can be mixed with weights"),
    "shared weights": ("evaluator", "one set of weights for all architectures"),
    "fidelities": ("evaluator", "evaluations at several levels of effort"),
    "tabular": ("space", "a table of known results"),
}
DATA = {
    "images": "images with one class each",
    "features": "rows of numbers with one class each",
    "table": "a table of known results",
}


def problems(
    target: Card, dataset_kind: str, space: Card, strategy: Card, evaluator: Card
) -> dict[str, list[str]]:
    """Why the choices do not fit: messages by the field to change; empty when they do."""
    cards = {"target": target, "space": space, "strategy": strategy, "evaluator": evaluator}
    found: dict[str, list[str]] = {}
    if not has_networks(space, target):
        found["space"] = [f"{space.label} has no networks for the target {target.label}."]
    for field, card in cards.items():
        offered = {f"data:{dataset_kind}"}
        for other in cards:
            offered |= cards[other].provides if other != field else frozenset()
        for tag in sorted(card.requires - offered):
            place, message = _explain(field, card, tag, cards)
            found.setdefault(place, []).append(message)
    return found


def takes_data(card: Card, kind: str) -> bool:
    """Whether the card works with data of this kind, as far as it asks for any."""
    return all(tag == f"data:{kind}" for tag in card.requires if tag.startswith("data:"))


def has_networks(space: Card, target: Card) -> bool:
    return f"target:{target.name}" in space.provides


def fits(target: Card, dataset_kind: str, space: Card, strategy: Card, evaluator: Card) -> bool:
    return not problems(target, dataset_kind, space, strategy, evaluator)


def _explain(field: str, card: Card, tag: str, cards: dict[str, Card]) -> tuple[str, str]:
    """The field to change and the reason."""
    family, _, name = tag.partition(":")
    if family == "data":
        return "dataset", f"{card.label} needs {DATA.get(name, name)}."
    if family == "target":
        return field, f"{card.label} works for the target {name} only."
    provider, phrase = PHRASES.get(tag, ("", tag))
    if provider in cards and provider != field:
        return field, f"{card.label} needs {phrase}; {cards[provider].label} does not offer this."
    return field, f"{card.label} needs {phrase}, which none of the other choices offers."
