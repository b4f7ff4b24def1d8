"""The targets: what a network is for, and how its quality is measured."""

from __future__ import annotations

from dataclasses import dataclass

from searches.objectives.cards import Card, Registry
from searches.objectives.measures import Measure


@dataclass(frozen=True)
class TargetCard(Card):
    """A target's card.

    Attributes:
        data_kind: Of the data sets that it learns from.
        qualities: What can be an objective; the first one counts. Those of a table of known
            results are its columns.
    """

    data_kind: str = "images"
    qualities: tuple[Measure, ...] = ()

    def quality(self, name: str) -> Measure:
        """The quality measure of that name.

        Raises:
            KeyError: The target has none.
        """
        return {measure.name: measure for measure in self.qualities}[name]

    def trivial_quality(self, n_classes: int) -> float:
        """What guessing reaches on balanced classes: the floor for every quality measure."""
        return 1 / n_classes


ACCURACY = Measure(
    name="accuracy",
    label="Accuracy",
    unit="",
    direction="max",
    needs_device=False,
    kind="quality",
)

TARGETS = Registry(
    "target",
    "webnas.targets",
    [
        TargetCard(
            name="mobile",
            label="Mobile image classification",
            path="searches.targets.mobile:MobileTask",
            settings="searches.targets.settings:MobileSettings",
            summary="Says which class an image belongs to, on a phone or a small computer.",
            presets={
                "symbols": {"augmentation": "shift"},
                "photographs": {"augmentation": "shift_flip"},
            },
            requires=frozenset({"data:images"}),
            data_kind="images",
            qualities=(ACCURACY,),
        ),
        TargetCard(
            name="features",
            label="Rows of numbers",
            path="searches.targets.features:FeatureTask",
            settings="searches.targets.settings:FeatureSettings",
            summary="Says which class a row of measurements belongs to.",
            requires=frozenset({"data:features"}),
            data_kind="features",
            qualities=(ACCURACY,),
        ),
        TargetCard(
            name="table",
            label="Table of known results",
            path="searches.targets.table:TableTask",
            summary="Looks every architecture up, so that strategies can be compared without "
            "training. There are no networks to download.",
            requires=frozenset({"data:table"}),
            data_kind="table",
        ),
    ],
)
