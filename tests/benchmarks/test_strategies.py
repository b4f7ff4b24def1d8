"""Strategies beside those of Optuna and pymoo, on tables of trained networks.

Every search gets the same 200 evaluations and begins at the same random architectures. The table
is printed whole, also where others are better.
"""

import pytest

from tests.benchmarks.contest import compared, contest, every_strategy, ours, summary, table_of
from tests.benchmarks.nas_tables import nas_bench_201, nas_bench_macro

pytestmark = pytest.mark.benchmark
SEEDS = range(30)
# Differences among evolutions are small: more seeds, which cost little.
MORE_SEEDS = range(200)
EVOLUTIONS = ("Optuna NSGA-II", "pymoo NSGA-II, integers", "pymoo NSGA-II, choices")


@pytest.fixture(scope="module")
def peers():
    return pytest.importorskip("tests.benchmarks.peers", reason="make bench installs them").PEERS


@pytest.fixture(scope="module")
def cells(shared_data):
    return nas_bench_201(shared_data)


def shown(capsys, title, played):
    with capsys.disabled():
        print(f"\n{title}\n{table_of(played)}")


def mean_regret(outcomes):
    return summary(outcomes)["mean_regret"]


@pytest.mark.filterwarnings("ignore")
def test_best_strategy_has_half_the_regret_of_the_best_peer(cells, peers, capsys):
    mine = every_strategy()
    played = contest({**mine, **peers}, cells, SEEDS)
    shown(capsys, "NAS-Bench-201: error after 12 epochs, latency on a Raspberry Pi 4", played)
    best = min(mean_regret(played[name]) for name in mine)
    assert best <= min(mean_regret(played[name]) for name in peers) / 2


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("population", [20, 50])
def test_evolution_is_level_with_that_of_peers_and_quicker(cells, peers, capsys, population):
    mine = {"nsga2": ours("nsga2", batch=population, population=population)}
    others = {name: peers[name] for name in EVOLUTIONS}
    played = contest({**mine, **others}, cells, MORE_SEEDS, population=population)
    shown(capsys, f"NSGA-II with a population of {population}, {len(MORE_SEEDS)} seeds", played)
    own = summary(played["nsga2"])
    for name in others:
        pair = compared(played["nsga2"], played[name])
        with capsys.disabled():
            print(
                f"nsga2 - {name}: {pair['mean_difference']:+.5f} ± {pair['standard_error']:.5f}, "
                f"better for {pair['share_of_seeds_better']:.0%}, p(worse) {pair['p_worse']:.3f}"
            )
        assert pair["mean_difference"] < 2 * pair["standard_error"]
        assert own["milliseconds"] < summary(played[name])["milliseconds"]


@pytest.mark.filterwarnings("ignore")
def test_predictor_has_half_the_regret_on_another_table(shared_data, peers, capsys):
    table = nas_bench_macro(shared_data)
    mine = {
        f"{name}, 20 at once": ours(name) for name in ("predictor", "motpe", "nsga2", "random")
    }
    played = contest({**mine, **peers}, table, SEEDS)
    shown(capsys, "NAS-Bench-Macro: error, parameters", played)
    best_peer = min(mean_regret(played[name]) for name in peers)
    assert mean_regret(played["predictor, 20 at once"]) <= best_peer / 2
