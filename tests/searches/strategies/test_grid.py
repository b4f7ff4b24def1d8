"""Grid search visits every point of the product once, and says how many there are."""

from itertools import product
from random import Random

import numpy as np
import pytest

from searches.objectives.settings import SettingsError, build
from searches.spaces.presets import OFA_MOBILENET_V3_FULL
from searches.spaces.registry import load
from searches.strategies.base import Problem
from searches.strategies.grid import Grid, axes, n_points, precheck
from searches.strategies.settings.sampling import GridSettings

UNITS = [
    {**unit, "depths": depths, "kernels": [3, 5, 7], "expands": [3, 4]}
    for unit, depths in zip(OFA_MOBILENET_V3_FULL["units"], ([1, 2], [1, 2, 3]), strict=False)
]
SPACE = load({**OFA_MOBILENET_V3_FULL, "resolutions": [128, 160, 192], "units": UNITS})
STEPS = [{}, {"step": 2}, {"step": 99}, {"steps": "resolution=2, *.expand=9"}]


def points(settings):
    """The distinct architectures of the product, by brute force, in the order of the genes."""
    product_ = product(*axes(SPACE, build(GridSettings, settings)))
    return list(dict.fromkeys(SPACE.canonical(genes) for genes in product_))


def grid(settings, *, violations=lambda genes: np.zeros(len(genes))):
    problem = Problem(SPACE, 1, violations, budget=100_000, limits=("macs at most 1",))
    return Grid(problem, build(GridSettings, settings), Random(0))


def visited(strategy, chunks):
    found = []
    for n in chunks:
        found += [proposal.genes for proposal in strategy.ask(n)]
    return found


def test_step_takes_the_first_option_and_then_each_nth():
    settings = build(GridSettings, {"step": 2, "steps": "*.kernel=1, unit2.block1.kernel = 3"})
    taken = {
        gene.name: list(axis)
        for gene, axis in zip(SPACE.genes, axes(SPACE, settings), strict=True)
    }
    assert taken["resolution"] == [0, 2]
    assert taken["unit1.block1.kernel"] == [0, 1, 2]
    assert taken["unit2.block1.kernel"] == [0]
    assert taken["unit2.depth"] == [0, 2]


@pytest.mark.parametrize("chosen", STEPS, ids=str)
def test_number_of_points_is_that_of_the_product(chosen):
    built = build(GridSettings, chosen)
    assert n_points(SPACE, axes(SPACE, built)) == len(points(chosen))


@pytest.mark.parametrize("chosen", STEPS[1:], ids=str)
@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_every_point_comes_once_and_in_order_in_any_chunks(chosen, chunk):
    expected = points(chosen)
    strategy = grid(chosen)
    assert visited(strategy, [chunk] * (len(expected) // chunk + 1)) == expected
    assert strategy.finished()


def test_whole_space_is_the_grid_of_step_one():
    assert visited(grid({}), [10_000] * 4) == list(SPACE.enumerate())


@pytest.mark.parametrize("stop", [0, 1, 17, 40])
def test_number_of_the_next_point_is_all_that_is_remembered(stop):
    strategy, revived = grid(STEPS[3]), grid(STEPS[3])
    first = visited(strategy, [stop])
    state = strategy.state()
    assert isinstance(state["next"], int)
    revived.restore(state, [])
    assert first + visited(revived, [10_000]) == points(STEPS[3])


def test_points_outside_the_limits_are_passed_over():
    def excess(genes):
        return np.array([max(0, sum(g) % 5 - 1) for g in genes], dtype=float)

    strategy = grid(STEPS[1], violations=excess)
    expected = [genes for genes in points(STEPS[1]) if sum(genes) % 5 <= 1]
    assert 0 < len(expected) < len(points(STEPS[1]))
    assert visited(strategy, [3] * len(expected)) == expected


@pytest.mark.parametrize("chosen", STEPS, ids=str)
def test_larger_grid_than_budget_is_refused_with_its_size(chosen):
    n, built = len(points(chosen)), build(GridSettings, chosen)
    assert precheck(SPACE, built, n) == {}
    refusal = precheck(SPACE, built, n - 1)
    assert f"{n:,} points" in refusal["strategy_settings.step"][0]


def test_step_for_an_unknown_gene_is_refused_with_the_known_ones():
    built = build(GridSettings, {"step": 99, "steps": "depht=2"})
    assert "depht" in precheck(SPACE, built, 10)["strategy_settings.steps"][0]
    assert "resolution" in precheck(SPACE, built, 10)["strategy_settings.steps"][0]


@pytest.mark.parametrize(
    "text", ["depth", "depth=", "=2", "depth=two", "depth=0", "depth=-1", "depth=2.5"]
)
def test_text_that_is_no_list_of_steps_is_refused(text):
    with pytest.raises(SettingsError) as refusal:
        build(GridSettings, {"steps": f"resolution=2, {text}"})
    assert text in refusal.value.problems["steps"][0]


@pytest.mark.parametrize("text", ["depth=1001", "depth=" + "9" * 5000])
def test_step_out_of_range_is_refused(text):
    with pytest.raises(SettingsError, match="between 1 and 1000"):
        build(GridSettings, {"steps": text})
