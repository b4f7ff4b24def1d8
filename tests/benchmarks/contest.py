"""Strategies on tables of known results, seed by seed; what they are told is what they asked for.

Costs, limits and the reference point of the hypervolume are not known to any strategy.
"""

import json
import time
from dataclasses import asdict, dataclass
from random import Random

import numpy as np
from scipy.stats import wilcoxon

from searches.objectives.settings import build
from searches.strategies.base import Problem, Result
from searches.strategies.registry import STRATEGIES

BUDGET = 200
POPULATION = 20
SKIPPED = {"grid", "successive_halving", "hyperband", "asha", "specialise"}
POPULATIONS = {"nsga2", "regularised_evolution", "ofa_evolution"}


@dataclass(frozen=True)
class Outcome:
    """One search.

    Attributes:
        regret: after BUDGET evaluations.
        milliseconds: processor time per evaluation, of asking and telling.
        distinct: how many different architectures there were.
    """

    regret: float
    milliseconds: float
    distinct: int


def ours(name, *, batch=POPULATION, **settings):
    """A strategy of the registry, asked for so many at once."""

    def searched(table, seed, _founders):
        card = STRATEGIES[name]
        problem = Problem(table.space, 2, lambda genes: np.zeros(len(genes)), BUDGET)
        strategy = card.load()(problem, build(card.settings_class(), settings), Random(seed))
        while proposals := strategy.ask(batch):
            strategy.tell([Result(p.ticket, p.genes, table.losses[p.genes]) for p in proposals])
            yield [proposal.genes for proposal in proposals]

    return searched


def every_strategy():
    """All that propose full evaluations: one by one, and a population's worth at once.

    Grid search would need a budget of the whole table; halving stops trainings, and
    specialising asks a supernet: a table has neither.
    """
    searches = {}
    for name, card in STRATEGIES.items():
        if not card.trainable and name not in SKIPPED:
            settings = {"population": POPULATION} if name in POPULATIONS else {}
            searches[f"{name}, {POPULATION} at once"] = ours(name, **settings)
    for name in ("predictor", "motpe", "nsga2"):
        searches[f"{name}, one by one"] = ours(name, batch=1)
    return searches


def play(search, table, seed, population=POPULATION):
    """One search; all for one seed begin at the same random architectures."""
    founders = next(ours("nsga2", batch=population, population=population)(table, seed, None))
    found, began = [], time.process_time()
    for genes in search(table, seed, founders):
        found += genes
        if len(found) >= BUDGET:
            break
    seconds = time.process_time() - began
    found = found[:BUDGET]
    return Outcome(table.regret(found), 1000 * seconds / len(found), len(set(found)))


def contest(searches, table, seeds, *, population=POPULATION, store=None):
    """The outcome of each search for each seed.

    Args:
        searches: by name.
        table: to search.
        seeds: the same for all.
        population: how many random architectures all begin with.
        store: a file of what was played before, from which a contest that was cut off goes on.
    """
    known = json.loads(store.read_text()) if store is not None and store.exists() else {}
    for name, search in searches.items():
        played = known.setdefault(name, {})
        for seed in seeds:
            if str(seed) in played:
                continue
            played[str(seed)] = asdict(play(search, table, seed, population))
            if store is not None:
                store.write_text(json.dumps(known))
    return {name: [Outcome(**known[name][str(seed)]) for seed in seeds] for name in searches}


def summary(outcomes):
    regrets = np.array([outcome.regret for outcome in outcomes])
    return {
        "mean_regret": float(regrets.mean()),
        "sd": float(regrets.std(ddof=1)),
        "median_regret": float(np.median(regrets)),
        "distinct": float(np.mean([outcome.distinct for outcome in outcomes])),
        "milliseconds": float(np.median([outcome.milliseconds for outcome in outcomes])),
    }


def compared(outcomes, others):
    """Paired by seed: how much less the first regret is, and how sure that is."""
    first, second = (np.array([o.regret for o in each]) for each in (outcomes, others))
    difference = first - second
    return {
        "mean_difference": float(difference.mean()),
        "standard_error": float(difference.std(ddof=1) / np.sqrt(len(difference))),
        "share_of_seeds_better": float((difference < 0).mean()),
        "p_worse": float(wilcoxon(difference, alternative="greater").pvalue),
        "ratio_of_means": float(first.mean() / second.mean()),
    }


def table_of(played):
    """The summaries as text, the best first."""
    head = f"{'':34}{'mean':>9}{'sd':>9}{'median':>9}{'distinct':>10}{'ms':>9}"
    rows = [(summary(outcomes), name) for name, outcomes in played.items()]
    rows.sort(key=lambda row: row[0]["mean_regret"])
    lines = [
        f"{name:34}{row['mean_regret']:9.5f}{row['sd']:9.5f}{row['median_regret']:9.5f}"
        f"{row['distinct']:10.1f}{row['milliseconds']:9.3f}"
        for row, name in rows
    ]
    return "\n".join([head, *lines])
