"""Spaces in other sizes, the one that suits a device, and what limits rule out."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from devices.profiles.builtin import analytic
from devices.profiles.cost import CostModel
from searches.spaces import adjusting
from searches.spaces.adjusting import draws_for, nearest, ranked, sizes, survey, wilson
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.pruning import pruned
from searches.spaces.registry import FAMILIES, load
from searches.spaces.restriction import Restricted
from searches.spaces.scaling import channels, distinct, is_scalable, scaled

WIDTHS, RESOLUTIONS = (0.25, 0.5, 1.0), (16, 24, 32)
SCALABLE = ("ofa_mobilenet_v3", "ofa_resnet50", "residual", "proxyless")


@cache
def small(family):
    return load(FAMILIES[family].presets["small"])


@cache
def price(operations):
    """Costs on a device that keeps weights in flash, as a microcontroller does."""
    return replace(CostModel(analytic()[0]).table(operations), weights_in_memory=False)


def surveyed(space, limits, *, n=200, seed=0):
    found, _ = sizes(space, WIDTHS, RESOLUTIONS)
    draws = draws_for(found, seed, n)
    return [survey(size, price, limits, draws) for size in found]


def typical(space, measure, quantile):
    """A cost that so many of the random networks of full size do not exceed."""
    whole = scaled(space, 1.0, RESOLUTIONS[-1])
    rng = np.random.default_rng(0)
    genes = rng.integers(0, [len(gene.options) for gene in whole.genes], (500, len(whole.genes)))
    costs = price(whole.operation_table()).total(whole.operation_indices(genes))
    return float(np.quantile(getattr(costs, adjusting.LIMITED[measure]), quantile))


@pytest.mark.parametrize("family", SCALABLE)
def test_scaled_space_has_one_resolution_and_scaled_channels(family):
    space = small(family)
    half = scaled(space, 0.5, 24)
    assert {op.h for op in half.operation_table() if op.type == "conv" and op.cin == 3} == {24}
    largest = {op.cout for op in space.operation_table() if op.type in ("mbconv", "resblock")}
    halved = {op.cout for op in half.operation_table() if op.type in ("mbconv", "resblock")}
    assert max(halved) == pytest.approx(max(largest) / 2, abs=4)
    assert all(cout % 8 == 0 for cout in halved)
    assert load(half.to_json()) == half


@pytest.mark.parametrize("family", SCALABLE)
def test_full_width_keeps_every_operation_of_the_resolution(family):
    space = small(family)
    resolution = space.genes[0].options[-1]
    same = Restricted(space, {"resolution": [resolution]})
    assert set(scaled(space, 1.0, resolution).operation_table()) == set(same.operation_table())


def test_channels_are_rounded_as_published():
    """Width multiplier 0.35 of MobileNetV2 gives 8, 8, 16, 24, 32, 56, 112 channels."""
    widths = [16, 24, 32, 64, 96, 160, 320]
    assert [channels(width, 0.35) for width in widths] == [8, 8, 16, 24, 32, 56, 112]
    assert channels(20, 1.0) == 20
    assert channels(0, 0.5) == 0


def test_options_that_rounding_makes_equal_are_there_once():
    assert distinct([1, 2, 3, 4], lambda option: [option // 2, option]) == (1, 3, 4)
    narrow = scaled(small("residual"), 0.25, 16)
    for gene in narrow.genes:
        assert len(set(gene.options)) == len(gene.options)


def test_options_left_out_stay_left_out_in_other_sizes():
    part = Restricted(small("proxyless"), {"stage2.block2": ["k3 e3", "zero"]})
    found = scaled(part, 0.5, 24)
    options = {gene.name: gene.options for gene in found.genes}
    assert options["stage2.block2"] == ("k3 e3", "zero")


def test_spaces_without_width_and_resolution_cannot_be_scaled():
    space = load(next(iter(FAMILIES["mlp"].presets.values())))
    assert not is_scalable(space)
    with pytest.raises(TypeError, match="mlp"):
        scaled(space, 0.5, 16)


def test_sizes_that_round_to_the_same_space_are_there_once():
    found, left_out = sizes(small("ofa_mobilenet_v3"), [0.98, 1.0, 0.5], [16, 32])
    assert [(size.width, size.resolution) for size in found] == [
        (0.5, 16),
        (1.0, 16),
        (0.5, 32),
        (1.0, 32),
    ]
    assert {(size.width, size.reason) for size in left_out} == {(0.98, "The same as width 1.")}


def test_cells_keep_their_choices_in_every_size():
    preset = FAMILIES["cells"].presets["darts_small"]
    space = load(preset)
    found, left_out = sizes(space, [0.98, 1.0, 3.0], [16, 18, 32])
    assert {(size.width, size.resolution) for size in found} == {
        (1.0, 16),
        (3.0, 16),
        (1.0, 32),
        (3.0, 32),
    }
    assert all(size.space.size() == space.size() for size in found)
    assert {one.reason for one in left_out if one.resolution != 18} == {"The same as width 1."}
    assert all("no multiple of 4" in one.reason for one in left_out if one.resolution == 18)
    triple = found[1].space.definition
    assert (triple.channels, triple.stem_width) == (24, 72)


def test_sizes_that_the_family_does_not_have_are_left_out_with_the_reason():
    found, left_out = sizes(small("ofa_mobilenet_v3"), [1.0], [4, 32])
    assert [size.resolution for size in found] == [32]
    assert "8 and 512" in left_out[0].reason


def test_all_sizes_see_the_same_random_numbers():
    found, _ = sizes(small("proxyless"), [0.2, 1.0], [32])
    draws = draws_for(found, 3, 50)
    one, other = (draws.batch(size.space, 0) for size in found)
    names = [[gene.name for gene in size.space.genes] for size in found]
    options = [[len(gene.options) for gene in size.space.genes] for size in found]
    assert names[0] == names[1]
    same = [a == b for a, b in zip(*options, strict=True)]
    assert any(same)
    assert (one[:, same] == other[:, same]).all()
    assert (one != draws.batch(found[0].space, 1)).any()


def test_survivors_are_those_that_cost_no_more_than_the_limits():
    space = small("ofa_mobilenet_v3")
    limits = {name: typical(space, name, 0.6) for name in ("latency", "storage")}
    (size,), _ = sizes(space, [1.0], [32])
    draws = draws_for([size], 0, 100)
    found = survey(size, price, limits, draws)
    table, macs = price(size.space.operation_table()), []
    for genes in draws.batch(size.space, 0):
        costs = table.total(size.space.operation_indices([genes]))
        is_fast = costs.latency_ms[0] <= limits["latency"]
        if is_fast and costs.storage_bytes[0] <= limits["storage"]:
            macs.append(int(costs.macs[0]))
    assert found.macs.tolist() == sorted(macs)
    assert found.share == len(macs) / 100
    assert found.score == pytest.approx(np.mean(macs))


@pytest.mark.parametrize("family", SCALABLE)
@pytest.mark.parametrize("measure", adjusting.LIMITED)
def test_a_tighter_limit_never_lets_more_survive(family, measure):
    space = small(family)
    (size,), _ = sizes(space, [0.75], [24])
    draws = draws_for([size], 1, 200)
    before = None
    for quantile in (1.0, 0.5, 0.2, 0.05):
        found = survey(size, price, {measure: typical(space, measure, quantile)}, draws)
        assert before is None or found.share <= before.share
        if before is not None and found.n_drawn == before.n_drawn:
            assert set(found.macs) <= set(before.macs)
        before = found


@pytest.mark.parametrize("family", SCALABLE)
def test_without_limits_the_largest_size_is_proposed(family):
    best = ranked(surveyed(small(family), {}))[0]
    assert (best.size.width, best.size.resolution) == (1.0, 32)
    assert best.share == 1


@pytest.mark.parametrize("family", ["ofa_mobilenet_v3", "proxyless"])
def test_more_memory_never_lowers_the_resolution(family):
    space, chosen = small(family), []
    largest = typical(space, "peak_memory", 1.0)
    for share in (0.15, 0.25, 0.4, 0.6, 0.8, 1.0):
        best = ranked(surveyed(space, {"peak_memory": share * largest}))[0]
        chosen.append(best.size.resolution)
    assert chosen == sorted(chosen)
    assert len(set(chosen)) > 1


def test_a_size_with_few_survivors_is_drawn_more_often(monkeypatch):
    space = small("ofa_mobilenet_v3")
    limits = {"latency": typical(space, "latency", 0.02)}
    (size,), _ = sizes(space, [1.0], [32])
    found = survey(size, price, limits, draws_for([size], 0, 100))
    assert found.n_drawn > 100
    assert found.is_sure or found.n_drawn == adjusting.MOST_DRAWN
    monkeypatch.setattr(adjusting, "MOST_DRAWN", 300)
    assert survey(size, price, limits, draws_for([size], 0, 100)).n_drawn <= 300


def test_sizes_with_few_survivors_rank_last(monkeypatch):
    space = small("ofa_mobilenet_v3")
    found = surveyed(space, {"latency": typical(space, "latency", 0.5)})
    best = ranked(found)[0]
    assert best.score == max(one.score for one in found if one.is_sure)
    few = replace(best, macs=best.macs[-5:])
    assert few.score > best.score
    assert ranked([few, best]) == [best, few]


def test_nothing_within_the_limits_is_said_with_the_nearest():
    space = small("ofa_mobilenet_v3")
    found = surveyed(space, {"latency": 1e-3, "storage": 1e9})
    assert ranked(found) == []
    best = nearest(found)
    smallest = min(one.least["latency"] for one in found)
    assert best.nearest.values["latency"] == pytest.approx(smallest)
    assert best.nearest.excess == pytest.approx(smallest / 1e-3 - 1)
    assert all(one.n_drawn == 200 for one in found), "drawn on although nothing can survive"


def test_measure_that_the_device_does_not_know_is_refused():
    space = small("ofa_mobilenet_v3")
    found, _ = sizes(space, [1.0], [32])
    with pytest.raises(adjusting.UnknownCost, match="latency"):
        survey(found[0], CostModel(None).table, {"latency": 5.0}, draws_for(found, 0, 10))


def test_wilson_interval_equals_the_published_formula():
    """The ends solve (p̂ − p)² = z² p (1 − p) / n."""
    for n_found, n_drawn in ((0, 1000), (10, 100), (500, 1000), (1000, 1000)):
        for end in wilson(n_found, n_drawn):
            left = (n_found / n_drawn - end) ** 2
            right = adjusting.CONFIDENCE**2 * end * (1 - end) / n_drawn
            assert left == pytest.approx(right, abs=1e-12)
        low, high = wilson(n_found, n_drawn)
        assert low <= n_found / n_drawn <= high


TABLES = {
    "in memory": lambda operations: replace(price(operations), weights_in_memory=True),
    "in flash": price,
}


def is_within(space, table, genes, limits):
    costs = table.total(space.operation_indices([genes]))
    return all(getattr(costs, adjusting.LIMITED[m])[0] <= most for m, most in limits.items())


@pytest.fixture(scope="module")
def listable(tiny_space):
    residual = {
        **FAMILIES["residual"].presets["small"],
        "resolutions": [16, 24],
        "stages": [
            {"widths": [8, 16], "depths": [1, 2], "stride": 1, "kernels": [3, 5]},
            {"widths": [16, 24], "depths": [1, 2], "stride": 2, "kernels": [3]},
        ],
    }
    return {"mobile": tiny_space, "residual": load(residual)}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["mobile", "residual"])
@pytest.mark.parametrize("measures", [("latency",), ("peak_memory",), ("storage", "energy")])
@pytest.mark.parametrize("where", TABLES)
@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.5])
def test_pruning_loses_nothing_within_the_limits(listable, family, measures, where, quantile):
    space = listable[family]
    table = TABLES[where](space.operation_table())
    listed = list(space.enumerate())
    costs = table.total(space.operation_indices(listed))
    limits = {m: np.quantile(getattr(costs, adjusting.LIMITED[m]), quantile) for m in measures}
    within = {genes for genes in listed if is_within(space, table, genes, limits)}
    found = pruned(space, table, limits)
    left = {found.widened(genes) if found is not space else genes for genes in found.enumerate()}
    assert within <= left
    assert len(left) == found.size()
    if len(measures) == 1 and (measures != ("peak_memory",) or where == "in flash"):
        for position, gene in enumerate(space.genes):
            used = {g[position] for g in within if space.is_active(position, g)}
            kept = {g[position] for g in left if space.is_active(position, g)}
            assert kept == used, f"{gene.name} keeps an option that no network can have"


def test_pruning_removes_something_and_says_how_much(listable):
    space = listable["mobile"]
    table = price(space.operation_table())
    least, _ = space.extreme(table.slot_costs("macs")[0], aggregate="sum", largest=False)
    cheapest = table.total(space.operation_indices(list(space.enumerate()))).latency_ms.min()
    found = pruned(space, table, {"latency": cheapest * 1.05})
    assert least > 0
    assert 1 <= found.size() < space.size()
    assert "without" in found.size_formula()


def test_limits_that_nothing_meets_leave_no_space(listable):
    space = listable["mobile"]
    with pytest.raises(InvalidSpace):
        pruned(space, price(space.operation_table()), {"latency": 1e-9})


def test_limits_that_everything_meets_change_nothing(listable):
    space = listable["residual"]
    assert pruned(space, price(space.operation_table()), {"latency": 1e9}) is space
