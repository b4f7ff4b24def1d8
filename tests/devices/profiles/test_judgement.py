"""Figures about predictions equal those worked out by hand and by SciPy."""

import numpy as np
import pytest
from scipy import stats

from devices.profiles.judgement import report, spearman


def test_figures_of_four_networks_worked_out_by_hand():
    measured = np.array([10.0, 20.0, 40.0, 50.0])
    predicted = np.array([10.4, 18.4, 40.0, 60.0])  # +4 %, -8 %, 0 %, +20 %
    ends = predicted * 0.95, predicted * 1.10

    found = report(measured, predicted, ends)

    assert found["n"] == 4
    assert found["mape"] == pytest.approx((0.04 + 0.08 + 0 + 0.20) / 4)
    assert found["bias"] == pytest.approx((0.04 - 0.08 + 0 + 0.20) / 4)
    assert (found["within_5"], found["within_10"]) == (0.5, 0.75)
    assert found["spearman"] == 1.0
    assert found["coverage"] == 0.75  # 50 lies below 57, 20 within 17.48 to 20.24


def test_rank_correlation_equals_that_of_scipy_with_ties():
    rng = np.random.default_rng(0)
    a, b = rng.integers(8, size=40), rng.integers(5, size=40)

    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-6)


def test_equal_values_have_no_rank_correlation():
    assert spearman([1, 2, 3], [5, 5, 5]) is None
