"""Networks of the residual and choice spaces, alone and as parts of a supernet."""

import ast
import inspect
import json
from random import Random
from unittest import mock

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from searches.networks.families import build, family_of
from searches.networks.mixed import Mixture
from searches.networks.mobilenet_v3 import MobileNetV3
from searches.networks.residual_network import ResidualBlock, ResidualNetwork
from searches.spaces import network_presets as presets
from searches.spaces.registry import load

ALL = [value for name, value in vars(presets).items() if name.isupper()]
NAMES = [f"{preset['family']}-{preset['preset']}" for preset in ALL]
SMALL = {preset["family"]: preset for preset in ALL if preset["preset"] == "small"}
BOTTLENECKS = {
    **presets.RESIDUAL_SMALL,
    "block": "bottleneck",
    "shortcut": "average pool",
    "stem_pool": True,
}
SHARED = {
    **SMALL,
    "bottlenecks": BOTTLENECKS,
    "fbnet": {**presets.PROXYLESS_FBNET, "stages": presets.PROXYLESS_FBNET["stages"][:3]},
}


@pytest.fixture(params=ALL, ids=NAMES, scope="module")
def space(request):
    return load(request.param).with_data(in_channels=3, n_classes=10)


@pytest.fixture(params=SHARED, scope="module")
def shared(request):
    """A space that fits into a second, and its supernet as after a training."""
    space = load(SHARED[request.param]).with_data(in_channels=1, n_classes=3)
    torch.manual_seed(0)
    supernet = family_of(space).supernet(space, mean=[0.3], std=[0.4])
    with torch.no_grad():
        for parameter in supernet.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
        for genes in architectures(space, 30):
            supernet.set_active(genes)
            supernet(torch.rand(4, 1, 18, 18))  # fills the running statistics
    return space, supernet.eval()


def architectures(space, n):
    """The smallest, the largest, and n random ones."""
    rng = Random(2)
    ends = [tuple(0 for _ in space.genes), tuple(len(g.options) - 1 for g in space.genes)]
    return [space.canonical(genes) for genes in ends] + [space.sample(rng) for _ in range(n)]


def expected(space, genes):
    operations = space.operations(genes)
    return sum(o.parameters() for o in operations), sum(o.macs() for o in operations)


def on_meta(space, genes):
    """The plain network without values, and an image for it.

    Nothing is drawn or normalised, which takes most of the time and has no MACs.
    """
    config = family_of(space).config(space, genes)
    plain = MobileNetV3 if space.family == "proxyless" else ResidualNetwork
    with torch.device("meta"), mock.patch.object(nn.Conv2d, "reset_parameters"):
        network = plain(config).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = nn.Identity()
    return network, torch.empty(1, 3, config["resolution"], config["resolution"], device="meta")


@pytest.mark.slow
def test_parameters_and_macs_are_those_of_torchs_counter(space):
    for genes in architectures(space, 1):
        network, image = on_meta(space, genes)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(image)
        n_parameters = sum(p.numel() for p in network.parameters())
        assert (n_parameters, counter.get_total_flops() / 2) == expected(space, genes)


@pytest.mark.slow
def test_parameters_and_macs_are_those_that_pass_through_the_layers(space):
    for genes in architectures(space, 50):
        network, image = on_meta(space, genes)
        macs = []

        def note(layer, _, outputs, macs=macs):
            macs.append(layer.weight.numel() * outputs[0, 0].numel())

        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.register_forward_hook(note)
        with torch.no_grad():
            network(image)
        n_parameters = sum(p.numel() for p in network.parameters())
        assert (n_parameters, sum(macs)) == expected(space, genes)


def test_configuration_is_json_and_belongs_to_the_network(space):
    family, genes = family_of(space), space.sample(Random(0))
    config = family.config(space, genes, mean=[0.5] * 3, std=[0.25] * 3)
    assert json.loads(json.dumps(config)) == config
    assert (config["mean"], config["std"]) == ([0.5] * 3, [0.25] * 3)
    assert (config["in_channels"], config["n_classes"]) == (3, 10)
    assert family.config(space, genes)["mean"] == [0.0] * 3
    with torch.device("meta"):
        assert family.network(config).config is config


def test_source_imports_only_torch(space):
    tree = ast.parse(inspect.getsource(family_of(space).source))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"__future__", "collections", "typing", "torch"}


@pytest.mark.slow
def test_gradients_reach_every_weight(shared):
    space, _ = shared
    family = family_of(space)
    network = build(family, family.config(space, space.sample(Random(3))), seed=0)
    network(torch.rand(4, 1, 16, 16)).square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_normalisation_is_part_of_the_network(shared):
    space, _ = shared
    family, genes = family_of(space), space.sample(Random(0))
    plain = build(family, family.config(space, genes), seed=0).eval()
    normalising = build(family, family.config(space, genes, mean=[0.4], std=[0.2]), seed=0).eval()
    images = torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(normalising(images), plain((images - 0.4) / 0.2))


@pytest.mark.slow
def test_extracted_networks_compute_what_the_supernet_does(shared):
    space, supernet = shared
    images = torch.rand(2, 1, 18, 18)
    seen, seen_shapes = [], set()
    for genes in architectures(space, 10):
        network = supernet.extract(genes)
        with torch.no_grad():
            outputs = network(images)
            assert (supernet(images) - outputs).abs().max() <= 1e-5 * outputs.abs().max()
        assert network.config == family_of(space).config(space, genes, mean=[0.3], std=[0.4])
        seen.append((outputs - outputs[0])[1])
        seen_shapes.add(str(network.config["stem"]) + str(network.config["blocks"]))
    assert len({tuple(difference.tolist()) for difference in seen}) == len(seen_shapes)
    assert all(difference.abs().max() > 1e-4 for difference in seen)  # images are told apart


@pytest.mark.slow
def test_extraction_holds_at_full_size(space):
    torch.manual_seed(0)
    supernet = family_of(space).supernet(space).eval()
    images = torch.rand(1, 3, 64, 64)
    for genes in architectures(space, 3):
        network = supernet.extract(genes)
        with torch.no_grad():
            outputs = network(images)
            assert (supernet(images) - outputs).abs().max() <= 1e-5 * outputs.abs().max()


def test_extracted_weights_are_copies(shared):
    space, supernet = shared
    pointers = {p.untyped_storage().data_ptr() for p in supernet.state_dict().values()}
    values = supernet.extract(space.sample(Random(1))).state_dict().values()
    assert all(value.untyped_storage().data_ptr() not in pointers for value in values)


def test_weights_outside_the_regions_do_not_matter(shared):
    space, supernet = shared
    images = torch.rand(2, 1, 12, 12)
    for genes in architectures(space, 2):
        supernet.set_active(genes)
        kept = {name: value.clone() for name, value in supernet.state_dict().items()}
        with torch.no_grad():
            before, regions = supernet(images), supernet.regions()
            for name, value in supernet.state_dict().items():
                value.fill_(77)
                if name in regions:
                    value[regions[name]] = kept[name][regions[name]]
            after = supernet(images)
        supernet.load_state_dict(kept)
        assert torch.equal(after, before)


def test_every_region_gets_a_gradient_and_nothing_else_does(shared):
    space, supernet = shared
    supernet.set_active(space.sample(Random(6)))
    supernet.zero_grad(set_to_none=True)
    supernet(torch.rand(4, 1, 16, 16)).square().sum().backward()
    regions = supernet.regions()
    with_gradient = {n for n, p in supernet.named_parameters() if p.grad is not None}
    assert with_gradient == regions.keys() & dict(supernet.named_parameters()).keys()
    for name in with_gradient:
        gradient = supernet.get_parameter(name).grad.clone()
        gradient[regions[name]] = 0
        assert not gradient.any()


def test_shortcut_of_a_wider_stage_is_sliced_at_both_ends():
    space = load(presets.OFA_RESNET50_SMALL)
    supernet = family_of(space).supernet(space)
    wide, narrow = (
        space.parse(space.describe(architectures(space, 0)[1]) | {"stage1.width": factor})
        for factor in (1.0, 0.5)
    )
    for genes, width in ((wide, 48), (narrow, 24)):
        supernet.set_active(genes)
        regions = supernet.regions()
        index = regions["blocks.3.shortcut.conv.weight"]  # the first block of the second stage
        weight = supernet.state_dict()["blocks.3.shortcut.conv.weight"]
        assert weight[index].shape == (96, width, 1, 1)
        assert supernet.state_dict()["blocks.3.layers.0.conv.weight"][
            regions["blocks.3.layers.0.conv.weight"]
        ].shape == (72, width, 1, 1)


def test_average_pool_of_a_shortcut_takes_the_mean_of_what_is_there():
    shape = {"cin": 1, "mid": 8, "cout": 1, "kernel": 3, "stride": 2, "kind": "bottleneck"}
    block = ResidualBlock({**shape, "shortcut": "average pool"})
    images = torch.arange(25.0).view(1, 1, 5, 5)
    pooled = block.pooled(images)[0, 0]
    assert pooled.tolist() == [
        [3, 5, 6.5],
        [13, 15, 16.5],
        [20.5, 22.5, 24],
    ]
    assert block.shortcut.conv.stride == (1, 1)


def test_only_choice_spaces_are_mixtures(shared):
    space, supernet = shared
    assert isinstance(supernet, Mixture) == (space.family == "proxyless")
