"""A plain cell network is what its space says: same size, same work, nothing but PyTorch."""

import ast
import json
from pathlib import Path
from random import Random

import numpy as np
import onnxruntime
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from searches.export.graphs import exported_program, onnx_bytes
from searches.networks import cell_network
from searches.networks.cell_network import OPERATIONS, CellNetwork, Zero
from searches.networks.cells import CellNetworks
from searches.networks.families import build, family_of
from searches.spaces.cell_operations import BY_NAME
from searches.spaces.cell_presets import PRESETS
from searches.spaces.cells import CellSpace
from tests.searches.networks.cell_spaces import TINY_SPACES

FAMILY = CellNetworks()
SETTINGS = {"groups": 2, "heads": 2, "pool_norm": False}
NB201 = CellSpace.from_json(PRESETS["nas_bench_201_small"])


@pytest.fixture(params=TINY_SPACES.values(), ids=TINY_SPACES.keys())
def tiny(request):
    return request.param


def is_as_counted(space, genes):
    """Parameters and MACs of the operations equal those that an independent counter finds."""
    config = FAMILY.config(space, genes)
    with torch.device("meta"):
        network = CellNetwork(config).eval()
        images = torch.empty(1, 3, config["resolution"], config["resolution"])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(images)
    operations = space.operations(genes)
    counted = sum(p.numel() for p in network.parameters()), counter.get_total_flops() / 2
    return counted == (sum(o.parameters() for o in operations), sum(o.macs() for o in operations))


@pytest.mark.slow
def test_parameters_and_macs_are_those_of_the_operations(tiny):
    rng = Random(0)
    assert all(is_as_counted(tiny, tiny.sample(rng)) for _ in range(2))


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_parameters_and_macs_hold_at_full_size(name):
    space, rng = CellSpace.from_json(PRESETS[name]), Random(1)
    assert all(is_as_counted(space, space.sample(rng)) for _ in range(8))  # 56 in all


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_keep_the_shape(name, stride):
    operation = OPERATIONS[name](8, stride, SETTINGS)
    x = torch.rand(2, 8, 8, 8, requires_grad=True)
    y = operation(x)
    assert y.shape == (2, 8, 8 // stride, 8 // stride)
    y.square().sum().backward()
    assert x.grad is not None


def test_every_operation_has_a_cost_and_a_module():
    assert OPERATIONS.keys() == BY_NAME.keys()


@pytest.mark.parametrize("stride", [1, 2])
def test_zero_gives_exact_zeros_with_a_graph(stride):
    x = torch.randn(2, 3, 6, 6, requires_grad=True)
    y = Zero(stride)(x)
    assert not y.any()
    y.sum().backward()
    assert not x.grad.any()


def test_averages_do_not_count_what_lies_outside():
    pooled = OPERATIONS["avg_pool_3x3"](1, 1, SETTINGS)(torch.ones(1, 1, 4, 4))
    assert torch.equal(pooled, torch.ones(1, 1, 4, 4))


def test_a_halved_identity_sees_every_other_pixel_in_each_direction():
    halving = OPERATIONS["skip_connect"](2, 2, SETTINGS).eval()
    for conv in (halving.first, halving.second):
        torch.nn.init.ones_(conv.weight)
    x = torch.arange(16.0).view(1, 1, 4, 4).expand(1, 2, 4, 4)
    scale = halving.norm.eps
    expected = torch.stack([x[0, 0, ::2, ::2], x[0, 0, 1::2, 1::2]])[None] * 2 / (1 + scale) ** 0.5
    torch.testing.assert_close(halving(x), expected)


def test_attention_is_that_of_torch():
    ours = OPERATIONS["attention"](8, 1, SETTINGS).eval()
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        projections = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([p.weight for p in projections]))
        theirs.in_proj_bias.copy_(torch.cat([p.bias for p in projections]))
        theirs.out_proj.load_state_dict(ours.out.state_dict())
    x = torch.randn(3, 8, 4, 4)
    tokens = x.flatten(2).transpose(1, 2)
    expected = ours.norm(theirs(tokens, tokens, tokens, need_weights=False)[0])
    torch.testing.assert_close(ours(x), expected.transpose(1, 2).reshape(3, 8, 4, 4))


def dead():
    return NB201.from_text(
        "|none~0|+|nor_conv_3x3~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|"
    )


def test_a_dead_cell_gives_the_same_answer_to_every_image():
    network = build(FAMILY, FAMILY.config(NB201, dead()), seed=0).eval()
    logits = network(torch.rand(5, 3, 16, 16))
    assert logits.isfinite().all()
    assert (logits == logits[0]).all()
    network.train()(torch.rand(5, 3, 16, 16)).sum().backward()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dead", "nasnet", "always concat", "every pair", "every edge"])
def test_onnx_computes_what_the_network_does(name):
    space = NB201 if name == "dead" else TINY_SPACES[name]
    genes = dead() if name == "dead" else space.sample(Random(2))
    network = build(FAMILY, FAMILY.config(space, genes), seed=0).eval()
    side = network.config["resolution"]
    images = torch.rand(3, 3, side, side)
    session = onnxruntime.InferenceSession(onnx_bytes(exported_program(network), "images"))
    (found,) = session.run(None, {"images": images.numpy()})
    np.testing.assert_allclose(found, network(images).detach().numpy(), atol=1e-5)


def test_the_card_names_this_family(tiny):
    assert isinstance(family_of(tiny), CellNetworks)


def test_configuration_survives_json(tiny):
    config = FAMILY.config(tiny, tiny.sample(Random(0)), mean=[0.5] * 3, std=[0.25] * 3)
    assert json.loads(json.dumps(config)) == config


def test_source_imports_only_torch():
    tree = ast.parse(Path(cell_network.__file__).read_text())
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"__future__", "collections", "typing", "torch"}


def test_normalisation_is_part_of_the_network():
    tiny = TINY_SPACES["darts"]
    genes = tiny.sample(Random(0))
    plain = build(FAMILY, FAMILY.config(tiny, genes), seed=0).eval()
    statistics = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4]}
    normalising = build(FAMILY, FAMILY.config(tiny, genes, **statistics), seed=0).eval()
    mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in statistics.values())
    images = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(normalising(images), plain((images - mean) / std))
