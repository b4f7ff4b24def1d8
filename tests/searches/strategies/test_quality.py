"""On a real table, NAS-Bench-201, NSGA-II finds better fronts than random search."""

import csv
import gzip
from random import Random

import numpy as np
import pytest

from searches.objectives.fronts import hypervolume, normalise
from searches.spaces.base import Gene, SearchSpace
from searches.strategies.base import Problem, Result
from searches.strategies.registry import STRATEGIES

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
N_SEEDS = 50
BUDGET = 200


class CellTable(SearchSpace):
    """Six edges, five operations each: only what strategies need."""

    family = "table"
    genes = tuple(Gene(f"edge {i}", OPERATIONS) for i in range(6))

    def size(self):
        return 5**6

    def to_json(self):
        return {"family": self.family}

    def size_formula(self):
        raise NotImplementedError

    describe = parse = operation_table = operation_indices = extreme = size_formula


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


def losses_found(table, name, *, seed, batch, objectives=2):
    problem = Problem(CellTable(), objectives, lambda genes: np.zeros(len(genes)), BUDGET)
    card = STRATEGIES[name]
    strategy = card.load()(problem, card.settings_class()(), Random(seed))
    found = []
    while len(found) < BUDGET:
        proposals = strategy.ask(min(batch, BUDGET - len(found)))
        results = [Result(p.ticket, p.genes, table[p.genes][:objectives]) for p in proposals]
        strategy.tell(results)
        found += [result.losses for result in results]
    return np.array(found)


@pytest.mark.parametrize("objectives", [2, 3])
def test_nsga2_beats_random_search_in_hypervolume(table, objectives):
    everything = np.array(list(table.values()))[:, :objectives]
    ends = everything.min(axis=0), everything.max(axis=0)

    def volume(name, seed):
        found = losses_found(table, name, seed=seed, batch=20, objectives=objectives)
        return hypervolume(normalise(found, *ends), [1.1] * objectives)

    wins = [volume("nsga2", seed) > volume("random", seed) for seed in range(N_SEEDS)]
    assert np.mean(wins) >= 0.8
