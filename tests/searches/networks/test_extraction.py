"""Two hundred networks taken out of a supernet, extremes among them, are what they were."""

from itertools import product
from random import Random

import pytest
import torch

from searches.networks.families import family_of
from searches.spaces.registry import FAMILIES, load

pytestmark = pytest.mark.slow

DIMENSIONS = ("resolution", "kernel", "depth", "width")
N_NETWORKS = 200


def extremes(space):
    """The least or the most of each dimension, in all combinations."""
    found = {}
    for ends in product((False, True), repeat=len(DIMENSIONS)):
        is_most = dict(zip(DIMENSIONS, ends, strict=True))
        genes = [len(g.options) - 1 if is_most[g.dimension] else 0 for g in space.genes]
        found[space.canonical(tuple(genes))] = None
    return list(found)


@pytest.fixture(scope="module", params=["ofa_mobilenet_v3", "ofa_resnet50", "residual"])
def supernet(request):
    """As after a training: no weight, statistic or transform is what it started as."""
    preset = {"family": request.param, **FAMILIES[request.param].presets["small"]}
    space = load(preset).with_data(in_channels=3, n_classes=10)
    torch.manual_seed(0)
    found = family_of(space).supernet(space, mean=[0.5] * 3, std=[0.25] * 3)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
        for name, statistic in found.named_buffers():
            if "running" in name:
                statistic += 0.5 * torch.rand(statistic.shape)
    return found.eval()


@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=["64", "32"]
)
@torch.no_grad()
def test_networks_compute_what_the_supernet_does(supernet, dtype, most):
    """Relative to the largest output, on random images of the network's own resolution."""
    space, rng = supernet.space, Random(1)
    networks = extremes(space)
    assert len(networks) >= 8
    networks += [space.sample(rng) for _ in range(N_NETWORKS - len(networks))]
    supernet.to(dtype)
    worst = 0.0
    for genes in networks:
        network = supernet.extract(genes)
        side = network.config["resolution"]
        images = torch.rand(2, 3, side, side, dtype=dtype)
        expected = supernet(images)
        difference = (network(images) - expected).abs().max() / expected.abs().max()
        worst = max(worst, difference.item())
    assert worst <= most
