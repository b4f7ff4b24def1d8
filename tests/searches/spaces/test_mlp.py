"""Spaces of multilayer perceptrons: their size, what they cost, what is refused."""

from itertools import pairwise, product

import numpy as np
import pytest

from searches.spaces import mlp_presets
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.registry import load

TINY = {
    **mlp_presets.FEATURES,
    "in_channels": 5,
    "n_classes": 3,
    "depths": [1, 3],
    "widths": [2, 4, 7],
    "activations": ["relu", "tanh"],
}
TINY_IMAGES = {**mlp_presets.SMALL_IMAGES, **TINY, "in_channels": 3, "resolution": 4} | {
    name: mlp_presets.SMALL_IMAGES[name] for name in ("family", "preset")
}


@pytest.fixture(params=[TINY, TINY_IMAGES], ids=["rows", "images"])
def tiny(request):
    return load(request.param)


def networks(space):
    """Activation and widths of every network, written down from the definition."""
    of = space.definition
    for act, depth in product(of.activations, of.depths):
        for widths in product(of.widths, repeat=depth):
            yield act, widths


def counted(space, widths):
    """Parameters and MACs of linear layers with bias, by the textbook."""
    n_inputs = 5 if space.family == "mlp" else 3 * 4 * 4
    pairs = list(pairwise([n_inputs, *widths, 3]))
    return sum(a * b + b for a, b in pairs), sum(a * b for a, b in pairs)


def test_every_network_is_there_once(tiny):
    described = [tiny.describe(genes) for genes in tiny.enumerate()]
    found = [
        (d["activation"], tuple(d[f"layer{i + 1}.width"] for i in range(d["depth"])))
        for d in described
    ]
    assert sorted(found) == sorted(networks(tiny))
    assert tiny.size() == len(found) == 2 * (3 + 3**3)
    assert tiny.size_formula() == "2 × (3¹ + 3³)"


def test_presets_have_the_size_that_their_formula_says():
    for definition in (mlp_presets.FEATURES, mlp_presets.SMALL_IMAGES, mlp_presets.IMAGES):
        assert load(definition).size() == 4 * (8 + 8**2 + 8**3 + 8**4) == 18_720


def test_parameters_and_macs_are_those_of_the_textbook(tiny):
    for genes in tiny.enumerate():
        d, operations = tiny.describe(genes), tiny.operations(genes)
        widths = [d[f"layer{i + 1}.width"] for i in range(d["depth"])]
        costs = sum(o.parameters() for o in operations), sum(o.macs() for o in operations)
        assert costs == counted(tiny, widths)
        assert [o.act for o in operations] == [d["activation"]] * d["depth"] + ["none"]


def test_extremes_are_those_of_all_networks(tiny):
    table = tiny.operation_table()
    values = np.array([operation.macs() for operation in table], float)
    for largest, pick in ((True, max), (False, min)):
        found, genes = tiny.extreme(values, aggregate="sum", largest=largest)
        assert found == pick(counted(tiny, widths)[1] for _, widths in networks(tiny))
        assert sum(o.macs() for o in tiny.operations(genes)) == found


def test_the_data_say_how_much_goes_in_and_out():
    space = load(TINY).with_data(in_channels=30, n_classes=2)
    first, *_, last = space.operations((0,) * len(space.genes))
    assert (first.cin, last.cout) == (30, 2)
    images = load(TINY_IMAGES).with_data(in_channels=1, n_classes=2)
    assert images.operations((0,) * len(images.genes))[0].cin == 16


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"widths": [4, 2]}, "widths", "ascend"),
        ({"widths": [0, 2]}, "widths", "between 1 and 4096"),
        ({"depths": []}, "depths", "1 to 64 entries"),
        ({"depths": [99]}, "depths", "between 1 and 16"),
        ({"activations": ["relu", "step"]}, "activations", "“step” is unknown. Known: relu"),
        ({"activations": ["relu", "relu"]}, "activations", "Each once"),
        ({"n_classes": 1}, "n_classes", "between 2"),
        ({"resolution": 8}, "resolution", "Unknown field"),
        ({"in_channels": "many"}, "in_channels", "whole number"),
    ],
)
def test_wrong_definitions_are_refused_by_field(changes, place, message):
    with pytest.raises(InvalidSpace) as refusal:
        load(TINY | changes)
    assert message in refusal.value.problems[place][0]


def test_images_have_a_resolution_and_one_or_three_channels():
    with pytest.raises(InvalidSpace) as refusal:
        load(TINY_IMAGES | {"resolution": 65, "in_channels": 2})
    assert set(refusal.value.problems) == {"resolution", "in_channels"}
