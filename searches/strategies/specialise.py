"""Specialising a supernet: evolution asks a predictor often, the few best are judged.

Source: Cai, Gan, Wang, Zhang, Han: Once-for-All, ICLR 2020, section 3.4: evolutionary search on
an accuracy predictor and a latency table finds the sub-network of a device, whose accuracy is
then measured.

Departures: NSGA-II finds a whole front instead of one network per latency; a space of fewer
networks than candidates is looked at completely. What is expected is the better, the more
candidates there are to choose from (the winner's curse), so the answer is what the supernet says
of the chosen ones, not what the predictor said.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from searches.objectives.fronts import Floats, constrained_ranks
from searches.spaces.base import Genes
from searches.strategies.base import Expectation, Problem, Result
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.nsga2 import Nsga2
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.evolution import Nsga2Settings, SpecialiseSettings

# Draws in vain after which architectures are sought in other ways.
PATIENCE = 2000
# Steps of quality, with a cost as tie-breaker: where quality climbs steeply, small steps of cost
# are told apart by the supernet; where it hardly climbs, most networks turn out to be dominated.
COST_WEIGHT = 0.25


class Specialise(SamplingStrategy[SpecialiseSettings]):
    """Each time it is asked, it looks for the best of what it has not proposed yet.

    Attributes:
        n_judged: candidates of which the predictor was asked so far.
    """

    def __init__(self, problem: Problem, settings: SpecialiseSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.n_judged = 0

    def figures(self) -> dict[str, float]:
        return {"candidates": self.n_judged}

    def _choose(self, n: int) -> list[Genes]:
        drawer = Drawer(self.problem, self.rng, self.seen, PATIENCE)
        found = drawer.take(self._expected_best(n), n)
        if not found and not self.pending:
            found = drawer.draw(n)
            self.is_exhausted = not found
            if not self.seen:
                refuse(self.problem)
        return found

    def _expected_best(self, n: int) -> list[Genes]:
        """The best of the candidates within the limits that are new: spread over their front."""
        expected = self.problem.expected
        if expected is None:
            return []
        candidates, known = self._candidates(expected)
        new = [index for index, genes in enumerate(candidates) if genes not in self.seen]
        if not new:
            return []
        losses, violations = known.losses[new], known.violations[new]
        ranks = constrained_ranks(losses, violations)
        chosen = best_spread(losses, ranks, n, weights=self._weights())
        return [candidates[new[index]] for index in chosen]

    def _weights(self) -> Floats | None:
        """How much each objective counts where the proposals are spread."""
        if not self.problem.aims:
            return None
        return np.array([1.0 if aim.is_quality else COST_WEIGHT for aim in self.problem.aims])

    def _candidates(self, expected: Any) -> tuple[list[Genes], Expectation]:
        """All that the predictor was asked of, with its answers."""
        space, most = self.problem.space, self.settings.candidates
        if space.size() <= most:
            found = list(space.enumerate())
            self.n_judged += len(found)
            return found, expected(found)
        evolution = self._evolution()
        found, answers = [], []
        while len(found) < most:
            proposals = evolution.ask(min(self.settings.population, most - len(found)))
            if not proposals:  # there are no more within the limits
                break
            genes = [proposal.genes for proposal in proposals]
            answers.append(expected(genes))
            losses, violations = answers[-1].losses.tolist(), answers[-1].violations.tolist()
            rows = zip(proposals, genes, losses, violations, strict=True)
            evolution.tell([Result(p.ticket, g, tuple(x), v) for p, g, x, v in rows])
            found += genes
        self.n_judged += len(found)
        return found, _joined(answers, self.problem.n_objectives)

    def _evolution(self) -> Nsga2:
        problem = self.problem
        inner = Problem(
            space=problem.space,
            n_objectives=problem.n_objectives,
            violations=problem.violations,
            budget=self.settings.candidates,
            limits=problem.limits,
        )
        settings = Nsga2Settings(population=self.settings.population)
        return Nsga2(inner, settings, Random(self.rng.getrandbits(48)))

    def _own_state(self) -> dict[str, Any]:
        return {"n_judged": self.n_judged}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.n_judged = state["n_judged"]


def _joined(answers: Sequence[Expectation], n_objectives: int) -> Expectation:
    if not answers:
        return Expectation(np.zeros((0, n_objectives)), np.zeros(0))
    return Expectation(
        np.concatenate([answer.losses for answer in answers]),
        np.concatenate([answer.violations for answer in answers]),
    )


def best_spread(losses: Floats, ranks: Any, n: int, *, weights: Floats | None = None) -> list[int]:
    """Indices of the `n` best: whole fronts while they fit, then the most spread of the next.

    Args:
        losses: [m, n_objectives], minimised.
        ranks: [m] front of each.
        n: how many.
        weights: [n_objectives] of distances along each objective; equal unless given.
    """
    chosen: list[int] = []
    for rank in range(int(ranks.max()) + 1):
        members = np.flatnonzero(ranks == rank)
        if len(chosen) + len(members) <= n:
            chosen += members.tolist()
        else:
            picked = _spread(losses[members], n - len(chosen), weights)
            chosen += members[picked].tolist()
        if len(chosen) >= n:
            break
    return chosen


def _spread(losses: Floats, n: int, weights: Floats | None) -> list[int]:
    """Indices of `n` of the points [m, n_objectives]: each time the farthest from those chosen.

    The first are the ends of the objectives. Distances are in shares of the range of each
    objective, times its weight.
    """
    low, high = losses.min(axis=0), losses.max(axis=0)
    points = (losses - low) / np.where(high > low, high - low, 1.0)
    points = points if weights is None else points * weights
    chosen = list(dict.fromkeys(losses.argmin(axis=0).tolist()))[:n]
    distance = np.full(len(points), np.inf)
    for index in chosen:
        distance = np.minimum(distance, np.linalg.norm(points - points[index], axis=1))
    while len(chosen) < n:
        farthest = int(distance.argmax())
        chosen.append(farthest)
        distance = np.minimum(distance, np.linalg.norm(points - points[farthest], axis=1))
    return chosen
