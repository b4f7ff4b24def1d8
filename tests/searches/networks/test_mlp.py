"""Multilayer perceptrons alone, and as the first units of each layer of a larger one."""

import ast
import inspect
import json
import math
from random import Random

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from searches.networks.families import build, configuration, family_of, input_shape
from searches.networks.mlp import ACTIVATIONS
from searches.spaces import mlp_presets
from searches.spaces.mlp import ACTIVATIONS as KNOWN
from searches.spaces.registry import load

SPACES = {
    "rows": load(mlp_presets.FEATURES).with_data(in_channels=13, n_classes=3),
    "images": load(mlp_presets.SMALL_IMAGES).with_data(in_channels=3, n_classes=3),
}


@pytest.fixture(params=SPACES)
def space(request):
    return SPACES[request.param]


def statistics(space):
    channels = space.definition.in_channels
    return {"mean": [0.5 + i for i in range(channels)], "std": [2.0 + i for i in range(channels)]}


def inputs_for(network, n=4):
    return torch.rand(n, *input_shape(configuration(network)))


@pytest.fixture
def supernet(space):
    """As after a training: no bias is 0."""
    torch.manual_seed(0)
    made = family_of(space).supernet(space, **statistics(space))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
    return made.eval()


def architectures(space, n):
    """The smallest, the largest, and n random ones."""
    rng = Random(2)
    ends = [tuple(0 for _ in space.genes), tuple(len(g.options) - 1 for g in space.genes)]
    return [space.canonical(genes) for genes in ends] + [space.sample(rng) for _ in range(n)]


def test_parameters_and_macs_are_those_of_torchs_counter(space):
    family = family_of(space)
    for genes in architectures(space, 20):
        network = build(family, family.config(space, genes), seed=0)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(inputs_for(network, 1))
        n_parameters = sum(p.numel() for p in network.parameters())
        operations = space.operations(genes)
        expected = sum(o.parameters() for o in operations), sum(o.macs() for o in operations)
        assert (n_parameters, counter.get_total_flops() / 2) == expected


def test_it_computes_what_the_textbook_says():
    space = SPACES["rows"]
    genes = space.parse({"activation": "tanh", "depth": 2, "layer1.width": 8, "layer2.width": 4})
    family = family_of(space)
    network = build(family, family.config(space, genes, **statistics(space)), seed=0)
    row = torch.rand(13).tolist()
    values = [(x - (0.5 + i)) / (2.0 + i) for i, x in enumerate(row)]
    for layer in (*network.layers, network.classifier):
        weight, bias = layer.weight.tolist(), layer.bias.tolist()
        values = [
            sum(w * x for w, x in zip(line, values, strict=True)) + b
            for line, b in zip(weight, bias, strict=True)
        ]
        values = values if layer is network.classifier else [math.tanh(x) for x in values]
    assert network(torch.tensor([row]))[0].tolist() == pytest.approx(values, abs=1e-5)


def test_images_are_taken_pixel_by_pixel():
    space = SPACES["images"]
    family = family_of(space)
    network = build(family, family.config(space, space.sample(Random(0))), seed=0)
    images = inputs_for(network)
    expected = network(images)
    torch.testing.assert_close(
        network(images.contiguous(memory_format=torch.channels_last)), expected
    )
    assert network.layers[0].in_features == 3 * 8 * 8


def test_every_activation_of_the_space_exists():
    assert set(ACTIVATIONS) == set(KNOWN)
    x = torch.linspace(-8, 8, 50)
    values = [act(x) for act in ACTIVATIONS.values()]
    assert len({tuple(value.tolist()) for value in values}) == len(KNOWN)


def test_configuration_is_json_and_belongs_to_the_network(space):
    family, genes = family_of(space), space.sample(Random(0))
    config = family.config(space, genes, **statistics(space))
    assert json.loads(json.dumps(config)) == config
    assert family.network(config).config is config
    channels = space.definition.in_channels
    assert family.config(space, genes)["mean"] == [0.0] * channels


def test_source_imports_only_torch():
    tree = ast.parse(inspect.getsource(family_of(SPACES["rows"]).source))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"__future__", "collections", "itertools", "typing", "torch"}


def test_extracted_networks_compute_what_the_supernet_does(supernet, space):
    inputs = inputs_for(supernet)
    for genes in architectures(space, 20):
        network = supernet.extract(genes)
        with torch.no_grad():
            outputs = network(inputs)
            assert (supernet(inputs) - outputs).abs().max() <= 1e-5 * outputs.abs().max()
        assert network.config == family_of(space).config(space, genes, **statistics(space))
        assert (outputs - outputs[0])[1].abs().max() > 1e-5  # samples are told apart


def test_extracted_weights_are_copies_of_the_first_units(supernet, space):
    pointers = {p.untyped_storage().data_ptr() for p in supernet.state_dict().values()}
    network = supernet.extract(space.sample(Random(1)))
    values = network.state_dict().values()
    assert all(value.untyped_storage().data_ptr() not in pointers for value in values)
    width = network.layers[0].out_features
    assert torch.equal(network.layers[0].weight, supernet.layers[0].weight[:width])


def test_every_region_gets_a_gradient_and_nothing_else_does(supernet, space):
    genes = space.parse(space.describe((0, 1, 0, 3, 0, 0)) | {"activation": "tanh"})
    supernet.set_active(genes)
    supernet(inputs_for(supernet)).square().sum().backward()
    regions = supernet.regions()
    with_gradient = {n for n, p in supernet.named_parameters() if p.grad is not None}
    assert with_gradient == regions.keys() & dict(supernet.named_parameters()).keys()
    for name in with_gradient:
        gradient = supernet.get_parameter(name).grad.clone()
        assert gradient[regions[name]].any()
        gradient[regions[name]] = 0
        assert not gradient.any()


def test_weights_outside_the_regions_do_not_matter(supernet, space):
    inputs = inputs_for(supernet)
    for genes in architectures(space, 5):
        supernet.set_active(genes)
        kept = {name: value.clone() for name, value in supernet.state_dict().items()}
        with torch.no_grad():
            before, regions = supernet(inputs), supernet.regions()
            for name, value in supernet.state_dict().items():
                value.fill_(77)
                if name in regions:
                    value[regions[name]] = kept[name][regions[name]]
            after = supernet(inputs)
        supernet.load_state_dict(kept)
        assert torch.equal(after, before)


def test_other_spaces_are_refused(small_space):
    with pytest.raises(TypeError, match="no multilayer perceptron"):
        family_of(SPACES["rows"]).supernet(small_space)
