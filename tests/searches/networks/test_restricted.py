"""Networks of a space with options left out are those of the whole space."""

from random import Random

import pytest
import torch

from searches.networks.families import configuration, family_of
from searches.spaces.registry import FAMILIES, load

ONLY = {
    "ofa_mobilenet_v3": {"unit1.depth": [2], "unit2.block1.kernel": [3, 7], "resolution": [16]},
    "residual": {"stage1.depth": [2, 3], "stage2.width": [16]},
    "proxyless": {"stage1.block1": ["k3 e3", "k7 e6"], "stage1.block2": ["zero", "k5 e3"]},
}


@pytest.fixture(params=ONLY, scope="module")
def spaces(request):
    """The whole space and a part of it."""
    preset = {**FAMILIES[request.param].presets["small"], "in_channels": 1}
    return load(preset), load({**preset, "only": ONLY[request.param]})


def test_plain_network_is_that_of_the_whole_space(spaces):
    whole, part = spaces
    for genes in [part.sample(Random(seed)) for seed in range(5)]:
        wanted = family_of(whole).config(whole, part.widened(genes))
        assert family_of(part).config(part, genes) == wanted
        assert configuration(family_of(part).network(wanted)) == wanted


def test_shared_weights_compute_as_the_extracted_network(spaces):
    _, part = spaces
    torch.manual_seed(0)
    supernet = family_of(part).supernet(part, mean=[0.5], std=[0.5]).eval()
    names = set(supernet.state_dict())
    for genes in [part.sample(Random(seed)) for seed in range(3)]:
        config = supernet.set_active(genes)
        x = torch.rand(2, 1, config["resolution"], config["resolution"])
        assert torch.allclose(supernet(x), supernet.extract(genes)(x), atol=1e-5)
        assert set(supernet.regions()) <= names
