"""Residual and choice spaces have the sizes of their papers, and count and price exactly."""

import re
from itertools import pairwise, product
from random import Random

import numpy as np
import pytest

from devices.profiles.builtin import analytic
from devices.profiles.cost import CostModel
from devices.profiles.kit.onnx_blocks import is_supported
from searches.spaces import network_presets as presets
from searches.spaces.registry import load

BOTTLENECK = {"kernel": 3, "expand": 2, "groups": 1}
TINY = {
    "ofa_resnet50": {
        **presets.OFA_RESNET50_SMALL,
        "resolutions": [16, 20],
        "stages": [{"width": 48, "depth": 1, "stride": 1}, {"width": 64, "depth": 1, "stride": 2}],
        "width_multipliers": [0.5, 1.0],
        "extra_depths": [0, 1],
        "expands": [0.25, 0.75],
    },
    "residual": {
        **presets.RESIDUAL_SMALL,
        "resolutions": [16, 20],
        "stages": [
            {"widths": [8, 16], "depths": [1, 3], "stride": 1, "kernels": [3, 5]},
            {"widths": [8, 24, 32], "depths": [2], "stride": 2},
        ],
    },
    "bottlenecks": {
        **presets.RESIDUAL_SMALL,
        "resolutions": [16],
        "block": "bottleneck",
        "shortcut": "average pool",
        "stages": [
            {"widths": [32, 48], "depths": [1, 2], "stride": 2, "kernels": [3]},
            {"widths": [32, 64], "depths": [1, 2, 3], "stride": 1, "kernels": [3, 7]},
        ],
    },
    "proxyless": {
        **presets.PROXYLESS_SMALL,
        "resolutions": [16, 20],
        "first_width": 16,
        "stages": [
            {"width": 16, "stride": 1, "n_blocks": 2},
            {"width": 24, "stride": 2, "n_blocks": 2},
        ],
        "operations": [BOTTLENECK, {**BOTTLENECK, "kernel": 5}],
    },
    "fbnet": {
        **presets.PROXYLESS_FBNET,
        "stages": presets.PROXYLESS_FBNET["stages"][:2],
        "operations": presets.PROXYLESS_FBNET["operations"][:3],
    },
}
SIZES = {  # options of the resolution, then of each part
    "ofa_resnet50": 2 * 2 * 2**2 * (2 * (2 + 4)) ** 2,
    "residual": 2 * (2 * (2 + 8)) * 3,
    "bottlenecks": 2 * 2 * 2 * (2 + 4 + 8),
    "proxyless": 2 * 3 * 3 * 2 * 3,  # the third layer changes the shape
    "fbnet": 4**5,
}
PUBLISHED = [
    (presets.OFA_RESNET50_FULL, 25 * 2 * 3**6 * 117**3 * 1053, "6.15e+13"),
    (presets.PROXYLESS_FULL, 6**6 * 7**15, "2.22e+17"),
    (presets.PROXYLESS_FBNET, 9**22, "9.85e+20"),
    (presets.RESIDUAL_FULL, 4 * 9 * 12 * 18 * 9, "7e+04"),
]
ONE_RESOLUTION = {**presets.OFA_RESNET50_FULL, "resolutions": [224]}
ALL = [value for name, value in vars(presets).items() if name.isupper()]
NAMES = [f"{preset['family']}-{preset['preset']}" for preset in ALL]


@pytest.fixture(params=TINY, scope="module")
def tiny(request):
    return load(TINY[request.param])


@pytest.fixture(params=ALL, ids=NAMES, scope="module")
def space(request):
    return load(request.param)


@pytest.mark.parametrize(("preset", "size", "text"), PUBLISHED)
def test_full_spaces_have_the_published_sizes(preset, size, text):
    assert load(preset).size() == size
    assert f"{size:.3g}" == text


def test_one_resolution_of_the_resnet_space_has_2_46e12_choices():
    space = load(ONE_RESOLUTION)
    assert f"{space.size():.2e}" == "2.46e+12"


def evaluated(formula):
    """The value of a formula as people read it."""
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹×", "0123456789*")
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "**" + found[0].translate(digits), formula)
    assert set(text.translate(digits)) <= set("0123456789*+() ")
    return eval(text.translate(digits))


def test_formula_has_the_size_as_its_value(space, tiny):
    assert evaluated(space.size_formula()) == space.size()
    assert evaluated(tiny.size_formula()) == tiny.size()


@pytest.mark.parametrize("name", TINY)
def test_size_is_the_number_of_architectures_that_enumeration_finds(name):
    space = load(TINY[name])
    assert space.size() == SIZES[name]
    every = {
        space.canonical(genes)
        for genes in product(*(range(len(gene.options)) for gene in space.genes))
    }
    assert every == set(space.enumerate())
    assert len(every) == space.size()


@pytest.mark.parametrize("aggregate", ["sum", "max"])
def test_extremes_are_those_of_all_architectures(tiny, aggregate):
    everything = np.array(list(tiny.enumerate()))
    rows = tiny.operation_indices(everything)
    neutral = 0.0 if aggregate == "sum" else -np.inf
    for seed in range(3):
        values = np.random.default_rng(seed).normal(size=len(tiny.operation_table()))
        costs = getattr(np, aggregate)(np.append(values, neutral)[rows], axis=1)
        for largest in (False, True):
            cost, genes = tiny.extreme(values, aggregate=aggregate, largest=largest)
            assert cost == pytest.approx(costs.max() if largest else costs.min())
            position = everything.tolist().index(list(genes))
            assert costs[position] == pytest.approx(cost)


def test_blocks_take_the_width_that_the_stage_before_has_in_this_architecture(space):
    for seed in range(20):
        operations = space.operations(space.sample(Random(seed)))
        for one, other in pairwise(operations):
            assert one.channels_out() == other.channels_in()
            assert one.output_size() == other.input_size() or other.type == "linear"


def costs_of(space, **chosen):
    """MACs and parameters of the architecture with these options."""
    genes = [gene.options.index(chosen.get(gene.name, gene.options[0])) for gene in space.genes]
    operations = space.operations(tuple(genes))
    return sum(o.macs() for o in operations), sum(o.parameters() for o in operations)


# As torchvision documents its networks: millions of parameters and GMACs at 224 pixels.
RESNETS = {
    18: ("basic", (2, 2, 2, 2), 11_689_512, 1.81),
    34: ("basic", (3, 4, 6, 3), 21_797_672, 3.66),
    50: ("bottleneck", (3, 4, 6, 3), 25_557_032, 4.09),
}


@pytest.mark.parametrize("n_layers", RESNETS)
def test_resnets_of_the_paper_are_points_of_the_residual_space(n_layers):
    block, depths, parameters, gmacs = RESNETS[n_layers]
    first = 64 if block == "basic" else 256
    stages = [
        {"widths": [first * 2**i], "depths": [depth], "stride": 2 if i else 1}
        for i, depth in enumerate(depths)
    ]
    space = load({**presets.RESIDUAL_FULL, "block": block, "stages": stages})
    found = costs_of(space, resolution=224)
    assert (round(found[0] / 1e9, 2), found[1]) == (gmacs, parameters)


def test_fbnet_a_has_the_published_parameters():
    space = load(presets.PROXYLESS_FBNET)
    stages = [
        *("zero", "k3 e3, k3 e1, zero, zero", "k5 e6, k3 e3, k5 e1, k3 e3"),
        *("k5 e6, k5 e3, k5 e1 g2, k5 e6", "k3 e6, k5 e1 g2, k5 e1, k3 e1 g2"),
        *("k5 e6, k5 e6, k5 e3, k5 e6", "k5 e6"),
    ]
    layers = ", ".join(stages).split(", ")
    names = [gene.name for gene in space.genes[1:]]
    _, parameters = costs_of(space, **dict(zip(names, layers, strict=True)))
    assert round(parameters / 1e6, 1) == 4.3


def test_two_of_the_stems_widths_are_one_and_all_others_differ():
    space = load(presets.OFA_RESNET50_FULL)
    widths = [layer.cout.values for layer in space.layout.stem]
    assert widths == [(24, 24, 32), (24, 24, 32), (40, 48, 64)]
    assert "1.64e+12 networks differ" in load(ONE_RESOLUTION).size_note()
    assert {block.cout.values for block in space.layout.blocks} == {
        *((168, 208, 256), (336, 408, 512), (664, 816, 1024), (1328, 1640, 2048))
    }


@pytest.mark.parametrize("profile", analytic()[:2], ids=lambda profile: profile.device.model)
def test_devices_price_every_operation(space, profile):
    operations = space.operation_table()[::40]
    table = CostModel(profile).table(operations)
    assert table.has_latency
    assert (table.macs == [operation.macs() for operation in operations]).all()


def test_every_operation_can_be_timed_on_a_device(space):
    assert all(map(is_supported, space.operation_table()[::40]))


@pytest.mark.slow
def test_a_hundred_thousand_networks_have_finite_latencies_between_the_exact_bounds(space):
    table = CostModel(analytic()[0]).table(space.operation_table())
    draws = np.random.default_rng(0)
    population = [draws.integers(0, len(gene.options), 100_000) for gene in space.genes]
    latency_ms = table.total(space.operation_indices(np.stack(population, axis=1))).latency_ms
    values, overhead_ms = table.slot_costs("latency")
    low, high = (
        space.extreme(values, aggregate="sum", largest=largest)[0] + overhead_ms
        for largest in (False, True)
    )
    assert latency_ms.min() >= low * (1 - 1e-9)
    assert latency_ms.max() <= high * (1 + 1e-9)
