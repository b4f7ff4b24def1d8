"""Quality of any network of a space, learned from some hundred that were measured.

Sources: Cai, Gan, Wang, Zhang, Han: Once-for-All, ICLR 2020, section 3.4: a predictor is trained
on measured pairs of architecture and accuracy, and evolution asks it instead of the supernet.
Rasmussen, Williams: Gaussian Processes for Machine Learning, 2006, section 2.7 (a process about a
linear function) and equation 2.25 (its mean).

Departures: the function that carries most is linear in the logarithms of multiply-accumulates and
parameters, which cost nothing to know; a process over the choices (`process`) explains the rest.
With some hundred pairs that ranks better than the paper's perceptron, which had 16,000.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cho_solve, cholesky

from searches.predictors.features import Booleans, Encoding, Features, Floats, encoding_of
from searches.predictors.process import Kernel, fitted
from searches.spaces.base import Genes, SearchSpace

# Steps towards the most probable parameters of the process.
STEPS = 15
FOLDS = 10
# Share of the variance by which the linear function is kept from following noise.
RIDGE = 0.01


@dataclass(frozen=True)
class Pairs:
    """Architectures with what is known of them.

    Attributes:
        genes: n canonical genotypes.
        costs: [n, k] positive, such as multiply-accumulates and parameters.
        scores: [n] quality as measured, larger or smaller is better.
    """

    genes: Sequence[Genes]
    costs: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.genes)

    def part(self, which: Booleans) -> "Pairs":
        """Those of a mask [n]."""
        chosen: list[int] = np.flatnonzero(which).tolist()
        return Pairs([self.genes[i] for i in chosen], self.costs[chosen], self.scores[chosen])


class QualityPredictor:
    """Says what score a network will have.

    Args:
        space: adjusted to the data set.
        pairs: what it knows.
        parameters: of the kernel, if they were fitted before; else they are fitted now.
    """

    def __init__(
        self, space: SearchSpace, pairs: Pairs, parameters: Sequence[float] | None = None
    ):
        self.encoding: Encoding = encoding_of(space)
        self.pairs = pairs
        self._features = self.encoding.features(pairs.genes)
        logs = np.log(pairs.costs)
        self._mean, self._sd = logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-9)
        basis = self._basis(pairs.costs)  # [n, k + 1]
        ridge = RIDGE * len(pairs) * np.diag([0.0] + [1.0] * pairs.costs.shape[1])
        self._weights = np.linalg.solve(basis.T @ basis + ridge, basis.T @ pairs.scores)
        rest = pairs.scores - basis @ self._weights
        if parameters is None:
            parameters = fitted(self.encoding, self._features, rest, steps=STEPS).tolist()
        self.parameters = list(parameters)
        self._kernel = Kernel(self.encoding, np.array(self.parameters))
        noise = self._kernel.noise * np.eye(len(pairs))
        covariance = self._kernel.covariance(self._features, self._features) + noise
        self._update = cho_solve((cholesky(covariance, lower=True), True), rest)

    def predict(self, genes: Sequence[Genes], costs: Floats) -> Floats:
        """Scores [n] of canonical genes with their costs [n, k]."""
        features: Features = self.encoding.features(genes)
        about = self._kernel.covariance(features, self._features) @ self._update
        return np.asarray(self._basis(costs) @ self._weights + about)

    def to_json(self) -> dict[str, Any]:
        return {
            "genes": [list(genes) for genes in self.pairs.genes],
            "costs": self.pairs.costs.tolist(),
            "scores": self.pairs.scores.tolist(),
            "parameters": self.parameters,
        }

    @classmethod
    def from_json(cls, space: SearchSpace, data: Mapping[str, Any]) -> "QualityPredictor":
        """The predictor that `to_json` was asked of, for the same space."""
        genes = [tuple(row) for row in data["genes"]]
        pairs = Pairs(genes, np.array(data["costs"]), np.array(data["scores"]))
        return cls(space, pairs, data["parameters"])

    def _basis(self, costs: Floats) -> Floats:
        """[n, k + 1]: a constant, then the logarithms of the costs in standard deviations."""
        scaled = (np.log(costs) - self._mean) / self._sd
        return np.column_stack([np.ones(len(costs)), scaled])


def held_out(
    space: SearchSpace, pairs: Pairs, rng: np.random.Generator, *, folds: int = FOLDS
) -> Floats:
    """Scores [n] as they are predicted by predictors that have not seen them.

    Each fold of the pairs is predicted from the others.
    """
    fold_of = rng.permutation(len(pairs)) % folds
    found = np.zeros(len(pairs))
    for fold in range(folds):
        is_out = fold_of == fold
        out = pairs.part(is_out)
        if len(out):
            predictor = QualityPredictor(space, pairs.part(~is_out))
            found[is_out] = predictor.predict(out.genes, out.costs)
    return found
