"""The families of search spaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from searches.objectives.cards import Card, Registry
from searches.spaces import cell_presets, mlp_presets, network_presets, presets
from searches.spaces.base import SearchSpace
from searches.spaces.restriction import ONLY, restricted

# Networks of these families may have fewer pixels or channels than the architecture says.
REDUCIBLE = ("reducible resolution", "reducible channels")


@dataclass(frozen=True)
class SpaceCard(Card):
    """A family's card.

    Attributes:
        networks: "module:Class" of the NetworkFamily that builds the architectures; None for a
            space without networks, such as a table of known results. With them it provides
            "networks".
    """

    networks: str | None = None

    def __post_init__(self) -> None:
        if self.networks is not None:
            object.__setattr__(self, "provides", self.provides | {"networks"})


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
            provides=frozenset(
                {"weight sharing", "elastic", "slot additive", "target:mobile", *REDUCIBLE}
            ),
            presets={
                "full": presets.OFA_MOBILENET_V3_FULL,
                "small": presets.OFA_MOBILENET_V3_SMALL,
            },
        ),
        SpaceCard(
            name="ofa_resnet50",
            label="Once-for-all ResNet50",
            path="searches.spaces.ofa_resnet50:OfaResNet50",
            networks="searches.networks.elastic_residual:ResidualNetworks",
            summary="Elastic depth, width, expansion and resolution of a ResNet50-D: "
            "every architecture is a part of one network whose weights are trained once.",
            requires=frozenset({"data:images"}),
            provides=frozenset(
                {"weight sharing", "elastic", "slot additive", "target:mobile", *REDUCIBLE}
            ),
            presets={
                "full": network_presets.OFA_RESNET50_FULL,
                "small": network_presets.OFA_RESNET50_SMALL,
            },
        ),
        SpaceCard(
            name="residual",
            label="Residual network",
            path="searches.spaces.residual:Residual",
            networks="searches.networks.elastic_residual:ResidualNetworks",
            summary="Depth and width of every stage of a plain ResNet, the resolution and, "
            "if wanted, every kernel; basic or bottleneck blocks.",
            requires=frozenset({"data:images"}),
            provides=frozenset(
                {"weight sharing", "elastic", "slot additive", "target:mobile", *REDUCIBLE}
            ),
            presets={
                "full": network_presets.RESIDUAL_FULL,
                "small": network_presets.RESIDUAL_SMALL,
            },
        ),
        SpaceCard(
            name="proxyless",
            label="ProxylessNAS",
            path="searches.spaces.proxyless:Proxyless",
            networks="searches.networks.proxyless:ProxylessNetworks",
            summary="One of several inverted bottlenecks in every layer, or none: "
            "the candidates can be weighed by gradients.",
            requires=frozenset({"data:images"}),
            provides=frozenset(
                {
                    "weight sharing",
                    "slot additive",
                    "target:mobile",
                    "differentiable slots",
                    *REDUCIBLE,
                }
            ),
            presets={
                "full": network_presets.PROXYLESS_FULL,
                "fbnet": network_presets.PROXYLESS_FBNET,
                "small": network_presets.PROXYLESS_SMALL,
            },
        ),
        SpaceCard(
            name="mlp",
            label="Multilayer perceptron",
            path="searches.spaces.mlp:Mlp",
            networks="searches.networks.elastic_mlp:MlpNetworks",
            summary="Linear layers for rows of numbers: how many, how wide each, "
            "and with which activation.",
            requires=frozenset({"data:features"}),
            provides=frozenset(
                {"weight sharing", "slot additive", "target:features", "reducible channels"}
            ),
            presets={"features": mlp_presets.FEATURES},
        ),
        SpaceCard(
            name="mlp_images",
            label="Multilayer perceptron on images",
            path="searches.spaces.mlp:ImageMlp",
            networks="searches.networks.elastic_mlp:MlpNetworks",
            summary="Linear layers on the pixels of small images: how many, how wide each, "
            "and with which activation.",
            requires=frozenset({"data:images"}),
            provides=frozenset(
                {"weight sharing", "slot additive", "target:mobile", "reducible channels"}
            ),
            presets={"8 pixels": mlp_presets.SMALL_IMAGES, "16 pixels": mlp_presets.IMAGES},
        ),
        SpaceCard(
            name="cells",
            label="Cells",
            path="searches.spaces.cells:CellSpace",
            networks="searches.networks.cells:CellNetworks",
            summary="A small graph of operations that the network repeats, and perhaps another "
            "that halves the map: the cells of NASNet, ENAS, DARTS and NAS-Bench-201.",
            requires=frozenset({"data:images"}),
            provides=frozenset(
                {
                    "weight sharing",
                    "slot additive",
                    "target:mobile",
                    "differentiable slots",
                    *REDUCIBLE,
                }
            ),
            presets=cell_presets.PRESETS,
        ),
        SpaceCard(
            name="table",
            label="Table of known results",
            path="searches.spaces.table:TableSpace",
            summary="Every combination of the choices in a table that somebody uploaded: "
            "what each is worth is looked up, nothing is trained.",
            requires=frozenset({"data:table"}),
            provides=frozenset({"tabular", "target:table"}),
        ),
    ],
)


def load(definition: Mapping[str, Any]) -> SearchSpace:
    """The space that `definition` spells out; its `family` names the card.

    With `only`, options by the names of genes, it has none but these.

    Raises:
        UnknownEntry: no such family.
        InvalidSpace: the definition describes no space.
    """
    card = FAMILIES[str(definition.get("family", ""))]
    whole = {name: value for name, value in definition.items() if name != ONLY}
    space: SearchSpace = card.load().from_json(whole)
    return restricted(space, definition[ONLY]) if ONLY in definition else space
