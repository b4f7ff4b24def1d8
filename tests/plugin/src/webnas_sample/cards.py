"""What the package adds. Cards name code by paths, so that no list of choices loads torch."""

from devices.profiles.formats.registry import Card as FormatCard
from devices.profiles.parsing import Document
from searches.objectives.cards import Card
from searches.objectives.measures import Measure
from searches.spaces.registry import SpaceCard
from searches.strategies.registry import StrategyCard
from searches.targets.registry import TargetCard

CLIMB = StrategyCard(
    name="sample_climb",
    label="Climb (sample)",
    path="webnas_sample.climb:Climb",
    settings="webnas_sample.settings:ClimbSettings",
    summary="Mutates whatever is on the front.",
    provides=frozenset({"warm start"}),
    presets={"default": {}},
)

PLAIN = SpaceCard(
    name="sample_plain",
    label="Plain convolutions (sample)",
    path="webnas_sample.plain:Plain",
    networks="webnas_sample.plain_networks:PlainNetworks",
    summary="A few convolutions of one width.",
    requires=frozenset({"data:images"}),
    provides=frozenset({"slot additive", "target:mobile", "target:sample_balanced"}),
    presets={
        "small": {
            "family": "sample_plain",
            "preset": "small",
            "resolutions": [8, 12],
            "depths": [1, 2, 3],
            "widths": [8, 16, 24],
            "in_channels": 3,
            "n_classes": 10,
        }
    },
)

UNTRAINED = Card(
    name="sample_untrained",
    label="Untrained (sample)",
    path="webnas_sample.untrained:Untrained",
    summary="Judges networks with random weights: quick, and worth as much.",
    requires=frozenset({"networks"}),
    presets={"default": {}},
)

BALANCED = TargetCard(
    name="sample_balanced",
    label="Balanced classification (sample)",
    path="webnas_sample.balanced:BalancedTask",
    summary="Every class counts alike, however rare it is.",
    requires=frozenset({"data:images"}),
    data_kind="images",
    qualities=(
        Measure("balanced_accuracy", "Balanced accuracy", "", "max", kind="quality"),
        Measure("accuracy", "Accuracy", "", "max", kind="quality"),
    ),
)


def is_timings(document: Document) -> bool:
    """The first line says what it is."""
    return document.kind == "table" and document.text.startswith("sample timings of ")


TIMINGS = FormatCard("Sample timings", "webnas_sample.timings:read", is_timings)
