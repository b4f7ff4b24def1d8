"""Hypernetworks predict weights of the right shapes, which depend on the architecture."""

from random import Random

import pytest
import torch

from searches.networks.hypernetworks.base import skeleton_of
from searches.networks.hypernetworks.generator import WeightGenerator, largest_shapes
from searches.networks.hypernetworks.graph import GraphHypernetwork, graph_of
from searches.spaces.registry import FAMILIES, load

KINDS = {"generator": WeightGenerator, "graph": GraphHypernetwork}
SPACES = [
    *((name, "small") for name in ("ofa_mobilenet_v3", "residual", "proxyless")),
    ("mlp_images", "8 pixels"),
    ("cells", "nas_bench_201_small"),
]
STATISTICS = {"mean": [0.5], "std": [0.2]}


def space_of(family, preset):
    return load(FAMILIES[family].presets[preset]).with_data(in_channels=1, n_classes=3)


def made(kind, space):
    torch.manual_seed(0)
    return KINDS[kind](space, **STATISTICS, hidden=4)


@pytest.fixture(scope="module")
def cells():
    return space_of("cells", "nas_bench_201_small")


def numbers(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("family", "preset"), SPACES)
def test_any_architecture_gets_weights_that_it_computes_with(kind, family, preset):
    space = space_of(family, preset)
    hypernetwork = made(kind, space)
    genes = space.sample(Random(3))
    config = hypernetwork.set_active(genes)
    side = config["resolution"]
    inputs = torch.rand(4, 1, side, side)
    outputs = hypernetwork(inputs)
    outputs.square().mean().backward()
    network = hypernetwork.extract(genes).train()
    assert torch.allclose(network(inputs), outputs, atol=1e-5)
    moved = [name for name, p in hypernetwork.named_parameters() if p.grad is not None]
    assert any(name.startswith(("read", "embed")) for name in moved)


@pytest.mark.parametrize("kind", KINDS)
def test_prediction_leaves_the_shared_network_as_it_was(kind, cells):
    hypernetwork = made(kind, cells)
    hypernetwork.set_active((0, 3, 3, 3, 3, 3, 3))
    before = {
        n: v.clone()
        for n, v in hypernetwork.skeleton(hypernetwork.genes).network.state_dict().items()
    }
    hypernetwork(torch.rand(4, 1, 16, 16))
    after = hypernetwork.skeleton(hypernetwork.genes).network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_one_layer_change_with_the_rest_of_the_network(kind, cells):
    hypernetwork = made(kind, cells)
    one, other = (hypernetwork.extract(g) for g in ((0, 3, 3, 3, 3, 3, 3), (0, 3, 2, 3, 3, 2, 3)))
    names = [name for name, _ in one.named_parameters() if name in dict(other.named_parameters())]
    pairs = [(one.get_parameter(name), other.get_parameter(name)) for name in names]
    assert any(a.shape == b.shape and not torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shuffled_code_gives_other_weights_of_the_same_shapes(kind, cells):
    hypernetwork, genes = made(kind, cells), (0, 3, 2, 3, 2, 3, 2)
    own, again = numbers(hypernetwork.extract(genes)), numbers(hypernetwork.extract(genes))
    shuffled = numbers(hypernetwork.extract(genes, shuffle=Random(0)))
    assert torch.equal(own, again)
    assert own.shape == shuffled.shape
    assert not torch.equal(own, shuffled)


def test_predicted_kernels_have_the_variance_of_a_good_start(cells):
    network = made("generator", cells).extract((0, 3, 3, 3, 3, 3, 3))
    weight = network.layers[0].nodes[0].operations[0].conv.weight
    fan_in = weight[0].numel()
    assert weight.mean().item() == pytest.approx(0, abs=1e-6)
    assert weight.var().item() == pytest.approx(2 / fan_in, rel=1e-3)


@pytest.mark.slow
def test_a_generator_knows_the_largest_tensor_of_each_layer():
    space = space_of("residual", "small")
    shapes = largest_shapes(space, **STATISTICS)
    rng = Random(5)
    for _ in range(10):
        for piece in skeleton_of(space, space.sample(rng), STATISTICS).learnt:
            assert all(a <= b for a, b in zip(piece.value.shape, shapes[piece.name], strict=True))


def test_distances_in_the_graph_are_those_of_shortest_ways(cells):
    learnt = skeleton_of(cells, (0, 3, 2, 3, 0, 2, 3), STATISTICS).learnt
    found = graph_of(learnt).distances
    direct = (found == 1).int()
    n, reached, expected = len(found), torch.eye(len(found)).int(), torch.zeros_like(found)
    for steps in range(1, n):  # plain: powers of the adjacency
        reached = (reached @ direct).clamp(max=1)
        expected = torch.where((expected == 0) & (reached > 0), steps, expected)
    assert torch.equal(found, expected)
    assert direct.any(0).sum() == n - 1, "everything but the stem reads something"
