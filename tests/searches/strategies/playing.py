"""Spaces, problems and workers with which strategies are played in tests."""

import json
from functools import cache
from random import Random

import numpy as np
import pytest

from searches.objectives.fidelity import Scale
from searches.objectives.settings import build
from searches.spaces import registry
from searches.spaces.base import Gene, SearchSpace
from searches.spaces.presets import OFA_MOBILENET_V3_FULL
from searches.strategies.base import Aim, Problem, Result
from searches.strategies.registry import STRATEGIES

# One-shot strategies are trainings, with tests of their own.
SAMPLING = [name for name, card in STRATEGIES.items() if not getattr(card, "trainable", None)]
# They learn from each result, and take ten times as long as the others.
THOROUGH = {"motpe", "predictor", "reinforce", "ppo"}
THOROUGH_ONES_SLOW = [
    pytest.param(name, marks=pytest.mark.slow) if name in THOROUGH else name for name in SAMPLING
]
EPOCHS = 9


class FlatSpace(SearchSpace):
    """Genes that are always active, and nothing to price: what tables of results look like."""

    family = "flat"

    def __init__(self, options=("a", "b", "c", "d", "e"), n_genes=6):
        self.genes = tuple(Gene(f"edge {i}", tuple(options)) for i in range(n_genes))

    def size(self):
        return self.n_genotypes()

    def to_json(self):
        return {"family": self.family, "genes": [list(gene.options) for gene in self.genes]}

    def size_formula(self):
        raise NotImplementedError

    describe = parse = operation_table = operation_indices = extreme = size_formula


def mobile(*, n_units, **options):
    units = [{**unit, **options} for unit in OFA_MOBILENET_V3_FULL["units"][:n_units]]
    changes = {"resolutions": [128, 160], "units": units}
    return registry.load({**OFA_MOBILENET_V3_FULL, **changes})


FLAT = FlatSpace()
FULL = registry.load(OFA_MOBILENET_V3_FULL)
SMALL = mobile(n_units=2)  # 2 * 7371^2 architectures
TINY = mobile(n_units=1, depths=[1, 2], kernels=[3, 5], expands=[3, 4])  # 40 architectures


@cache
def smallest_of(family):
    """The smallest space that a registered family comes with; None when it comes with none."""
    spaces = [registry.load(preset) for preset in registry.FAMILIES[family].presets.values()]
    return min(spaces, key=lambda space: space.size(), default=None)


@cache
def table_of(space):
    """Multiply-accumulates of each operation, and of none in the last row."""
    return np.array([*[operation.macs() for operation in space.operation_table()], 0])


def macs(space, population):
    return table_of(space)[space.operation_indices(np.array(population))].sum(axis=1)


def at_most(space, limit):
    """Relative excess of multiply-accumulates over a limit."""
    return lambda population: np.maximum(0, macs(space, population) / limit - 1)


def unlimited(population):
    return np.zeros(len(population))


def losses_of(space, population, n_objectives):
    """[n, n_objectives] in 0 to 1: they conflict, and each depends on every gene."""
    last = np.maximum(1, [len(gene.options) - 1 for gene in space.genes])
    found = np.empty((len(population), n_objectives))
    for k, wanted in enumerate((0.0, 1.0, 0.5, 0.25, 0.75)[:n_objectives]):
        weights = 1 + (np.arange(len(last)) + k) % 3
        found[:, k] = np.abs(np.array(population) / last - wanted) @ weights / weights.sum()
    return found


def problem_for(space, *, n_objectives=2, violations=unlimited, budget=200, prior=()):
    """All that a strategy may know; only an evaluation tells the first objective."""

    def costs(population):
        found = losses_of(space, population, n_objectives)
        found[:, 0] = np.nan
        return found

    return Problem(
        space,
        n_objectives,
        violations,
        budget=budget,
        limits=("macs at most 1",),
        aims=tuple(Aim(f"goal {k}", k == 0, 0.0, 1.0) for k in range(n_objectives)),
        costs=costs,
        fidelities=Scale(EPOCHS),
        prior=prior,
    )


def strategy_of(name, problem, *, seed=0):
    card = STRATEGIES[name]
    return card.load()(problem, build(card.settings_class(), {}), Random(seed))


def judge(strategy, proposal):
    """The result; fewer epochs look a little worse."""
    problem = strategy.problem
    losses = losses_of(problem.space, [proposal.genes], problem.n_objectives)[0]
    losses[0] += 0.0 if proposal.fidelity == "full" else 0.01
    return Result(
        proposal.ticket, proposal.genes, tuple(losses.tolist()), fidelity=proposal.fidelity
    )


def fail(_, proposal):
    return Result(proposal.ticket, proposal.genes, None, fidelity=proposal.fidelity)


def what(proposals):
    """What is to be evaluated: the genes, and how thoroughly."""
    return [(proposal.genes, proposal.fidelity) for proposal in proposals]


def played(strategy, n, *, batch=7, judge=judge):
    """Proposals of at most `n` asks, each batch told at once."""
    found = []
    for _ in range(n):
        proposals = strategy.ask(batch)
        strategy.tell([judge(strategy, proposal) for proposal in proposals])
        found += proposals
    return found


def worked(strategy, n, *, running=(), workers=16, judge=judge):
    """About `n` proposals, evaluated by workers of which any may be the next to end."""
    rng, running, found = Random(0), list(running), []
    while len(found) < n:
        proposals = strategy.ask(workers - len(running))
        assert len(proposals) <= workers - len(running)
        running += proposals
        found += proposals
        if not running:
            assert strategy.finished()
            break
        rng.shuffle(running)
        n_done = rng.randint(1, 3)
        strategy.tell([judge(strategy, proposal) for proposal in running[:n_done]])
        running = running[n_done:]
    return found


def copied(state):
    """A state as the database gives it back."""
    return json.loads(json.dumps(state))
