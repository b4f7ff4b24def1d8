"""Spaces with options left out, and what may be left out because of a limit."""

import itertools
import json
from random import Random

import numpy as np
import pytest

from searches.spaces.base import InvalidArchitecture
from searches.spaces.factors import Factor
from searches.spaces.marginals import costs_of, option_costs
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.registry import FAMILIES, load
from searches.spaces.restriction import Restricted, factors_of

STAGES = [
    {"widths": [8, 16], "depths": [1, 2, 3], "stride": 1, "kernels": [3, 5]},
    {"widths": [16, 24], "depths": [1, 2], "stride": 2, "kernels": [3]},
]


@pytest.fixture(scope="module")
def residual():
    small = FAMILIES["residual"].presets["small"]
    return load({**small, "resolutions": [16, 24], "stages": STAGES})


@pytest.fixture(params=["mobile", "residual"])
def small(request, tiny_space, residual):
    """Spaces with controlled genes that can be listed in a moment."""
    return tiny_space if request.param == "mobile" else residual


def listed_costs(space, values, *, aggregate):
    """Every architecture with its cost, one by one."""
    found = {}
    for genes in space.enumerate():
        rows = space.operation_indices(genes)[0]
        found[genes] = getattr(values[rows[rows >= 0]], aggregate)()
    return found


def everything(space):
    return [range(len(gene.options)) for gene in space.genes]


@pytest.mark.parametrize("aggregate", ["sum", "max"])
def test_option_costs_are_those_of_a_listing(small, aggregate):
    values = np.random.default_rng(0).random(len(small.operation_table()))
    rows = costs_of(factors_of(small), values, aggregate=aggregate)
    found = option_costs(small.genes, rows, everything(small), aggregate=aggregate)
    listed = listed_costs(small, values, aggregate=aggregate)
    for position, gene in enumerate(small.genes):
        for option in range(len(gene.options)):
            having = [
                cost
                for genes, cost in listed.items()
                if genes[position] == option and small.is_active(position, genes)
            ]
            assert found[position][option] == pytest.approx(min(having))


def test_options_ruled_out_count_for_no_other_gene(residual):
    values = np.random.default_rng(1).random(len(residual.operation_table()))
    rows = costs_of(factors_of(residual), values, aggregate="sum")
    allowed = [[*options][:1] for options in everything(residual)]
    found = option_costs(residual.genes, rows, allowed, aggregate="sum")
    cost = listed_costs(residual, values, aggregate="sum")[(0,) * len(residual.genes)]
    for position in range(len(residual.genes)):
        is_active = residual.is_active(position, (0,) * len(residual.genes))
        assert found[position][0] == pytest.approx(cost if is_active else np.inf)
        assert np.isinf(found[position][1:]).all()


@pytest.mark.slow
def test_bounds_agree_with_the_exact_extreme_of_every_large_space():
    for family, card in FAMILIES.items():
        for preset in card.presets.values():
            space = load(preset)
            if space.family != family or len(space.operation_table()) > 4000:
                continue
            values = np.random.default_rng(2).random(len(space.operation_table()))
            rows = costs_of(factors_of(space), values, aggregate="sum")
            found = option_costs(space.genes, rows, everything(space), aggregate="sum")
            least, cheapest = space.extreme(values, aggregate="sum", largest=False)
            assert found[0].min() == pytest.approx(least)
            assert found[0][cheapest[0]] == pytest.approx(least)


def test_tables_that_repeat_count_as_often_as_they_do():
    table = Factor((0,), np.array([0, 1]))
    (found,) = costs_of([table, table, table], np.array([1.0, 2.0]), aggregate="sum")
    assert found.table.tolist() == [3.0, 6.0]


ONLY = {
    "mobile": {"unit1.depth": [1], "unit2.block1.kernel": [5], "resolution": [12]},
    "residual": {"stage1.depth": [2, 3], "stage1.width": [16], "stage2.depth": [1]},
}


@pytest.fixture
def cut(small, request):
    only = ONLY["mobile" if small.family == "ofa_mobilenet_v3" else "residual"]
    return Restricted(small, only)


def test_restricted_space_has_the_architectures_with_these_options(small, cut):
    def is_left(genes):
        return all(
            not small.is_active(position, genes)
            or gene.options[genes[position]] in cut.only.get(gene.name, gene.options)
            for position, gene in enumerate(small.genes)
        )

    wanted = {genes for genes in small.enumerate() if is_left(genes)}
    found = [cut.widened(genes) for genes in cut.enumerate()]
    assert len(found) == len(set(found)) == cut.size() == len(wanted) < small.size()
    assert set(found) == wanted
    assert all(cut.narrowed(cut.widened(genes)) == genes for genes in cut.enumerate())


def test_restricted_architectures_keep_their_operations_and_descriptions(small, cut):
    for genes in [cut.sample(Random(seed)) for seed in range(20)]:
        assert cut.operations(genes) == small.operations(cut.widened(genes))
        assert cut.describe(genes) == small.describe(cut.widened(genes))
        assert cut.parse(cut.describe(genes)) == genes
    assert set(cut.operation_table()) < set(small.operation_table())


def test_extremes_of_a_restricted_space_are_those_of_a_listing(cut):
    values = np.random.default_rng(3).random(len(cut.operation_table()))
    for aggregate, largest in itertools.product(("sum", "max"), (False, True)):
        listed = listed_costs(cut, values, aggregate=aggregate).values()
        found, genes = cut.extreme(values, aggregate=aggregate, largest=largest)
        assert found == pytest.approx((max if largest else min)(listed))
        assert cut.validate(genes) == genes


def test_restriction_is_part_of_the_definition(cut, small):
    again = load(json.loads(json.dumps(cut.to_json())))
    assert again == cut
    assert again != small
    assert load({**small.to_json(), "only": {}}) == small


def test_data_of_another_kind_keep_the_restriction(cut):
    found = cut.with_data(in_channels=3, n_classes=7)
    assert found.size() == cut.size()
    assert {op.cout for op in found.operation_table() if op.type == "linear"} == {7}


def test_architecture_with_an_option_left_out_is_refused(small, cut):
    left = {cut.widened(genes) for genes in cut.enumerate()}
    outside = next(genes for genes in small.enumerate() if genes not in left)
    with pytest.raises(InvalidArchitecture, match="left out"):
        cut.narrowed(outside)


@pytest.mark.parametrize(
    ("only", "place", "word"),
    [
        ({"depth": [1]}, "only.depth", "No such gene"),
        ({"resolution": []}, "only.resolution", "at least one"),
        ({"resolution": 8}, "only.resolution", "at least one"),
        ({"resolution": [9]}, "only.resolution", "none of 8, 12"),
        ([], "only", "object"),
    ],
)
def test_impossible_restrictions_are_refused_by_field(tiny_space, only, place, word):
    with pytest.raises(InvalidSpace) as refused:
        load({**tiny_space.to_json(), "only": only})
    assert word in refused.value.problems[place][0]
