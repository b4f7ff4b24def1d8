"""The families of search spaces."""

from collections.abc import Mapping
from typing import Any

from searches.objectives.cards import Card, Registry
from searches.spaces import presets
from searches.spaces.base import SearchSpace

FAMILIES = Registry(
    "search space",
    "webnas.spaces",
    [
        Card(
            name="ofa_mobilenet_v3",
            label="Once-for-all MobileNetV3",
            path="searches.spaces.ofa_mobilenet_v3:OfaMobileNetV3",
            summary="Elastic depth, width, kernel and resolution of a MobileNetV3: "
            "every architecture is a part of one network whose weights are trained once.",
            requires=frozenset({"data:images"}),
            provides=frozenset({"weight sharing", "slot additive", "target:mobile"}),
            presets={
                "full": presets.OFA_MOBILENET_V3_FULL,
                "small": presets.OFA_MOBILENET_V3_SMALL,
            },
        ),
    ],
)


def load(definition: Mapping[str, Any]) -> SearchSpace:
    """The space that `definition` spells out; its `family` names the card.

    Raises:
        UnknownEntry: no such family.
        InvalidSpace: the definition describes no space.
    """
    card = FAMILIES[str(definition.get("family", ""))]
    space: SearchSpace = card.load().from_json(definition)
    return space
