"""The search strategies."""

from searches.objectives.cards import Card, Registry

STRATEGIES = Registry(
    "strategy",
    "webnas.strategies",
    [
        Card(
            name="random",
            label="Random search",
            path="searches.strategies.random_search:RandomSearch",
            summary="Tries architectures at random, none twice: the baseline of every comparison.",
            settings="searches.strategies.settings:RandomSettings",
            presets={"default": {}},
        ),
        Card(
            name="nsga2",
            label="Evolution (NSGA-II)",
            path="searches.strategies.nsga2:Nsga2",
            summary="A population evolves: the non-dominated survive, those in the widest gaps "
            "of the front first. Serves up to three objectives best.",
            settings="searches.strategies.settings:Nsga2Settings",
            presets={"default": {}, "large": {"population": 100}},
        ),
    ],
)
