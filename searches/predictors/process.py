"""Gaussian processes over categorical genes, and networks' losses drawn from them.

Sources: Rasmussen, Williams: Gaussian Processes for Machine Learning, 2006: sections 2.2 and 5.4
(equations 5.8 and 5.9: marginal likelihood and its gradient). Wilson et al.: Efficiently Sampling
Functions from Gaussian Process Posteriors, ICML 2020, equation 9 (a draw from the prior, updated
by what is known). Rahimi, Recht: Random Features for Large-Scale Kernel Machines, NIPS 2007,
algorithm 1.

The covariance of two architectures is a sum of two parts. One falls with the genes in which they
differ: exp(-sum of the weights of all columns that only one of them has), where the weight of a
column is that of its gene times that of its kind. The other falls with the squared distance
between their counts of kinds: how many convolutions, wherever they are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve, cholesky

from searches.predictors.features import Encoding, Features

Floats = npt.NDArray[np.float64]
# Typical covariances before anything is known: exp(-1.5) by genes and exp(-0.4) by counts.
GENE_DISTANCE, COUNT_DISTANCE = 1.5, 0.4
# Variance of noise, in parts of the signal's: its usual value, and what is always added.
NOISE, JITTER = 0.1, 1e-3
# Standard deviations of the parameters' prior, all of them logarithms; they may go 4 of them far.
GENE_SD, KIND_SD, COUNT_SD, PART_SD, NOISE_SD = 1.0, 0.7, 1.0, 1.5, 1.4
BOUND = 4.0
N_RANDOM_FEATURES = 128


@dataclass(frozen=True)
class Kernel:
    """A covariance with its parameters.

    Attributes:
        parameters: logarithms of: the weights of the genes, the weights of the kinds, the inverse
            squared length of the counts, the variances of both parts, and that of the noise.
    """

    encoding: Encoding
    parameters: Floats

    @property
    def column_weights(self) -> Floats:
        """[n_columns]."""
        genes = self.parameters[: len(self.encoding.genes)]
        kinds = self.parameters[len(genes) : -4]
        return np.asarray(np.exp(genes[self.encoding.gene_of] + kinds[self.encoding.kind_of]))

    @property
    def count_weight(self) -> float:
        return float(np.exp(self.parameters[-4]))

    @property
    def variances(self) -> tuple[float, float]:
        """Of the part that differs by genes, and of that which differs by counts."""
        return float(np.exp(self.parameters[-3])), float(np.exp(self.parameters[-2]))

    @property
    def noise(self) -> float:
        return float(np.exp(self.parameters[-1])) + JITTER

    def parts(self, a: Features, b: Features) -> tuple[Floats, Floats, Floats]:
        """Both parts of the covariance, and the squared distances of the counts: [n_a, n_b]."""
        weights = self.column_weights
        overlap = (a.one_hot * weights) @ b.one_hot.T
        distance = (a.one_hot @ weights)[:, None] + b.one_hot @ weights - 2 * overlap
        squares = squared_distances(a.counts, b.counts)
        by_genes, by_counts = self.variances
        return (
            by_genes * np.exp(-distance),
            by_counts * np.exp(-self.count_weight * squares),
            squares,
        )

    def covariance(self, a: Features, b: Features) -> Floats:
        """[n_a, n_b], without noise."""
        by_genes, by_counts, _ = self.parts(a, b)
        return by_genes + by_counts


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Between the rows of a [n_a, q] and b [n_b, q]: [n_a, n_b]."""
    found = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(found, 0))


def usual(encoding: Encoding, features: Features) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the parameters before any target is seen.

    They are such that covariances between the given architectures are typical.
    """
    columns = features.one_hot.mean(axis=0)
    differing = float((2 * columns * (1 - columns)).sum()) or 1.0
    squares = float(2 * features.counts.var(axis=0).sum()) or 1.0
    n_genes, n_kinds = len(encoding.genes), encoding.n_kinds
    mean = np.zeros(n_genes + n_kinds + 4)
    mean[:n_genes] = np.log(GENE_DISTANCE / differing)
    mean[-4], mean[-1] = np.log(COUNT_DISTANCE / squares), np.log(NOISE)
    sd = [GENE_SD] * n_genes + [KIND_SD] * n_kinds + [COUNT_SD, PART_SD, PART_SD, NOISE_SD]
    return mean, np.array(sd)


def fitted(
    encoding: Encoding,
    features: Features,
    targets: Floats,
    *,
    start: Floats | None = None,
    steps: int = 10,
) -> Floats:
    """The parameters that are most probable given targets: a few steps of L-BFGS towards them.

    Args:
        encoding: of the features.
        features: n architectures.
        targets: [n] of mean 0.
        start: parameters from which to go on.
        steps: iterations at most.
    """
    mean, sd = usual(encoding, features)

    def objective(parameters: Floats) -> tuple[float, Floats]:
        kernel = Kernel(encoding, parameters)
        loss, gradient = likelihood(kernel, features, targets)
        off = (parameters - mean) / sd
        return loss + float(off @ off) / 2, gradient + off / sd

    bounds = np.stack([mean - BOUND * sd, mean + BOUND * sd], axis=1)
    first = mean if start is None else np.clip(start, bounds[:, 0], bounds[:, 1])
    from scipy.optimize import minimize  # heavy, and web processes load this module

    found = minimize(
        objective, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps}
    )
    return np.asarray(found.x, dtype=np.float64)


def likelihood(kernel: Kernel, features: Features, targets: Floats) -> tuple[float, Floats]:
    """Negative logarithm of the marginal likelihood, and its gradient by the parameters.

    The overall variance is the one that is best for the other parameters.
    """
    n, encoding = len(targets), kernel.encoding
    by_genes, by_counts, squares = kernel.parts(features, features)
    factor = cholesky(by_genes + by_counts + kernel.noise * np.eye(n), lower=True)
    inverse = cho_solve((factor, True), np.eye(n))
    solved = inverse @ targets
    variance = max(float(targets @ solved) / n, 1e-12)
    loss = n * np.log(variance) / 2 + float(np.log(np.diag(factor)).sum())
    outer = (inverse - np.outer(solved, solved) / variance) / 2
    genes_part, counts_part = outer * by_genes, outer * by_counts
    one_hot = features.one_hot
    column = 2 * (
        genes_part.sum(axis=1) @ one_hot - ((genes_part @ one_hot) * one_hot).sum(axis=0)
    )
    column *= -kernel.column_weights
    gradient = np.concatenate(
        [
            np.bincount(encoding.gene_of, column, len(encoding.genes)),
            np.bincount(encoding.kind_of, column, encoding.n_kinds),
            [
                -kernel.count_weight * float((counts_part * squares).sum()),
                float(genes_part.sum()),
                float(counts_part.sum()),
                float(np.trace(outer)) * (kernel.noise - JITTER),
            ],
        ]
    )
    return float(loss), gradient


class Prior:
    """Functions drawn from the process before anything is known, by random features.

    A random sign for each column, -1 with probability (1 - exp(-weight)) / 2, multiplied over the
    columns of an architecture: the expected product of two of them is exp(-distance).
    """

    def __init__(self, kernel: Kernel, n_functions: int, rng: np.random.Generator):
        weights = kernel.column_weights
        odds = (1 - np.exp(-weights)) / 2
        n, n_kinds = N_RANDOM_FEATURES, kernel.encoding.n_kinds
        self._is_minus = (rng.random((len(weights), n)) < odds[:, None]).astype(np.float32)
        width = np.sqrt(2 * kernel.count_weight)
        self._waves = width * rng.standard_normal((n_kinds, n))
        self._phases = rng.uniform(0, 2 * np.pi, n)
        by_genes, by_counts = kernel.variances
        self._mixed = rng.standard_normal((n, n_functions)) * np.sqrt(by_genes / n)
        self._mixed_waves = rng.standard_normal((n, n_functions)) * np.sqrt(2 * by_counts / n)

    def __call__(self, features: Features) -> Floats:
        """[n, n_functions]."""
        minus = features.one_hot.astype(np.float32) @ self._is_minus
        signs = 1.0 - 2.0 * (minus % 2)
        waves = np.cos(features.counts @ self._waves + self._phases)
        return np.asarray(signs @ self._mixed + waves @ self._mixed_waves)


class Draws:
    """Functions drawn from the process given what is known, alike in nothing but that.

    Args:
        kernel: the covariance.
        known: n architectures.
        targets: [n].
        n_functions: how many.
        rng: source of all randomness.
    """

    def __init__(
        self,
        kernel: Kernel,
        known: Features,
        targets: Floats,
        *,
        n_functions: int,
        rng: np.random.Generator,
    ):
        self._kernel, self._known = kernel, known
        covariance = kernel.covariance(known, known) + kernel.noise * np.eye(len(known))
        factor = (cholesky(covariance, lower=True), True)
        variance = max(float(targets @ cho_solve(factor, targets)) / len(targets), 1e-12)
        self._sd = np.sqrt(variance)
        self._prior = Prior(kernel, n_functions, rng)
        noise = np.sqrt(kernel.noise) * rng.standard_normal((len(known), n_functions))
        errors = targets[:, None] / self._sd - self._prior(known) - noise
        self._update = cho_solve(factor, errors)

    def __call__(self, features: Features) -> Floats:
        """[n, n_functions]."""
        update = self._kernel.covariance(features, self._known) @ self._update
        return np.asarray(self._sd * (self._prior(features) + update))
