"""Kendall's tau beside another library, and its error beside repeated sampling."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from searches.objectives.agreement import agreement, kendall, lead


@pytest.mark.parametrize("seed", range(5))
def test_tau_is_that_of_another_library_with_and_without_ties(seed):
    rng = np.random.default_rng(seed)
    for n_values in (4, 1000):
        a, b = rng.integers(0, n_values, (2, 40)).astype(float)
        assert kendall(a, b) == pytest.approx(kendalltau(a, b).statistic)


def test_same_and_opposite_orders_are_the_ends():
    assert kendall([1, 2, 3], [10, 20, 99]) == pytest.approx(1)
    assert kendall([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_a_constant_score_says_nothing():
    assert kendall([1, 1, 1], [1, 2, 3]) == 0
    assert agreement([1, 1, 1], [1, 2, 3], np.random.default_rng(0)).tau == 0


def test_the_error_is_the_spread_over_other_samples_of_the_same_kind():
    rng = np.random.default_rng(0)

    def sample():
        truth = rng.normal(size=60)
        return truth + rng.normal(size=60), truth

    spread = np.std([kendall(*sample()) for _ in range(300)], ddof=1)
    errors = [agreement(*sample(), rng).error for _ in range(10)]
    assert np.mean(errors) == pytest.approx(spread, rel=0.2)


def test_equal_generators_draw_equal_samples():
    rng = np.random.default_rng(3)
    score, truth = rng.normal(size=(2, 30))
    first = agreement(score, truth, np.random.default_rng(7))
    assert agreement(score, truth, np.random.default_rng(7)) == first


def test_the_lead_of_a_score_is_the_difference_of_the_taus():
    rng = np.random.default_rng(4)
    truth = rng.normal(size=50)
    good, bad = truth + 0.5 * rng.normal(size=50), rng.normal(size=50)
    found = lead(good, bad, truth, np.random.default_rng(0))
    assert found.tau == pytest.approx(kendall(good, truth) - kendall(bad, truth))
    assert lead(bad, good, truth, np.random.default_rng(0)).tau == -found.tau
    assert found.tau > 2 * found.error > 0
    assert lead(good, good, truth, np.random.default_rng(0)).error == 0
