"""On a real table, NAS-Bench-201, strategies find better networks than random search.

Paired by seed. Each is asked for 20 networks at once, as a run does by default.
"""

import csv
import gzip
from random import Random

import numpy as np
import pytest
from scipy.stats import ttest_rel

from searches.objectives.fronts import hypervolume, normalise
from searches.strategies.base import Problem, Result
from searches.strategies.registry import STRATEGIES
from tests.searches.strategies.playing import FlatSpace, unlimited

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
SPACE = FlatSpace(OPERATIONS, n_genes=6)
SEEDS = range(50)
BATCH = 20


def genes_of(text):
    """`|op~0|+|op~0|op~1|+…` as options."""
    names = [part.split("~")[0] for part in text.replace("+", "").split("|") if part]
    return tuple(OPERATIONS.index(name) for name in names)


def rows(path):
    with gzip.open(path, "rt") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def table(shared_data):
    """Validation error after 12 epochs, latency on a Raspberry Pi 4 and parameters, by genes."""
    tables = shared_data / "nas_tables"
    latency = {
        r["idx"]: float(r["lat_ms_raspi4"])
        for r in rows(tables / "nasbench201_latency_help.csv.gz")
    }
    return {
        genes_of(r["arch_str"]): (
            100 - float(r["c10_val_12ep"]),
            latency[r["idx"]],
            float(r["params"]),
        )
        for r in rows(tables / "nasbench201_accuracy_12ep.csv.gz")
    }


def losses_found(table, name, *, seed, budget, n_objectives):
    problem = Problem(SPACE, n_objectives, unlimited, budget)
    card = STRATEGIES[name]
    strategy = card.load()(problem, card.settings_class()(), Random(seed))
    found = []
    while len(found) < budget:
        proposals = strategy.ask(min(BATCH, budget - len(found)))
        assert proposals
        results = [Result(p.ticket, p.genes, table[p.genes][:n_objectives]) for p in proposals]
        strategy.tell(results)
        found += [result.losses for result in results]
    return np.array(found)


def least_errors(table, name, *, budget, seeds=SEEDS):
    """[n_seeds] validation error of the best network."""
    return np.array(
        [
            losses_found(table, name, seed=seed, budget=budget, n_objectives=1).min()
            for seed in seeds
        ]
    )


def volumes(table, name, *, budget, n_objectives):
    """[n_seeds] hypervolume of what was found, each objective scaled over the whole table."""
    everything = np.array(list(table.values()))[:, :n_objectives]
    ends = everything.min(axis=0), everything.max(axis=0)
    found = [
        losses_found(table, name, seed=seed, budget=budget, n_objectives=n_objectives)
        for seed in SEEDS
    ]
    return np.array([hypervolume(normalise(f, *ends), [1.1] * n_objectives) for f in found])


@pytest.fixture(scope="module")
def random_errors(table):
    return least_errors(table, "random", budget=300)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["regularised_evolution", "ofa_evolution", "local_search"])
def test_single_objective_beats_random_search(table, random_errors, name):
    wins = least_errors(table, name, budget=300) < random_errors
    assert np.mean(wins) >= 0.75


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reinforce", "ppo"])
def test_controller_beats_random_search(table, random_errors, name):
    errors = least_errors(table, name, budget=300, seeds=SEEDS[:20])
    assert np.mean(errors < random_errors[:20]) >= 0.75
    assert ttest_rel(errors, random_errors[:20], alternative="less").pvalue < 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_objectives"), [("nsga2", 2), ("nsga2", 3), ("local_search", 2)]
)
def test_front_beats_that_of_random_search(table, name, n_objectives):
    wins = volumes(table, name, budget=200, n_objectives=n_objectives) > volumes(
        table, "random", budget=200, n_objectives=n_objectives
    )
    assert np.mean(wins) >= 0.8
