"""Weights handed on within a space: growing preserves the function, the rest fits as it can."""

from random import Random

import pytest
import torch
from torch import nn

from searches.networks.families import build, family_of
from searches.networks.inheritance.handing_on import hand_on
from searches.networks.inheritance.pieces import as_they_are
from searches.networks.mlp import ACTIVATIONS
from searches.spaces.registry import FAMILIES, load

EXACT = 1e-10


def space_of(family, preset="small", **changes):
    found = load({**FAMILIES[family].presets[preset], **changes})
    return found.with_data(in_channels=3, n_classes=4)


TINY_UNIT = {"stride": 2, "depths": [1, 2, 3], "kernels": [3, 5, 7], "expands": [2, 3, 4]}
SPACES = {
    "inverted bottlenecks": lambda: space_of(
        "ofa_mobilenet_v3",
        resolutions=[16],
        units=[
            {"width": 8, "se": False, "act": "relu", **TINY_UNIT},
            {"width": 16, "se": True, "act": "hswish", **TINY_UNIT},
        ],
    ),
    "ResNet50": lambda: space_of("ofa_resnet50", resolutions=[16]),
    "basic blocks": lambda: space_of("residual", resolutions=[16]),
    "candidates": lambda: space_of(
        "proxyless",
        resolutions=[16],
        stages=[
            {"width": 8, "stride": 1, "n_blocks": 2},
            {"width": 8, "stride": 2, "n_blocks": 2},
        ],
    ),
    "grouped candidates": lambda: space_of(
        "proxyless",
        "fbnet",
        resolutions=[16],
        stages=[{"width": 16, "stride": 1, "n_blocks": 3}],
        final_width=32,
    ),
}
OPERATIONS = [
    "none",
    "conv_1x1",
    "conv_3x3",
    "conv_5x5",
    "dilated_conv_3x3",
    "group_conv_3x3",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "conv_1x3_3x1",
    "conv_1x7_7x1",
    "linear",
    "attention",
]
GROWTHS = [
    *(("none", name) for name in OPERATIONS[1:]),
    ("conv_1x1", "conv_3x3"),
    ("conv_3x3", "conv_5x5"),
    ("dilated_conv_3x3", "conv_5x5"),
    ("group_conv_3x3", "conv_3x3"),
    ("sep_conv_3x3", "sep_conv_7x7"),
    ("dil_conv_3x3", "dil_conv_5x5"),
    ("conv_1x3_3x1", "conv_1x7_7x1"),
]


def network_of(space, genes, *, seed):
    """As after a training: norms have statistics, nothing is near zero."""
    family = family_of(space)
    network = build(family, family.config(space, genes), seed=seed).double().eval()
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm) and module.weight is not None:
            module.weight.data.uniform_(0.5, 2.0, generator=generator)
            module.bias.data.normal_(generator=generator)
    return network


def handed_on(space, parent_genes, child_genes, *, noise=0.0, act=None):
    """Parent, child and what was done."""
    family, generator = family_of(space), torch.Generator().manual_seed(0)
    parent, child = (
        network_of(space, genes, seed=seed)
        for seed, genes in enumerate((parent_genes, child_genes))
    )
    if act is not None:
        parent.act = child.act = ACTIVATIONS[act]
    larger = family.enlarged(parent, child.config)
    pieces = [
        family.pieces(space, parent_genes, larger),
        family.pieces(space, child_genes, child),
    ]
    return parent, child, hand_on(*pieces, generator=generator, noise=noise)


def difference(parent, child, shape=(4, 3, 16, 16)):
    inputs = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return (parent(inputs) - child(inputs)).abs().max().item()


def grown(space, rng):
    """A parent and a child that has at least as much of everything."""
    high = space.sample(rng)
    low = tuple(rng.randrange(gene + 1) for gene in high)
    return space.canonical(low), high


@pytest.mark.parametrize("name", ["inverted bottlenecks", "ResNet50", "basic blocks"])
@pytest.mark.parametrize("seed", range(3))
def test_wider_deeper_and_larger_kernels_preserve_the_function(name, seed):
    space = SPACES[name]()
    parent, child, done = handed_on(space, *grown(space, Random(seed)))
    assert difference(parent, child) < EXACT
    assert {"fewer layers", "narrower", "smaller kernels"}.isdisjoint(done.operators)


@pytest.mark.parametrize("name", ["inverted bottlenecks", "ResNet50", "basic blocks"])
def test_the_largest_network_computes_what_the_smallest_does(name):
    space = SPACES[name]()
    ends = [tuple((len(gene.options) - 1) * end for gene in space.genes) for end in (0, 1)]
    parent, child, done = handed_on(space, *map(space.canonical, ends))
    assert difference(parent, child) < EXACT
    assert {"wider", "new layers"} <= set(done.operators)


CANDIDATES = [
    ("candidates", "k3 e3", "k3 e6"),
    ("candidates", "k3 e3", "k7 e3"),
    ("candidates", "k5 e3", "k7 e6"),
    ("grouped candidates", "k3 e1", "k5 e3"),
    ("grouped candidates", "k3 e1 g2", "k3 e6"),
    ("grouped candidates", "k3 e1 g2", "k5 e1 g2"),
    ("grouped candidates", "zero", "k5 e1 g2"),
]


@pytest.mark.parametrize(("name", "before", "after"), CANDIDATES)
def test_a_larger_candidate_everywhere_preserves_the_function(name, before, after):
    space = SPACES[name]()
    everywhere = [
        (0, *(gene.options.index(o) for gene in space.genes[1:])) for o in (before, after)
    ]
    parent, child, _ = handed_on(space, *everywhere)
    assert difference(parent, child) < EXACT


@pytest.fixture(scope="module")
def many_operations():
    changes = {"operations": OPERATIONS, "n_nodes": 3, "groups": 4, "heads": 4}
    return space_of("cells", "nas_bench_201_small", resolutions=[16], **changes)


@pytest.mark.parametrize(("before", "after"), GROWTHS)
def test_growing_an_operation_of_a_cell_preserves_the_function(many_operations, before, after):
    space = many_operations
    rest = [OPERATIONS.index("sep_conv_3x3")] * (len(space.genes) - 1)
    for place in range(len(rest)):
        genes = [
            (0, *rest[:place], OPERATIONS.index(o), *rest[place + 1 :]) for o in (before, after)
        ]
        parent, child, _ = handed_on(space, *genes)
        assert difference(parent, child) < EXACT


def test_a_state_that_leaves_the_cell_from_now_on_is_not_listened_to_at_first():
    space = space_of("cells", "enas", channels=4, stem_width=8, n_cells=1, n_nodes=3)
    rng, found = Random(0), 0
    while found < 3:
        genes = space.sample(rng)
        other = space.mutate(genes, rng, rate=0.0)
        outputs = [space.graph(g, "normal").outputs for g in (genes, other)]
        if set(outputs[0]) < set(outputs[1]):
            parent, child, _ = handed_on(space, genes, other)
            heads = [network.head.classifier.weight for network in (parent, child)]
            new = set(outputs[1]) - set(outputs[0])
            width = heads[1].shape[1] // len(outputs[1])
            columns = heads[1].view(heads[1].shape[0], len(outputs[1]), width)
            silent = {s for i, s in enumerate(outputs[1]) if not columns[:, i].any()}
            assert silent == new
            found += 1


WIDE = ("relu", "relu6", "leaky", "swish", "hswish", "gelu")


@pytest.mark.parametrize("act", WIDE)
def test_perceptrons_grow_without_a_change(act):
    space = space_of("mlp_images", "8 pixels", widths=[16, 32, 64], activations=[act])
    names = [gene.name for gene in space.genes]

    def genes(depth, *widths):
        given = dict(zip([f"layer{i + 1}.width" for i in range(9)], widths, strict=False))
        wanted = {"depth": depth, "activation": act, **given}
        options = [gene.options for gene in space.genes]
        found = (o.index(wanted.get(n, o[0])) for n, o in zip(names, options, strict=True))
        return space.canonical(tuple(found))

    for before, after in (((1, 16), (1, 64)), ((1, 16), (2, 16, 32)), ((1, 16), (2, 16, 64))):
        parent, child, _ = handed_on(space, genes(*before), genes(*after))
        assert difference(parent, child, (4, 3, 8, 8)) < EXACT


def test_wider_networks_train_on_the_same_statistics():
    """Copies have the same statistics in every batch, so it holds in training mode, too."""
    space = SPACES["basic blocks"]()
    parent, child, done = handed_on(space, *_one_gene_up(space, "width"))
    assert done.operators == ("wider",)
    assert difference(parent.train(), child.train()) < EXACT


def _one_gene_up(space, part):
    low = space.canonical((0,) * len(space.genes))
    high = [len(g.options) - 1 if part in g.name else 0 for g in space.genes]
    return low, space.canonical(tuple(high))


def test_noise_moves_copies_alone():
    space = SPACES["basic blocks"]()
    genes = _one_gene_up(space, "width")
    parent, exact, _ = handed_on(space, *genes)
    _, noisy, _ = handed_on(space, *genes, noise=1e-2)
    width = parent.blocks[0].layers[0].conv.weight.shape[0]
    one, other = (network.blocks[0].layers[0].conv.weight for network in (exact, noisy))
    assert torch.equal(one[:width], other[:width])
    assert not torch.equal(one[width:], other[width:])
    assert difference(parent, noisy) < 0.5


def test_the_channels_that_count_most_stay():
    space = SPACES["basic blocks"]()
    small, large = _one_gene_up(space, "width")
    family, generator = family_of(space), torch.Generator().manual_seed(0)
    parent, child = network_of(space, large, seed=0), network_of(space, small, seed=1)
    kept = child.classifier.in_features
    with torch.no_grad():
        parent.classifier.weight[:, :kept] *= 100
    pieces = [family.pieces(space, g, n) for g, n in ((large, parent), (small, child))]
    done = hand_on(*pieces, generator=generator)
    assert "narrower" in done.operators
    assert torch.equal(child.classifier.weight, parent.classifier.weight[:, :kept])


FAMILY_PRESETS = [
    *((name, "small") for name in ("ofa_mobilenet_v3", "ofa_resnet50", "residual", "proxyless")),
    ("mlp_images", "8 pixels"),
    ("cells", "darts_small"),
    ("cells", "nas_bench_201_small"),
    ("cells", "lecture"),
]


@pytest.mark.parametrize(("family", "preset"), FAMILY_PRESETS)
def test_any_mutation_is_a_network_whose_own_part_is_handed_on(family, preset):
    space = space_of(family, preset)
    rng = Random(1)
    genes = space.sample(rng)
    _, child, done = handed_on(space, genes, space.mutate(genes, rng, rate=0.3), noise=1e-2)
    assert 0 < done.share <= 1
    assert all(value.isfinite().all() for value in child.state_dict().values())
    parent, same, done = handed_on(space, genes, genes)
    assert done.share == 1
    assert done.operators == ()
    for name, value in same.named_parameters():
        assert torch.equal(value, parent.get_parameter(name))


def test_a_family_that_says_nothing_hands_on_what_has_the_same_name():
    one, other = nn.Linear(4, 3), nn.Linear(6, 3)
    done = hand_on(as_they_are(one), as_they_are(other), generator=torch.Generator())
    assert done.share == 1
    assert torch.equal(other.weight[:, 1:5], one.weight)
    assert torch.equal(other.bias, one.bias)
