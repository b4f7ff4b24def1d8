"""Small problems that the tests of reinforcement learning share."""

from random import Random

import numpy as np
import torch

from searches.spaces.base import Gene, SearchSpace
from searches.strategies.base import Problem, Result
from searches.strategies.reinforcement.controller import Controller

# A depth that decides whether the last gene is there: 2 * 3 * (1 + 4) architectures.
NESTED = (
    Gene("depth", (1, 2)),
    Gene("kernel", (3, 5, 7)),
    Gene("expand", (3, 4, 6, 8), controller=0, least=1),
)
CHOICES = tuple(Gene(f"choice {i}", tuple("abcde")) for i in range(6))


class Listed(SearchSpace):
    """A space of these genes, with nothing to build or to price."""

    family = "toy"

    def __init__(self, genes):
        self.genes = tuple(genes)

    def size(self):
        return sum(1 for _ in self.enumerate())

    def to_json(self):
        return {"family": self.family, "genes": [gene.name for gene in self.genes]}

    def size_formula(self):
        raise NotImplementedError

    describe = parse = operation_table = operation_indices = extreme = size_formula


def controller_of(genes, *, hidden=4, squash=5.0, seed=0, scale=1.0):
    """A controller in double precision whose weights are `scale` times the initial ones."""
    generator = torch.Generator().manual_seed(seed)
    controller = Controller(genes, hidden=hidden, squash=squash, generator=generator).double()
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter *= scale
    return controller


def problem_of(genes, *, n_objectives=1, budget=100, **known):
    known.setdefault("violations", lambda population: np.zeros(len(population)))
    return Problem(Listed(genes), n_objectives, known.pop("violations"), budget, **known)


def build(strategy, settings, problem, seed=0):
    return strategy(problem, settings, Random(seed))


def results(proposals, loss_of):
    return [Result(p.ticket, p.genes, (float(loss_of(p.genes)),)) for p in proposals]
