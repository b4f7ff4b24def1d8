"""The plain network is what the space says: same size, same work, nothing but PyTorch."""

import ast
import json
from pathlib import Path
from random import Random

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from searches.networks import mobilenet_v3
from searches.networks.building import config_of
from searches.networks.families import build
from searches.networks.mobilenet_v3 import MobileNetV3
from searches.networks.ofa_mobilenet_v3 import OfaMobileNetV3Networks
from searches.spaces import registry

FAMILY = OfaMobileNetV3Networks()


def counted(network, resolution):
    """Parameters and MACs by an independent counter; a network on "meta" computes no values."""
    images = torch.empty(1, 3, resolution, resolution, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(images)
    return sum(p.numel() for p in network.parameters()), counter.get_total_flops() / 2


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_parameters_and_macs_are_those_of_the_operations(space, n):
    rng = Random(n)
    for _ in range(n):
        genes = space.sample(rng)
        config = config_of(space, genes)
        with torch.device("meta"):
            network = MobileNetV3(config)
        operations = space.operations(genes)
        expected = sum(o.parameters() for o in operations), sum(o.macs() for o in operations)
        assert counted(network, config["resolution"]) == expected


def test_largest_network_has_the_published_7_7_million_weights():
    space = registry.load(registry.FAMILIES["ofa_mobilenet_v3"].presets["full"])
    largest = tuple(len(gene.options) - 1 for gene in space.genes)
    with torch.device("meta"):
        network = MobileNetV3(config_of(space, largest))
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(7.7e6, rel=0.01)


def test_configuration_survives_json(small_space):
    config = config_of(small_space, small_space.sample(Random(0)), mean=[0.5], std=[0.25])
    assert json.loads(json.dumps(config)) == config


def test_configuration_without_statistics_leaves_images_as_they_are(small_space):
    config = config_of(small_space, small_space.sample(Random(0)))
    assert (config["mean"], config["std"]) == ([0.0], [1.0])


def test_source_imports_only_torch():
    tree = ast.parse(Path(mobilenet_v3.__file__).read_text())
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"__future__", "collections", "typing", "torch"}


def test_gradients_reach_every_weight(small_space):
    network = build(FAMILY, config_of(small_space, small_space.sample(Random(3))), seed=0)
    network(torch.rand(2, 1, 16, 16)).square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_normalisation_is_part_of_the_network(small_space):
    genes = small_space.sample(Random(0))
    plain = build(FAMILY, config_of(small_space, genes), seed=0).eval()
    normalising = build(
        FAMILY, config_of(small_space, genes, mean=[0.4], std=[0.2]), seed=0
    ).eval()
    images = torch.rand(2, 1, 16, 16)
    torch.testing.assert_close(normalising(images), plain((images - 0.4) / 0.2))


def test_fresh_weights_depend_on_the_seed_alone(small_space):
    config = config_of(small_space, small_space.sample(Random(0)))
    torch.manual_seed(1)
    first, drawn = build(FAMILY, config, seed=7), torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn)  # the global generator was left as it was
    second, other = (
        build(FAMILY, config, seed=7),
        build(FAMILY, config, seed=8),
    )
    assert torch.equal(first.mix.weight, second.mix.weight)
    assert not torch.equal(first.mix.weight, other.mix.weight)
