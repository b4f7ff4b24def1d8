"""A cell supernet computes as each of its networks, and says what its choices mean."""

from random import Random

import numpy as np
import pytest
import torch

from searches.networks.cell_mixture import CellMixture
from searches.networks.cells import CellNetworks
from searches.networks.mixed import MixedOperation
from searches.spaces.cell_presets import PRESETS
from searches.spaces.cells import CellSpace
from searches.training.one_shot.gates import FullMixture
from tests.searches.networks.cell_spaces import ONE_EACH, TINY_SPACES

STATISTICS = {"mean": [0.3, 0.4, 0.5], "std": [0.2, 0.3, 0.4]}


def disturbed(supernet):
    """As after a training: no weight and no statistic is what it started as."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in supernet.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
        for name, statistic in supernet.named_buffers():
            if "running" in name:
                statistic += 0.5 * torch.rand(statistic.shape, generator=generator)
    return supernet.eval()


@pytest.fixture(scope="module", params=TINY_SPACES.values(), ids=TINY_SPACES.keys())
def space(request):
    return request.param


@pytest.fixture(scope="module")
def supernet(space):
    torch.manual_seed(0)
    return disturbed(CellMixture(space, **STATISTICS))


def some(space, n):
    rng = Random(3)
    return [space.sample(rng) for _ in range(n)]


def images():
    return torch.rand(2, 3, 8, 8)  # no weight depends on the size


@pytest.mark.slow
@torch.no_grad()
def test_extracted_networks_compute_what_the_supernet_does(space, supernet):
    for genes in some(space, 4):
        network, x = supernet.extract(genes), images()
        expected = supernet(x)
        torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-6)


def test_extracted_network_has_the_shape_of_a_fresh_one(space, supernet):
    for genes in some(space, 3):
        network = supernet.extract(genes)
        fresh = CellNetworks().config(space, genes, **STATISTICS)
        assert {**network.config, "settings": None} == {**fresh, "settings": None}
        n_parameters = sum(operation.parameters() for operation in space.operations(genes))
        assert sum(p.numel() for p in network.parameters()) == n_parameters


def test_extracted_weights_are_copies(space, supernet):
    shared = {p.untyped_storage().data_ptr() for p in supernet.state_dict().values()}
    values = supernet.extract(some(space, 1)[0]).state_dict().values()
    assert all(value.untyped_storage().data_ptr() not in shared for value in values)


@pytest.mark.slow
@torch.no_grad()
def test_nothing_outside_of_the_regions_is_computed_with(space, supernet):
    for genes in some(space, 3):
        supernet.set_active(genes)
        x = images()
        before, regions = supernet(x), supernet.regions()
        kept = {name: value.clone() for name, value in supernet.state_dict().items()}
        for name, value in supernet.state_dict().items():
            if name not in regions:
                value.fill_(77)
        after = supernet(x)
        supernet.load_state_dict(kept)
        assert torch.equal(after, before)


def test_gradients_stay_in_the_regions(space, supernet):
    supernet.set_active(some(space, 1)[0])
    supernet.zero_grad(set_to_none=True)
    supernet(images()).square().sum().backward()
    reached = {name for name, p in supernet.named_parameters() if p.grad is not None}
    assert reached
    assert reached <= supernet.regions().keys()


def one_hot(supernet, genes):
    options = supernet.selected(genes)
    return [
        [0.9 if i == option else 0.0 for i in range(len(choice.options))]
        for option, choice in zip(options, supernet.choices, strict=True)
    ]


def test_decoding_what_is_selected_gives_the_architecture_back(space, supernet):
    for genes in some(space, 10):
        supernet.set_active(genes)
        found = supernet.decode(one_hot(supernet, genes))
        assert space.resolution(found) == space.resolution(genes)
        for kind in space.definition.kinds:
            graph = space.graph(genes, kind)
            if not any(pick.operation == "none" for node in graph.nodes for pick in node.picks):
                assert space.graph(found, kind) == graph


def test_skips_are_those_of_the_normal_cell(space, supernet):
    for genes in some(space, 10):
        if space.definition.topology == "edges":
            names = space.to_text(genes).replace("~", "|").split("|")  # dead edges as well
        else:
            names = [p.operation for n in space.graph(genes, "normal").nodes for p in n.picks]
        kept, possible = supernet.skips(genes)
        assert kept == names.count("skip_connect")
        assert kept <= possible


def test_costs_of_the_choices_add_up(space, supernet):
    """But for dead edges, and for outputs that are there only while all choices are open."""
    values = np.random.default_rng(0).random(len(space.operation_table()))
    n_exact = 0
    for genes in some(space, 12):
        supernet.set_active(genes)
        constant, options = supernet.choice_costs(values)
        found = constant + sum(
            row[option] for row, option in zip(options, supernet.selected(genes), strict=True)
        )
        rows = space.operation_indices(genes)[0]
        n_exact += found == pytest.approx(values[rows[rows >= 0]].sum())
    if space.definition.topology == "edges":
        assert n_exact >= 6
    elif not space.definition.has_unused_output:
        assert n_exact == 12


def test_places_that_repeat_each_other_share_a_choice(space, supernet):
    n_cells = dict.fromkeys(space.definition.kinds, 0)
    for layer in space.layout(8).layers:
        if layer.kind in n_cells:
            n_cells[layer.kind] += 1
    places = [module.choice for module in supernet.mixed_operations()]
    n_places = len(space.topology.places)
    for position, choice in enumerate(supernet.choices):
        kind = space.definition.kinds[position // n_places]
        assert choice.name.startswith(kind)
        assert places.count(position) == n_cells[kind]
    for module in supernet.modules():
        if isinstance(module, MixedOperation):
            assert len(module.candidates) == len(supernet.choices[module.choice].options)


@pytest.mark.parametrize("name", ONE_EACH)
def test_gradients_of_a_mixture_sum_to_zero_over_each_choice(name):
    """A softmax does not change when all its logits grow alike."""
    supernet = CellMixture(ONE_EACH[name]).double().eval()
    alphas = [
        torch.randn(len(choice.options), dtype=torch.float64, requires_grad=True)
        for choice in supernet.choices
    ]
    for mixed in supernet.mixed_operations():
        mixed.gate = FullMixture(torch.softmax(alphas[mixed.choice], 0))
    supernet(images().double()).square().sum().backward()
    for alpha, choice in zip(alphas, supernet.choices, strict=True):
        assert abs(alpha.grad.sum().item()) < 1e-9
        assert len(choice.options) == 1 or alpha.grad.any()


def test_all_blocks_leave_the_cell_while_choices_are_open():
    space = TINY_SPACES["nasnet"]
    supernet = CellMixture(space).eval()
    widths = []
    supernet.head.classifier.register_forward_hook(lambda _, x, __: widths.append(x[0].shape[1]))
    genes = next(
        genes for genes in some(space, 99) if len(space.graph(genes, "normal").outputs) == 1
    )
    supernet.set_active(genes)
    supernet(images())
    next(iter(supernet.layers[-1].places)).gate = FullMixture(torch.full((4,), 0.25))
    supernet(images())
    width = space.layout(8).last.channels
    assert widths == [width, 3 * width]


# Discretisation.


def test_darts_keeps_the_two_strongest_inputs_without_none():
    space = CellSpace.from_json(
        {**PRESETS["darts_small"], "operations": ["none", "conv_3x3", "skip_connect"]}
    )
    supernet = CellMixture(space)
    node1 = [[0.8, 0.1, 0.1], [0.2, 0.3, 0.5]]  # none, conv_3x3, skip_connect
    node2 = [[0.9, 0.06, 0.04], [0.1, 0.2, 0.7], [0.3, 0.5, 0.2]]
    described = space.describe(supernet.decode([*node1, *node2] * 2))
    for kind in ("normal", "reduction"):
        assert described[f"{kind}.node1.inputs"] == (0, 1)
        assert described[f"{kind}.node1.operation1"] == "conv_3x3"
        assert described[f"{kind}.node1.operation2"] == "skip_connect"
        assert described[f"{kind}.node2.inputs"] == (1, 2)
        assert described[f"{kind}.node2.operation1"] == "skip_connect"
        assert described[f"{kind}.node2.operation2"] == "conv_3x3"


def test_nas_bench_201_may_keep_none():
    space = CellSpace.from_json({**PRESETS["nas_bench_201_small"]})
    weights = [[0.1, 0.1, 0.2, 0.5, 0.1]] * 5 + [torch.tensor([0.6, 0.1, 0.1, 0.1, 0.1])]
    genes = CellMixture(space).decode(weights)
    last = "|nor_conv_3x3~0|nor_conv_3x3~1|none~2|"
    assert space.to_text(genes).endswith(last)


def test_pools_of_a_differentiable_search_are_normalised_and_those_of_nas_bench_201_not():
    for name, expected in (("darts", True), ("nas-bench-201", False)):
        supernet = CellMixture(TINY_SPACES[name])
        pools = [m for m in supernet.modules() if type(m).__name__ == "Pool"]
        assert pools
        assert all((pool.norm is not None) == expected for pool in pools)


def test_norms_inside_cells_have_no_scale(space, supernet):
    names = [name for name, _ in supernet.named_parameters() if ".norm." in name]
    assert not any(".candidates." in name or ".inputs." in name for name in names)
