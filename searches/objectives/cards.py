"""Cards: what a registry knows of an entry without importing it.

Each family of engine parts (spaces, strategies, evaluators, targets) lists its entries as cards
in one light module. Cards are compared to see which choices fit together, settings classes give
forms and schemas, and `Card.load` imports the implementation only when it is needed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any


def load_object(path: str) -> Any:
    """The object that a dotted path "module:Name" names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Card:
    """One registry entry.

    Attributes:
        path: "module:Class" of the implementation.
        settings: "module:Class" of the settings dataclass, None when nothing can be set.
        requires: tags that the other choices of a run must provide.
        provides: tags that this choice offers to the others.
        presets: named settings (or definitions), JSON.
        precheck: "module:function" that finds, from the space, the settings and the budget, why
            a run cannot start: messages by place, such as "budget" or "strategy_settings.step".
            It must not need torch.
    """

    name: str
    label: str
    path: str
    summary: str
    settings: str | None = None
    requires: frozenset[str] = frozenset()
    provides: frozenset[str] = frozenset()
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    precheck: str | None = None

    def load(self) -> Any:
        """The implementation: this is the moment at which its module is imported."""
        return load_object(self.path)

    def settings_class(self) -> type[Any] | None:
        """The settings dataclass, without importing the implementation."""
        return None if self.settings is None else load_object(self.settings)


class UnknownEntry(KeyError):
    """No card of that name; the message lists those that exist."""

    def __init__(self, family: str, name: str, known: list[str]):
        self.message = f"There is no {family} called “{name}”. Known: {', '.join(known)}."
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class Registry(Mapping[str, Card]):
    """The cards of one family: those of webnas first, then those of installed packages.

    A package adds cards by an entry point of the family's group, which names a Card.
    """

    def __init__(self, family: str, group: str, cards: list[Card]):
        self.family, self._group = family, group
        self._cards: dict[str, Card] = {}
        self._asked_packages = False
        for card in cards:
            self._add(card, self._cards)

    def _add(self, card: Card, cards: dict[str, Card]) -> None:
        if card.name in cards:
            raise ValueError(f"Two {self.family} cards are called “{card.name}”.")
        cards[card.name] = card

    def _all(self) -> dict[str, Card]:
        """All cards; a package that is at fault is named every time, and hides no other."""
        if not self._asked_packages:
            cards = dict(self._cards)
            for point in entry_points(group=self._group):
                card = point.load()
                if not isinstance(card, Card):
                    raise TypeError(f"Entry point {point.value} of {self._group} is no Card.")
                self._add(card, cards)
            self._cards, self._asked_packages = cards, True
        return self._cards

    def __getitem__(self, name: str) -> Card:
        cards = self._all()
        if name not in cards:
            raise UnknownEntry(self.family, name, list(cards))
        return cards[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())
