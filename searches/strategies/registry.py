"""The search strategies."""

from dataclasses import dataclass

from searches.objectives.cards import Card, Registry


@dataclass(frozen=True)
class StrategyCard(Card):
    """A strategy's card.

    Attributes:
        trainable: "module:Class" of the training that a one-shot strategy searches by; None for
            strategies that propose and are told.
    """

    trainable: str | None = None


STRATEGIES = Registry(
    "strategy",
    "webnas.strategies",
    [
        StrategyCard(
            name="random",
            label="Random search",
            path="searches.strategies.random_search:RandomSearch",
            summary="Tries architectures at random, none twice: the baseline of every comparison.",
            settings="searches.strategies.settings.sampling:RandomSettings",
            presets={"default": {}},
        ),
        StrategyCard(
            name="nsga2",
            label="Evolution (NSGA-II)",
            path="searches.strategies.nsga2:Nsga2",
            summary="A population evolves: the non-dominated survive, those in the widest gaps "
            "of the front first. Serves up to three objectives best.",
            settings="searches.strategies.settings.evolution:Nsga2Settings",
            presets={"default": {}, "large": {"population": 100}},
        ),
    ],
)
