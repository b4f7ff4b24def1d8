"""What the results of a run teach of architectures that were not evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from searches.objectives.fronts import non_dominated
from searches.predictors.ensemble import Ensemble, Judges, Known, grades
from searches.predictors.features import Encoding, Features, Floats
from searches.predictors.process import fitted
from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.outlook import Outlook
from searches.strategies.selection import best_first, losses_of

# Steps towards the best parameters, and results that are enough to find them.
STEPS, ENOUGH = 12, 150
# Where no aim tells what is bad: this much worse than the worst, of the range.
MARGIN = 0.1
# The name of the limits' parameters; those of objectives are named by their position.
LIMITS = "limits"
# Digits of stored parameters: more would only make states long.
DIGITS = 6

Parameters = dict[str, list[float]]


@dataclass(frozen=True)
class Lessons:
    """Results from which predictors are made.

    Attributes:
        features: n architectures.
        losses: [n, m].
        violations: [n].
        front: [k, m] losses of this run's front; what violates a limit is not on it.
        known_front: [k', m] the front together with that of an earlier run, never empty.
    """

    problem: Problem
    encoding: Encoding
    features: Features
    losses: Floats
    violations: Floats
    front: Floats
    known_front: Floats

    @classmethod
    def of(
        cls, problem: Problem, encoding: Encoding, results: Sequence[Result], memory: int
    ) -> "Lessons":
        """From results that have losses; tickets below 1 are of an earlier run."""
        m = problem.n_objectives
        feasible = [result for result in results if result.violation <= 0]
        own = [result for result in feasible if result.ticket > 0]
        kept = remembered(results, memory)
        return cls(
            problem,
            encoding,
            encoding.features([result.genes for result in kept]),
            losses_of(kept),
            np.array([result.violation for result in kept]),
            _front(losses_of(own).reshape(-1, m)),
            _front(losses_of(feasible or results)),
        )

    def columns(self, costs: Floats) -> list[int]:
        """Objectives that must be predicted: those with an unknown cost."""
        return np.flatnonzero(np.isnan(costs).any(axis=0)).tolist()

    def fit(self, columns: Sequence[int], start: Mapping[str, Sequence[float]]) -> Parameters:
        """Parameters of the predictors of these objectives, and of the limits if any is broken.

        Args:
            columns: of objectives.
            start: parameters found earlier.
        """
        targets = {}
        for j in columns:
            known = self._known(j)
            targets[str(j)] = known.scale().to_score(known.losses)
        if (self.violations > 0).any():
            graded = grades(self.violations)
            targets[LIMITS] = graded - graded.mean()
        some = np.unique(np.linspace(0, len(self.losses) - 1, ENOUGH).astype(int))
        features = Features(self.features.one_hot[some], self.features.counts[some])
        found = {}
        for name, values in targets.items():
            first = np.array(start[name]) if name in start else None
            best = fitted(self.encoding, features, values[some], start=first, steps=STEPS)
            found[name] = np.round(best, DIGITS).tolist()
        return found

    def outlook(
        self,
        genes: Sequence[Genes],
        costs: Floats,
        parameters: Mapping[str, Sequence[float]],
        *,
        n_pending: int,
        n_members: int,
        rng: np.random.Generator,
    ) -> Outlook:
        """What predictors expect.

        Args:
            genes: candidates, then what is being evaluated.
            costs: [n, m] known losses of these, NaN where they must be predicted.
            parameters: of `fit`.
            n_pending: how many at the end are being evaluated.
            n_members: how many predictors there are of each objective.
            rng: source of all randomness.
        """
        features = self.encoding.features(genes)
        losses = np.repeat(costs[None], n_members, axis=0)
        for j in self.columns(costs):
            made = Ensemble(
                self.encoding,
                np.array(parameters[str(j)]),
                self._known(j),
                n_members=n_members,
                rng=rng,
            )
            predicted = made.predict(features).T
            losses[:, :, j] = np.where(np.isnan(costs[:, j]), predicted, costs[:, j])
        low, high = self._box(losses)
        excess = self._excess(features, parameters, n_members=n_members, rng=rng)
        return Outlook(
            (losses - low) / (high - low), excess, (self.front - low) / (high - low), n_pending
        )

    def _excess(
        self,
        features: Features,
        parameters: Mapping[str, Sequence[float]],
        *,
        n_members: int,
        rng: np.random.Generator,
    ) -> Floats:
        if LIMITS not in parameters:
            return np.zeros((n_members, len(features)))
        judges = Judges(
            self.encoding,
            np.array(parameters[LIMITS]),
            self.features,
            grades(self.violations),
            n_members=n_members,
            rng=rng,
        )
        return judges.excess(features).T

    def _known(self, j: int) -> Known:
        ideal, span = self._ideal(j)
        return Known(self.features, self.losses[:, j], self.known_front[:, j], ideal, span)

    def _ideal(self, j: int) -> tuple[float, float]:
        """A loss below which there is none, and how far from it a bad one is.

        Costs are positive, and vary in proportion to their size; a quality does in its distance
        from the perfect one.
        """
        losses = self.losses[:, j]
        aim = self.problem.aims[j] if self.problem.aims else None
        low, high = float(losses.min()), float(losses.max())
        if aim is not None and aim.is_quality:
            ideal = min(aim.ideal, low)
        elif low > 0:
            ideal = 0.0
        else:
            ideal = low - MARGIN * (high - low)
        return ideal, max(high, aim.reference if aim else high) - ideal or 1.0

    def _box(self, losses: Floats) -> tuple[Floats, Floats]:
        """Losses that count as 0 and as 1 in the hypervolume."""
        low = self.losses.min(axis=0)
        if self.problem.aims:
            high = np.array([aim.reference for aim in self.problem.aims])
        else:
            expected = np.median(losses, axis=0).max(axis=0)
            high = np.maximum(self.losses.max(axis=0), expected)
            high = high + MARGIN * (high - low)
        return low, np.where(high > low, high, low + 1.0)


def remembered(results: Sequence[Result], memory: int) -> list[Result]:
    """At most `memory` results: half of them the best, the others spread over the run."""
    if len(results) <= memory:
        return list(results)
    best = best_first(results)[: memory // 2]
    tickets = {result.ticket for result in best}
    others = [result for result in results if result.ticket not in tickets]
    spread = np.linspace(0, len(others) - 1, memory - len(best)).astype(int)
    return sorted([*best, *(others[i] for i in spread)], key=lambda result: result.ticket)


def _front(losses: Floats) -> Floats:
    return losses[non_dominated(losses)]
