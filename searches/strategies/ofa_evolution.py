"""The evolutionary search of once-for-all: the best stay, half of their brood are mutants.

Source: Cai, Gan, Wang, Zhang, Han: Once-for-all: train one network and specialize it for
efficient deployment, ICLR 2020 (arXiv 1908.09791), section 3.4; rates as in the code that the
authors published with it. The paper calls this evolutionary search; its survivors are chosen by
truncation, so that the best of all generations stay.

Departures: the paper looks for the highest accuracy under a limit; here truncation is by rank
under constraint domination and then by crowding (Deb et al., 2002), which for one objective is
the same. Mutants and children alternate instead of coming in two halves, and a generation ends
with the last result that fills it, so that any number may be asked for at once. Children outside
the limits are made again, as in the code, but not without end. No architecture is repeated.
"""

from collections.abc import Sequence
from functools import cached_property
from random import Random
from typing import Any

from searches.spaces.base import Genes, SearchSpace
from searches.strategies.base import Problem, Result
from searches.strategies.evolving import Evolution
from searches.strategies.selection import best_first, by_ticket
from searches.strategies.settings.evolution import OfaEvolutionSettings

RESOLUTION = "resolution"  # the name of the gene with a rate of its own


class OfaEvolution(Evolution[OfaEvolutionSettings]):
    """Parents are the best of all results of the generations so far.

    Attributes:
        parents: the best first.
        brood: results since the parents were chosen.
    """

    def __init__(self, problem: Problem, settings: OfaEvolutionSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.parents: list[Result] = []
        self.brood: list[Result] = []

    @property
    def n_parents(self) -> int:
        return max(1, round(self.settings.parent_ratio * self.n_founders))

    @cached_property
    def _blocks(self) -> list[list[int]]:
        return blocks(self.problem.space)

    def _can_breed(self) -> bool:
        """In a first generation that cannot be filled, its results have to do."""
        if not self.parents and self.brood and not self.pending:
            self._truncate()
        return bool(self.parents)

    def _learn(self, results: Sequence[Result]) -> None:
        for result in results:
            if result.losses is not None:
                self.brood.append(result)
            if len(self.brood) == self.n_founders:
                self._truncate()

    def _truncate(self) -> None:
        self.parents = best_first([*self.parents, *self.brood])[: self.n_parents]
        self.brood = []

    def _own_state(self) -> dict[str, Any]:
        return {
            "n_founders": self.n_founders,  # a run that is extended keeps its generations
            "parents": [result.ticket for result in self.parents],
            "brood": [result.ticket for result in self.brood],
        }

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.n_founders = state["n_founders"]
        self.parents = by_ticket(history, state["parents"])
        self.brood = by_ticket(history, state["brood"])

    def _child(self, number: int) -> Genes:
        share = self.settings.mutation_ratio
        is_mutant = int((number + 1) * share) > int(number * share)
        if is_mutant or len(self.parents) < 2:
            return self._mutant(self.rng.choice(self.parents).genes)
        a, b = self.rng.sample(self.parents, 2)  # of twice the same nothing new would come
        child = self.problem.space.crossover(a.genes, b.genes, self.rng)
        self.origins[child] = a.genes
        return child

    def _mutant(self, parent: Genes) -> Genes:
        """Every block drawn anew with the probability of its kind; it may come out the same."""
        space, settings, child = self.problem.space, self.settings, list(parent)
        for block in self._blocks:
            is_resolution = space.genes[block[0]].name == RESOLUTION
            rate = settings.resolution_mutation if is_resolution else settings.mutation
            is_drawn = self.rng.random() < rate
            for gene in block:
                if is_drawn or not space.is_active(gene, parent):
                    child[gene] = self.rng.randrange(len(space.genes[gene].options))
        mutant = space.canonical(tuple(child))
        self.origins[mutant] = parent
        return mutant


def blocks(space: SearchSpace) -> list[list[int]]:
    """Positions of the genes that mutate together, such as kernel and width of one block.

    These wake together and are named after one block: `unit1.block2.kernel`. Others stand alone.
    """
    found: dict[tuple[object, ...], list[int]] = {}
    for position, gene in enumerate(space.genes):
        block, _, _ = gene.name.rpartition(".")
        is_alone = gene.controller is None or not block
        key = (position,) if is_alone else (block, gene.controller, gene.least)
        found.setdefault(key, []).append(position)
    return list(found.values())
