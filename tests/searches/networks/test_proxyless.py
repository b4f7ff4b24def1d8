"""Candidates, gates and costs of the choice supernet."""

from random import Random

import numpy as np
import pytest
import torch

from searches.networks.mixed import Single
from searches.networks.mobilenet_v3 import MBConv, shuffled
from searches.networks.proxyless import MixedLayer, ProxylessSupernet, Zero
from searches.spaces import network_presets as presets
from searches.spaces.registry import load

STAGES = presets.PROXYLESS_FBNET["stages"]
SPACES = {
    "small": {**presets.PROXYLESS_SMALL, "resolutions": [16, 32]},
    "fbnet": {**presets.PROXYLESS_FBNET, "stages": STAGES[:2], "resolutions": [16, 32]},
}


@pytest.fixture(params=SPACES, scope="module")
def space(request):
    return load(SPACES[request.param])


@pytest.fixture(scope="module")
def supernet(space):
    torch.manual_seed(0)
    return ProxylessSupernet(space).eval()


def test_every_layer_is_a_choice_among_the_options_of_its_gene(space, supernet):
    mixed = list(supernet.mixed_operations())
    assert [place.choice for place in mixed] == list(range(len(space.genes) - 1))
    for choice, place, gene in zip(supernet.choices, mixed, space.genes[1:], strict=True):
        assert choice.options == gene.options
        assert len(place.candidates) == len(gene.options)


@pytest.mark.parametrize("largest", [False, True])
def test_choice_costs_add_up_to_the_cost_of_every_architecture(space, supernet, largest):
    values = np.random.default_rng(0).random(len(space.operation_table()))
    for seed in range(20):
        genes = (int(largest), *space.sample(Random(seed))[1:])
        supernet.set_active(genes)
        fixed, costs = supernet.choice_costs(values)
        total = fixed + sum(
            cost[option] for cost, option in zip(costs, supernet.selected(genes), strict=True)
        )
        rows = space.operation_indices(genes)[0]
        assert total == pytest.approx(values[rows[rows >= 0]].sum())


def test_decoding_takes_the_strongest_candidate_of_every_layer(space, supernet):
    for seed in range(5):
        genes = space.sample(Random(seed))
        supernet.set_active(genes)
        weights = []
        for option, choice in zip(genes[1:], supernet.choices, strict=True):
            weight = torch.rand(len(choice.options))
            weight[option] = 2.0
            weights.append(weight.tolist() if seed % 2 else weight)
        assert supernet.decode(weights) == genes


class Weighted:
    """The sum of all candidates, each with its weight."""

    def __init__(self, weights):
        self.weights = weights

    def __call__(self, x, candidates):
        return sum(w * candidate(x) for w, candidate in zip(self.weights, candidates, strict=True))


def test_a_gate_with_one_weight_is_the_single_path(space, supernet):
    genes = space.sample(Random(1))
    supernet.set_active(genes)
    images = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        alone = supernet(images)
        for place, option in zip(supernet.mixed_operations(), genes[1:], strict=True):
            assert place.gate == Single(option)
            place.gate = Weighted(torch.eye(len(place.candidates))[option])
        torch.testing.assert_close(supernet(images), alone)
    supernet.set_active(genes)


def test_skips_are_layers_left_out_where_the_shape_stays(space, supernet):
    optional = [layer.keeps_shape for layer in space.layers]
    last = tuple(len(gene.options) - 1 for gene in space.genes)  # zero wherever it is an option
    assert supernet.skips(last) == (sum(optional), sum(optional))
    assert supernet.skips((0,) * len(space.genes)) == (0, sum(optional))


def test_zero_is_zero_with_a_graph_and_the_shortcut_stays():
    space = load(SPACES["small"])
    layer = MixedLayer(space.definition, space.layers[1], choice=0)
    assert isinstance(layer.mixed.candidates[-1], Zero)
    x = torch.rand(1, 16, 4, 4)
    layer.mixed.gate = Single(len(layer.mixed.candidates) - 1)
    assert torch.equal(layer(x), x)
    scale = torch.ones(1, requires_grad=True)
    layer.mixed.gate = lambda x, candidates: scale * candidates[-1](x)
    layer(x).sum().backward()
    assert scale.grad is not None


def test_layers_that_are_left_out_are_not_in_the_network(space, supernet):
    left_out = tuple(len(gene.options) - 1 for gene in space.genes)
    blocks = supernet.extract(left_out).config["blocks"]
    keeping = [layer for layer in space.layers if layer.keeps_shape]
    n_fixed = 1 if space.definition.first_width else 0
    assert len(blocks) == n_fixed + len(space.layers) - len(keeping)


def test_channels_of_groups_are_mixed_as_torch_shuffles_them():
    x = torch.rand(2, 12, 3, 3)
    for groups in (2, 3, 4):
        assert torch.equal(shuffled(x, groups), torch.nn.functional.channel_shuffle(x, groups))


def test_grouped_block_computes_what_its_layers_do():
    block = MBConv(
        {"cin": 8, "mid": 8, "cout": 8, "kernel": 3, "stride": 1, "act": "relu", "squeezed": 0}
        | {"groups": 2, "pointwise": True}
    ).eval()
    x = torch.rand(2, 8, 5, 5)
    halves = torch.cat(
        [
            torch.nn.functional.conv2d(half, weight)
            for half, weight in zip(
                x.chunk(2, 1), block.expand.conv.weight.chunk(2, 0), strict=True
            )
        ],
        1,
    )
    wide = torch.relu(block.expand.norm(halves))
    turned = torch.stack(wide.chunk(2, 1), 2).flatten(1, 2)  # one channel of each group in turn
    torch.testing.assert_close(block(x), x + block.project(block.depthwise(turned)))


def middle(block):
    """The centre of the first kernel of each group."""
    weight = block.depthwise.conv.weight.unflatten(0, (block.groups, -1))
    return weight[:, 0, 0, weight.shape[-1] // 2, weight.shape[-1] // 2]


def test_candidates_of_a_layer_begin_as_slices_of_the_widest(space):
    torch.manual_seed(0)
    for block in ProxylessSupernet(space).blocks:
        if not isinstance(block, MixedLayer):
            continue
        blocks = [c for c in block.mixed.candidates if isinstance(c, MBConv)]
        x = torch.randn(2, blocks[0].expand.conv.in_channels, 8, 8)
        for groups in {candidate.groups for candidate in blocks}:
            alike = [candidate for candidate in blocks if candidate.groups == groups]
            widest = max(alike, key=lambda c: c.depthwise.conv.out_channels)
            full = widest.expand.conv(x).unflatten(1, (groups, -1))
            for candidate in alike:
                part = candidate.expand.conv(x).unflatten(1, (groups, -1))
                assert torch.allclose(part, full[:, :, : part.shape[2]], atol=1e-5)
                assert torch.equal(middle(candidate), middle(widest))


def test_layers_with_a_shortcut_begin_as_the_identity(space):
    torch.manual_seed(0)
    supernet = ProxylessSupernet(space)
    with_shortcut = [b for b in supernet.blocks if isinstance(b, MixedLayer) and b.has_shortcut]
    assert with_shortcut
    for block in with_shortcut:
        x = torch.randn(2, block.mixed.candidates[0].project.conv.out_channels, 8, 8)
        for index in range(len(block.mixed.candidates)):
            block.mixed.gate = Single(index)
            assert torch.equal(block(x), x)
