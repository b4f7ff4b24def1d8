"""Gaussian processes over genes: gradients, covariances and draws against closed forms."""

from random import Random

import numpy as np
import pytest

from searches.predictors.features import encoding_of
from searches.predictors.process import Draws, Kernel, Prior, fitted, likelihood, usual
from tests.searches.strategies.playing import FLAT, TINY

RNG = np.random.default_rng(0)


@pytest.fixture(params=[FLAT, TINY], ids=["flat", "tiny"])
def space(request):
    return request.param


@pytest.fixture
def known(space):
    """An encoding, 25 different architectures in numbers, and targets that depend on them."""
    rng = Random(0)
    genes = sorted({space.sample(rng) for _ in range(60)})[:25]
    targets = np.array([sum((i + 1) * g for i, g in enumerate(row)) for row in genes], float)
    targets = (targets - targets.mean()) / targets.std()
    return encoding_of(space), encoding_of(space).features(genes), targets


@pytest.fixture
def kernel(known):
    encoding, features, _ = known
    return Kernel(encoding, usual(encoding, features)[0])


def test_gradient_of_the_likelihood_equals_finite_differences(known, kernel):
    encoding, features, targets = known
    _, gradient = likelihood(kernel, features, targets)
    for position in range(len(kernel.parameters)):
        ends = []
        for sign in (1, -1):
            moved = kernel.parameters.copy()
            moved[position] += sign * 1e-5
            ends.append(likelihood(Kernel(encoding, moved), features, targets)[0])
        assert gradient[position] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-3, abs=1e-5)


def test_fitted_parameters_are_more_likely(known, kernel):
    encoding, features, targets = known
    better = Kernel(encoding, fitted(encoding, features, targets, steps=30))
    before, after = (likelihood(k, features, targets)[0] for k in (kernel, better))
    assert after < before - 1


def test_covariance_of_draws_from_the_prior_is_the_kernel(known, kernel):
    _, features, _ = known
    draws = np.concatenate(
        [Prior(kernel, 200, np.random.default_rng(seed))(features) for seed in range(60)], axis=1
    )
    found = draws @ draws.T / draws.shape[1]
    expected = kernel.covariance(features, features)
    assert np.abs(found - expected).max() < 0.15 * expected.max()


def test_draws_have_the_mean_and_spread_of_the_posterior(known, kernel):
    _, features, targets = known
    fresh = [index for index in range(len(targets)) if index % 3 == 0]
    seen = [index for index in range(len(targets)) if index % 3]
    part = type(features)(features.one_hot[seen], features.counts[seen])
    rest = type(features)(features.one_hot[fresh], features.counts[fresh])
    drawn = np.concatenate(
        [
            Draws(kernel, part, targets[seen], n_functions=100, rng=np.random.default_rng(s))(rest)
            for s in range(60)
        ],
        axis=1,
    )
    covariance = kernel.covariance(part, part) + kernel.noise * np.eye(len(seen))
    variance = targets[seen] @ np.linalg.solve(covariance, targets[seen]) / len(seen)
    cross = kernel.covariance(rest, part)
    mean = cross @ np.linalg.solve(covariance, targets[seen])
    own = np.diag(kernel.covariance(rest, rest))
    spread = variance * (own - np.einsum("ij,ji->i", cross, np.linalg.solve(covariance, cross.T)))
    assert drawn.mean(axis=1) == pytest.approx(mean, abs=0.1)
    assert drawn.var(axis=1) == pytest.approx(spread, rel=0.35, abs=0.02)
