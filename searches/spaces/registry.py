"""The families of search spaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from searches.objectives.cards import Card, Registry
from searches.spaces import presets
from searches.spaces.base import SearchSpace


@dataclass(frozen=True)
class SpaceCard(Card):
    """A family's card.

    Attributes:
        networks: "module:Class" of the NetworkFamily that builds the architectures; None for a
            space without networks, such as a table of known results.
    """

    networks: str | None = None


FAMILIES = Registry(
    "search space",
    "webnas.spaces",
    [
        SpaceCard(
            name="ofa_mobilenet_v3",
            label="Once-for-all MobileNetV3",
            path="searches.spaces.ofa_mobilenet_v3:OfaMobileNetV3",
            networks="searches.networks.ofa_mobilenet_v3:OfaMobileNetV3Networks",
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
