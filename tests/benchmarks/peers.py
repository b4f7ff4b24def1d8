"""Searches by Optuna and pymoo, set up for categories as their documentation says.

Imported only where they are installed (`make bench`). All begin at given architectures.
"""

import warnings

import numpy as np
import optuna
from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowdingSurvival
from pymoo.core.evaluator import Evaluator
from pymoo.core.mixed import MixedVariableGA
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.variable import Choice
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.problems.static import StaticProblem

optuna.logging.set_verbosity(optuna.logging.ERROR)


def optuna_nsga2(table, seed, founders):
    sampler = optuna.samplers.NSGAIISampler(population_size=len(founders), seed=seed)
    return _study(table, sampler, founders)


def optuna_tpe(table, seed, founders):
    """Independent densities: the default."""
    return _study(table, optuna.samplers.TPESampler(seed=seed), founders[:10])


def optuna_joint_tpe(table, seed, founders):
    """One density over all genes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    return _study(table, sampler, founders[:10])


def _study(table, sampler, founders):
    """Architectures without end, one at a time, each told at once."""
    names = [gene.name for gene in table.space.genes]
    options = [list(range(len(gene.options))) for gene in table.space.genes]
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    for genes in founders:
        study.enqueue_trial(dict(zip(names, genes, strict=True)))
    while True:
        trial = study.ask()
        genes = tuple(map(trial.suggest_categorical, names, options))
        study.tell(trial, table.losses[genes])
        yield [genes]


def pymoo_integers(table, seed, founders):
    """Genes as whole numbers: the documentation's page on discrete variables."""
    last = np.array([len(gene.options) - 1 for gene in table.space.genes])
    problem = Problem(n_var=len(last), n_obj=2, xl=0, xu=last, vtype=int)
    ways = {"prob": 1.0, "eta": 3.0, "vtype": float, "repair": RoundingRepair()}
    algorithm = NSGA2(
        pop_size=len(founders),
        sampling=np.array(founders),
        crossover=SBX(**ways),
        mutation=PM(**ways),
        eliminate_duplicates=True,
    )
    return _generations(table, algorithm, problem, seed, lambda row: tuple(map(int, row)))


def pymoo_choices(table, seed, founders):
    """Genes as categories: the documentation's page on mixed variables."""
    names = [gene.name for gene in table.space.genes]
    choices = {
        gene.name: Choice(options=list(range(len(gene.options)))) for gene in table.space.genes
    }
    algorithm = MixedVariableGA(
        pop_size=len(founders),
        survival=RankAndCrowdingSurvival(),
        sampling=Population.new("X", [dict(zip(names, g, strict=True)) for g in founders]),
    )
    problem = Problem(vars=choices, n_obj=2)
    return _generations(
        table, algorithm, problem, seed, lambda row: tuple(int(row[name]) for name in names)
    )


def _generations(table, algorithm, problem, seed, genes_of):
    """Architectures without end, a generation at a time."""
    algorithm.setup(problem, termination=("n_eval", 10**9), seed=seed, verbose=False)
    while True:
        infills = algorithm.ask()
        found = [genes_of(row) for row in infills.get("X")]
        losses = np.array([table.losses[genes] for genes in found])
        Evaluator().eval(StaticProblem(problem, F=losses), infills)
        algorithm.tell(infills=infills)
        yield found


PEERS = {
    "Optuna NSGA-II": optuna_nsga2,
    "Optuna TPE": optuna_tpe,
    "Optuna TPE, multivariate": optuna_joint_tpe,
    "pymoo NSGA-II, integers": pymoo_integers,
    "pymoo NSGA-II, choices": pymoo_choices,
}
