"""Predictor-guided search: evaluate what is expected to enlarge the front most.

Sources: White, Neiswanger, Savani: BANANAS, AAAI 2021 (arXiv 1910.11858), algorithm 1: an
ensemble of predictors, candidates that are mutants of the best, Thompson sampling. How a batch is
chosen for several objectives: `outlook`.

Departures: each member of the ensemble is one Thompson sample, a function over the whole space;
what is pending counts as if it had turned out as the member expects; costs that are known before
an evaluation are not predicted.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import numpy as np

from searches.objectives.fronts import Floats
from searches.predictors.features import encoding_of
from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.improvement import directions
from searches.strategies.lessons import LIMITS, Lessons, Parameters
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.selection import best_front
from searches.strategies.settings.bayesian import PredictorSettings

# Draws in vain after which architectures are sought in other ways.
PATIENCE = 2000
# Results without which nothing can be learned.
FEWEST = 4
# Parameters are fitted anew whenever there are this many times as many results.
REFIT = 1.15
# Of the candidates: mutants of the front, children of two of its members; the rest is random.
MUTANTS, CHILDREN = 0.5, 0.25


class Predictor(SamplingStrategy[PredictorSettings]):
    """Learns from all results whenever it is asked.

    Attributes:
        results: those with losses, by ticket; those of an earlier run have tickets below 1.
        parameters: of the kernel of each predicted objective, as they were fitted last.
        n_fitted: how many results there were then.
    """

    def __init__(self, problem: Problem, settings: PredictorSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.encoding = encoding_of(problem.space)
        self.results: dict[int, Result] = {}
        self.parameters: Parameters = {}
        self.n_fitted = 0
        self._remember_prior()

    def _choose(self, n: int) -> list[Genes]:
        drawer = Drawer(self.problem, self.rng, self.seen, PATIENCE)
        n_founders = min(n, self.settings.founders - self.n_asked)
        found = drawer.founders(n_founders) if n_founders > 0 else []
        if not found and len(self.results) >= FEWEST:
            found = self._best(n)
        if not found and not self.pending:
            found = drawer.founders(n) if n_founders <= 0 else []
            self.is_exhausted = not found
            if not self.seen:
                refuse(self.problem)
        return found

    def _learn(self, results: Sequence[Result]) -> None:
        self.results |= {r.ticket: r for r in results if r.losses is not None}

    def _own_state(self) -> dict[str, Any]:
        return {"parameters": self.parameters, "n_fitted": self.n_fitted}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.parameters, self.n_fitted = dict(state["parameters"]), state["n_fitted"]
        self.results = {}
        self._remember_prior()
        self._learn(history)

    def _remember_prior(self) -> None:
        canonical = self.problem.space.canonical
        for index, r in enumerate(self.problem.prior):
            if r.losses is not None:
                self.results[-index] = Result(-index, canonical(r.genes), r.losses, r.violation)

    def _best(self, n: int) -> list[Genes]:
        """Those candidates that are expected to enlarge the front most."""
        results = [self.results[ticket] for ticket in sorted(self.results)]
        candidates = self._candidates(results)
        if not candidates:
            return []
        rng = np.random.default_rng(self.rng.getrandbits(64))
        lessons = Lessons.of(self.problem, self.encoding, results, self.settings.memory)
        genes = [*candidates, *(self.pending[ticket] for ticket in sorted(self.pending))]
        costs = self._costs(genes)
        self._fit(lessons, lessons.columns(costs), len(results))
        outlook = lessons.outlook(
            genes,
            costs,
            self.parameters,
            n_pending=len(self.pending),
            n_members=self.settings.members,
            rng=rng,
        )
        chosen = outlook.batch(n, directions(self.problem.n_objectives, rng))
        found = [candidates[index] for index in chosen]
        self.seen.update(found)
        return found

    def _costs(self, genes: Sequence[Genes]) -> Floats:
        """[n, m] losses that are known without an evaluation, else NaN."""
        if self.problem.costs is None:
            return np.full((len(genes), self.problem.n_objectives), np.nan)
        return self.problem.costs(genes)

    def _fit(self, lessons: Lessons, columns: list[int], n: int) -> None:
        wanted = {str(column) for column in columns}
        wanted |= {LIMITS} if (lessons.violations > 0).any() else set()
        if n >= REFIT * self.n_fitted or not wanted <= set(self.parameters):
            self.parameters = lessons.fit(columns, self.parameters)
            self.n_fitted = n

    def _candidates(self, results: Sequence[Result]) -> list[Genes]:
        """New architectures within the limits: all there are, or relatives of the front."""
        space, n = self.problem.space, self.settings.candidates
        made: Iterable[Genes]
        if space.size() <= n:
            made = space.enumerate()
        else:
            parents = [result.genes for result in best_front(results)]
            made = (self._candidate(parents, index / n) for index in range(n))
        new = [genes for genes in dict.fromkeys(made) if genes not in self.seen]
        if not new:
            return []
        violations = self.problem.violations(new)
        return [genes for genes, v in zip(new, violations, strict=True) if v <= 0]

    def _candidate(self, parents: Sequence[Genes], share: float) -> Genes:
        space, rng = self.problem.space, self.rng
        if share >= MUTANTS + CHILDREN:
            return space.sample(rng)
        genes = rng.choice(parents)
        if share >= MUTANTS:
            genes = space.crossover(genes, rng.choice(parents), rng)
        return space.mutate(genes, rng)
