"""Multi-objective tree-structured Parzen estimator for categorical genes.

Source: Ozaki, Tanigaki, Watanabe, Onishi: Multiobjective tree-structured Parzen estimator for
computationally expensive optimization problems, GECCO 2020, section 3 and algorithm 1.

The results are split by non-domination rank into good and others; candidates are drawn from the
distribution of the good ones, and the one proposed has the largest ratio of its densities under
both. Departures: genes are categorical, so densities are smoothed frequencies of options, gene by
gene, of the results in which the gene is active; proposals without a result count among the
others, so that a batch spreads (constant liar: Ginsbourger et al., 2010); architectures are never
repeated. With more than three objectives the last front is cut by crowding, not hypervolume.
"""

from collections.abc import Sequence
from math import ceil
from random import Random

import numpy as np

from searches.objectives.fronts import Floats, constrained_ranks, crowding, hypervolume, normalise
from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.bayesian import MotpeSettings

# Reference point of hypervolumes on losses that were brought to 0..1.
REFERENCE = 1.1
MOST_OBJECTIVES = 3
ROUNDS = 20


class Motpe(SamplingStrategy[MotpeSettings]):
    """Proposes what looks like the good results and unlike the others.

    Attributes:
        told: all results with losses.
    """

    def __init__(self, problem: Problem, settings: MotpeSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.told: list[Result] = []

    def _learn(self, results: Sequence[Result]) -> None:
        self.told += [result for result in results if result.losses is not None]
        self.told.sort(key=lambda result: result.ticket)

    def _restore_own(self, state: dict[str, object], history: Sequence[Result]) -> None:
        self._learn(history)

    def _choose(self, n: int) -> list[Genes]:
        drawer = Drawer(self.problem, self.rng, self.seen, self.settings.patience)
        found: list[Genes] = []
        if len(self.told) >= self.settings.startup:
            found = self._modelled(drawer, n)
        if len(found) < n:
            draw = drawer.draw if self.seen else drawer.founders
            found += draw(n - len(found))
        if not found and not self.seen:
            refuse(self.problem)
        self.is_exhausted = not found and not self.pending
        return found

    def _modelled(self, drawer: Drawer, n: int) -> list[Genes]:
        """At most `n` candidates, each the best of many; fewer when the draws are all known."""
        weights = good_weights(self.told, self.settings.gamma)
        is_good = weights > 0
        good = [result.genes for result, kept in zip(self.told, is_good, strict=True) if kept]
        others = [r.genes for r, kept in zip(self.told, is_good, strict=True) if not kept]
        others += list(self.pending.values())
        below = Density(self.problem, good, weights[is_good])
        above = Density(self.problem, others, np.ones(len(others)))
        found: list[Genes] = []
        for _ in range(n):
            taken = self._best(drawer, below, above)
            if not taken:
                break
            above.add(taken[0])
            found += taken
        return found

    def _best(self, drawer: Drawer, below: "Density", above: "Density") -> list[Genes]:
        for _ in range(ROUNDS):
            drawn = [below.draw(self.rng) for _ in range(self.settings.candidates)]
            new = [genes for genes in dict.fromkeys(drawn) if genes not in self.seen]
            if new:
                order = np.argsort(above.logs(new) - below.logs(new), kind="stable")
                taken = drawer.take([new[index] for index in order], 1)
                if taken:
                    return taken
        return []


def good_weights(results: Sequence[Result], gamma: float) -> Floats:
    """[n] weight of each result among the good ones; 0 for the others.

    The good are the best ⌈gamma n⌉ by constrained rank; of the front that does not fit as a whole
    those that add most to the hypervolume. A good one weighs as much as its hypervolume adds.
    """
    losses = np.array([result.losses for result in results], dtype=np.float64)
    ranks = constrained_ranks(losses, [result.violation for result in results])
    scaled = normalise(losses, losses.min(axis=0), losses.max(axis=0))
    wanted = ceil(gamma * len(results))
    good: list[int] = []
    for rank in np.unique(ranks):
        front = np.flatnonzero(ranks == rank)
        good += (
            front.tolist()
            if len(front) <= wanted - len(good)
            else _subset(scaled, front, wanted - len(good))
        )
        if len(good) == wanted:
            break
    weights = np.zeros(len(results))
    shares = _contributions(scaled[good])
    weights[good] = np.maximum(shares / max(shares.max(), 1e-12), 0.01)
    return weights


def _subset(losses: Floats, front: np.ndarray, n: int) -> list[int]:
    """The `n` members that together dominate most, chosen one after the other."""
    if losses.shape[1] > MOST_OBJECTIVES:
        order = np.argsort(-crowding(losses[front]), kind="stable")
        return [int(front[index]) for index in order[:n]]
    chosen: list[int] = []
    left = front.tolist()
    for _ in range(n):
        volumes = [_volume(losses[[*chosen, index]]) for index in left]
        chosen.append(left.pop(int(np.argmax(volumes))))
    return chosen


def _contributions(losses: Floats) -> Floats:
    """[n] what the hypervolume loses without each."""
    n = len(losses)
    if losses.shape[1] > MOST_OBJECTIVES or n == 1:
        return np.ones(n)
    whole = _volume(losses)
    return np.array([whole - _volume(np.delete(losses, i, axis=0)) for i in range(n)])


def _volume(losses: Floats) -> float:
    return float(hypervolume(losses, np.full(losses.shape[1], REFERENCE)))


class Density:
    """A product of smoothed frequencies, over the genes that are active.

    Args:
        problem: with the space.
        population: of which options are counted.
        weights: of its members; one more virtual member has every option evenly.
    """

    def __init__(self, problem: Problem, population: Sequence[Genes], weights: Floats):
        self.space = problem.space
        self.counts = [np.full(len(g.options), 1 / len(g.options)) for g in self.space.genes]
        for genes, weight in zip(population, weights.tolist(), strict=True):
            self.add(genes, weight)

    def add(self, genes: Genes, weight: float = 1.0) -> None:
        for position, index in enumerate(genes):
            if self.space.is_active(position, genes):
                self.counts[position][index] += weight

    def logs(self, population: Sequence[Genes]) -> Floats:
        """[n] logarithms of the density."""
        table = np.array(population)
        total = np.zeros(len(table))
        for position, (gene, counts) in enumerate(zip(self.space.genes, self.counts, strict=True)):
            logs = np.log(counts / counts.sum())[table[:, position]]
            if gene.controller is None:
                total += logs
            else:
                total += np.where(table[:, gene.controller] >= gene.least, logs, 0.0)
        return total

    def draw(self, rng: Random) -> Genes:
        found: list[int] = []
        for position, counts in enumerate(self.counts):
            is_active = self.space.is_active(position, found)
            options = range(len(counts))
            found.append(rng.choices(options, counts.tolist())[0] if is_active else 0)
        return tuple(found)
