"""The evaluators: ways to find out how good an architecture is."""

from __future__ import annotations

from dataclasses import dataclass

from searches.evaluators.zero_cost import registry as zero_cost
from searches.objectives.cards import Card, Registry
from searches.objectives.measures import Measure


@dataclass(frozen=True)
class EvaluatorCard(Card):
    """An evaluator's card.

    Attributes:
        qualities: What it tells in place of the target's qualities; empty: it tells those.
    """

    qualities: tuple[Measure, ...] = ()


EVALUATORS = Registry(
    "evaluator",
    "webnas.evaluators",
    [
        Card(
            name="supernet",
            label="Supernet",
            path="searches.evaluators.supernet:SupernetEvaluator",
            settings="searches.evaluators.settings:SupernetSettings",
            summary="Trains one set of weights that all architectures share, then judges each "
            "with its slice of them. Fast; its scores rank the candidates.",
            requires=frozenset({"weight sharing"}),
            provides=frozenset({"shared weights"}),
            presets={
                "demo": {"epochs": 20, "recalibration_images": 1000},
                "standard": {"epochs": 50},
            },
        ),
        Card(
            name="once_for_all",
            label="Once for all",
            path="searches.evaluators.once_for_all:OnceForAllEvaluator",
            settings="searches.evaluators.settings:OnceForAllSettings",
            summary="Trains the largest network, then lets smaller kernels, depths and widths "
            "join while it teaches them. Every network of the space then comes trained.",
            requires=frozenset({"weight sharing", "elastic"}),
            provides=frozenset({"shared weights"}),
            presets={
                "demo": {
                    "epochs": 10,
                    "kernel_epochs": 4,
                    "depth_epochs": 4,
                    "width_epochs": 4,
                    "recalibration_images": 1000,
                },
                "standard": {"epochs": 20},
            },
        ),
        Card(
            name="full",
            label="Full training",
            path="searches.evaluators.full:FullEvaluator",
            settings="searches.evaluators.settings:FullSettings",
            summary="Trains every candidate from scratch. Slow; its scores are those of the "
            "network that you get.",
            requires=frozenset({"networks"}),
            provides=frozenset({"fidelities"}),
            presets={"demo": {"epochs": 10}, "standard": {"epochs": 40}},
            precheck="searches.evaluators.prechecks:reducible",
        ),
        EvaluatorCard(
            name="zero_cost",
            label="Zero-cost proxies",
            path="searches.evaluators.zero_cost.evaluator:ZeroCostEvaluator",
            settings="searches.evaluators.settings:ZeroCostSettings",
            summary="Looks at every candidate before any training. Takes a moment; its scores "
            "are no accuracies, and the trust panel says whether they rank better than size.",
            requires=frozenset({"networks"}),
            presets={"demo": {"initialisations": 1}, "standard": {"initialisations": 3}},
            qualities=zero_cost.MEASURES,
        ),
        Card(
            name="hypernetwork",
            label="Hypernetwork (choices)",
            path="searches.evaluators.hypernetwork:GeneratorEvaluator",
            settings="searches.evaluators.settings:HypernetworkSettings",
            summary="Trains one network that writes the weights of any other from its choices, "
            "and judges each with these. The run's page shows whether it listens to them.",
            requires=frozenset({"networks"}),
            provides=frozenset({"shared weights", "predicted weights"}),
            presets={"demo": {"epochs": 40}, "standard": {"epochs": 150}},
            precheck="searches.evaluators.prechecks:fits_in_memory",
        ),
        Card(
            name="graph_hypernetwork",
            label="Hypernetwork (graph)",
            path="searches.evaluators.hypernetwork:GraphEvaluator",
            settings="searches.evaluators.settings:HypernetworkSettings",
            summary="As above, but reads the graph of layers: small for any space, and slower to "
            "train.",
            requires=frozenset({"networks"}),
            provides=frozenset({"shared weights", "predicted weights"}),
            presets={"demo": {"epochs": 40}, "standard": {"epochs": 150, "networks": 4}},
        ),
        Card(
            name="inherited",
            label="Weight inheritance",
            path="searches.evaluators.inherited:InheritedEvaluator",
            settings="searches.evaluators.settings:InheritedSettings",
            summary="Trains the first batch from scratch; every later network begins with the "
            "weights of the one that it was made from and trains briefly. What its ancestors "
            "cost is counted.",
            requires=frozenset({"networks"}),
            provides=frozenset({"inheritance"}),
            presets={
                "demo": {"epochs": 1, "founder_epochs": 10},
                "standard": {"epochs": 3, "founder_epochs": 40},
            },
        ),
        Card(
            name="table",
            label="Look-up",
            path="searches.evaluators.table:TableEvaluator",
            summary="Reads what a table of known results says of an architecture.",
            requires=frozenset({"tabular"}),
        ),
    ],
)
