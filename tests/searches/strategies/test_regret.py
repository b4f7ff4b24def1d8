"""On tables of trained networks the predictor-guided search comes nearest to the true front.

`make bench` compares all strategies with those of other libraries on the same tables.
"""

import pytest

from tests.benchmarks.contest import compared, contest, ours
from tests.benchmarks.nas_tables import is_alive, nas_bench_201, nas_bench_macro


@pytest.mark.slow
def test_cells_without_a_path_count_as_worst(shared_data):
    table = nas_bench_201(shared_data)
    dead = [genes for genes in table.losses if not is_alive(genes)]
    assert len(table.losses) == 15_625
    assert len(dead) == 341
    assert {table.losses[genes] for genes in dead} == {table.reference}
    assert table.regret(dead) == 1
    assert table.regret(list(table.losses)) == pytest.approx(0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "ratio"), [(nas_bench_201, 0.6), (nas_bench_macro, 0.2)], ids=["201", "macro"]
)
def test_predictor_has_a_fraction_of_the_regret_of_evolution(shared_data, load, ratio):
    searches = {name: ours(name) for name in ("predictor", "nsga2")}
    played = contest(searches, load(shared_data), range(5))
    assert compared(played["predictor"], played["nsga2"])["ratio_of_means"] < ratio
    assert all(outcome.distinct == 200 for outcome in played["predictor"])


@pytest.mark.slow
def test_parzen_estimator_has_less_regret_than_random_search(shared_data):
    searches = {name: ours(name) for name in ("motpe", "random")}
    played = contest(searches, nas_bench_201(shared_data), range(8))
    pair = compared(played["motpe"], played["random"])
    assert pair["ratio_of_means"] < 0.7
    assert pair["share_of_seeds_better"] >= 0.75
