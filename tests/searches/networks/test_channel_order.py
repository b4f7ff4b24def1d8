"""Sorting channels changes no network that is to be kept; the important ones come forward."""

from random import Random

import pytest
import torch

from searches.networks.channel_order import importance, sorted_within
from searches.networks.families import ElasticWeights, family_of
from searches.spaces import network_presets
from searches.spaces.registry import FAMILIES, load
from searches.training.phases import widths_of

BOTTLENECKS = {
    **network_presets.RESIDUAL_SMALL,
    "block": "bottleneck",
    "expand": 0.5,
    "stages": network_presets.RESIDUAL_SMALL["stages"][:2],
}
DEFINITIONS = {
    "ofa_mobilenet_v3": FAMILIES["ofa_mobilenet_v3"].presets["small"],
    "ofa_resnet50": network_presets.OFA_RESNET50_SMALL,
    "residual": network_presets.RESIDUAL_SMALL,
    "bottlenecks": BOTTLENECKS,
    "part": {
        **FAMILIES["ofa_mobilenet_v3"].presets["small"],
        "only": {"unit1.block1.expand": [2, 3], "unit2.depth": [2]},
    },
}


@pytest.fixture(params=DEFINITIONS)
def supernet(request):
    """Of random weights and statistics, in float64."""
    space = load(DEFINITIONS[request.param]).with_data(in_channels=1, n_classes=3)
    torch.manual_seed(0)
    found = family_of(space).supernet(space, mean=[0.3], std=[0.4])
    with torch.no_grad():
        for parameter in found.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
        for name, statistic in found.named_buffers():
            if "running" in name:
                statistic += 0.5 * torch.rand(statistic.shape)
    assert isinstance(found, ElasticWeights)
    return found.double().eval()


def narrowed(space, less):
    """The largest network with every width `less` options below the widest."""
    return tuple(
        max(0, top - less) if gene.dimension == "width" else top
        for gene in space.genes
        for top in [len(gene.options) - 1]
    )


@torch.no_grad()
def outputs(supernet, networks):
    images = torch.rand(2, 1, 12, 12, generator=torch.Generator().manual_seed(1)).double()
    found = []
    for genes in networks:
        supernet.set_active(genes)
        found.append(supernet(images))
    return torch.stack(found)


def difference(one, other):
    return ((one - other).abs().max() / one.abs().max()).item()


def test_the_largest_network_stays_what_it_was(supernet):
    largest = narrowed(supernet.space, 0)
    before, weights = outputs(supernet, [largest]), supernet.state_dict()
    weights = {name: value.clone() for name, value in weights.items()}
    supernet.sort_channels([largest])
    assert any(not torch.equal(v, weights[n]) for n, v in supernet.state_dict().items())
    assert difference(before, outputs(supernet, [largest])) < 1e-10
    narrow = narrowed(supernet.space, 1)
    supernet.load_state_dict(weights)
    assert difference(outputs(supernet, [narrow]), before) > 1e-6


def test_every_mixture_of_the_kept_widths_stays_what_it_was(supernet):
    space, rng = supernet.space, Random(0)
    least = [
        max(0, len(gene.options) - 2) if gene.dimension == "width" else 0 for gene in space.genes
    ]
    mixtures = [
        tuple(
            rng.randrange(low, len(gene.options))
            for low, gene in zip(least, space.genes, strict=True)
        )
        for _ in range(12)
    ]
    before = outputs(supernet, mixtures)
    supernet.sort_channels(widths_of(space, least))
    assert difference(before, outputs(supernet, mixtures)) < 1e-10


def test_sorting_twice_changes_nothing(supernet):
    kept = [narrowed(supernet.space, 0)]
    supernet.sort_channels(kept)
    before = {name: value.clone() for name, value in supernet.state_dict().items()}
    supernet.sort_channels(kept)
    for name, value in supernet.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_channels_that_are_read_with_larger_weights_come_first():
    weight = torch.tensor([[1.0, -5.0, 0.0, 2.0], [1.0, 1.0, 0.5, -2.0]])
    assert importance(weight).tolist() == [2.0, 6.0, 0.5, 4.0]
    assert importance(weight, weight).tolist() == [4.0, 12.0, 1.0, 8.0]
    assert sorted_within(importance(weight), []).tolist() == [1, 3, 0, 2]
    assert sorted_within(importance(weight), [1, 4]).tolist() == [0, 1, 3, 2]


def test_narrow_networks_read_the_most_important_channels():
    space = load(DEFINITIONS["ofa_mobilenet_v3"]).with_data(in_channels=1, n_classes=3)
    torch.manual_seed(0)
    supernet = family_of(space).supernet(space)
    supernet.sort_channels([narrowed(space, 0)])
    for block in supernet.blocks[supernet.n_fixed :]:
        weights = importance(block.project.conv.weight.detach())
        assert (weights[:-1] >= weights[1:]).all()
