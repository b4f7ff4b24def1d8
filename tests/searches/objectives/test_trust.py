"""What is said of cheap scores is what their order is worth, and no more."""

from random import Random

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from searches.objectives.agreement import (
    chance_error,
    kendall,
    resampled_rhos,
    resampled_taus,
)
from searches.objectives.trust import (
    Scores,
    Truth,
    better_half,
    drawn,
    report,
    signal_share,
)


def compared(n=60, *, noise=0.5, baseline_noise=2.0, error=0.01, seed=0):
    """A cheap score, a baseline, and the truth behind both."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    cheap = Scores("synflow", "Synflow", truth + noise * rng.normal(size=n))
    macs = Scores(
        "macs", "Multiply-accumulates", truth + baseline_noise * rng.normal(size=n), True
    )
    return [cheap, macs], Truth("Accuracy", truth, np.full(n, error))


def texts(facts, level=None):
    return [line["text"] for line in facts["says"] if level in (None, line["level"])]


@pytest.mark.parametrize("n_values", [3, 1000])
def test_rho_is_that_of_another_library_with_and_without_ties(n_values):
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, n_values, (2, 30)).astype(float)
    found = resampled_rhos(a, b, np.random.default_rng(0), resamples=3)
    assert found[0] == pytest.approx(spearmanr(a, b).statistic)
    assert resampled_rhos([1, 1, 1], [1, 2, 3], rng, resamples=3)[0] == 0


def test_the_error_of_tau_by_chance_is_what_random_orders_show():
    rng = np.random.default_rng(2)
    taus = [kendall(rng.permutation(20), np.arange(20)) for _ in range(600)]
    assert chance_error(20) == pytest.approx(np.std(taus), rel=0.1)
    assert chance_error(50) == pytest.approx(0.098, abs=5e-4)


def test_every_score_is_told_with_its_order_overall_and_in_the_better_half():
    scores, truth = compared()
    facts = report(scores, truth, seed=7)
    half = better_half(np.asarray(truth.values))
    assert len(half) == 30
    assert np.min(np.take(truth.values, half)) >= np.median(truth.values)
    for row, score in zip(facts["scores"], scores, strict=True):
        expected = kendalltau(score.values, truth.values).statistic
        assert row["tau"] == pytest.approx(expected, abs=1e-4)
        assert row["rho"] == pytest.approx(
            spearmanr(score.values, truth.values).statistic, abs=1e-4
        )
        in_half = kendalltau(np.take(score.values, half), np.take(truth.values, half)).statistic
        assert row["half"]["tau"] == pytest.approx(in_half, abs=1e-4)
        assert row["tau_low"] < row["tau"] < row["tau_high"]
        assert row["tau_error"] > 0


def test_a_score_that_beats_the_baselines_is_said_to():
    facts = report(*compared(), seed=7)
    assert "orders the networks as full training does" in texts(facts, "info")[0]
    assert "ranks better than multiply-accumulates" in texts(facts, "info")[1]
    assert "chance" not in texts(facts, "info")[1]


def test_a_baseline_that_ranks_better_is_said_to():
    facts = report(*compared(noise=2.0, baseline_noise=0.3), seed=7)
    said = texts(facts, "warning")[0]
    assert said.startswith("Multiply-accumulates, which cost nothing, rank better than synflow")
    differences = [row["difference"] for row in facts["comparisons"]]
    taus = [row["tau"] for row in facts["scores"]]
    assert differences == pytest.approx([taus[0] - taus[1]], abs=1e-4)


def test_the_error_of_a_difference_is_that_of_the_same_samples():
    scores, truth = compared(n=40)
    facts = report(scores, truth, seed=3)
    both = [resampled_taus(s.values, truth.values, np.random.default_rng(3)) for s in scores]
    expected = (both[0] - both[1])[1:].std(ddof=1)
    assert facts["comparisons"][0]["difference_error"] == pytest.approx(expected, abs=1e-4)


def test_an_order_by_chance_is_not_sold_as_one():
    scores, truth = compared(n=40, noise=50.0, seed=5)
    assert "may order the networks by chance" in texts(report(scores, truth, seed=1), "warning")[0]


def test_few_networks_are_said_to_be_few():
    few = texts(report(*compared(n=10), seed=1), "warning")
    assert any("10 networks are few" in text and "tau of 0.41" in text for text in few)
    assert not any("are few" in text for text in texts(report(*compared(n=30), seed=1)))


def test_a_narrow_range_is_said_to_be_narrow():
    scores, truth = compared(n=40, error=1.5)
    assert signal_share(truth) == 0
    said = texts(report(scores, truth, seed=1), "warning")
    assert any("hardly differ: 0% of the differences in accuracy" in text for text in said)


def test_less_than_two_networks_have_no_order():
    facts = report([Scores("a", "A", [1.0])], Truth("Accuracy", [0.5], [0.1]), seed=0)
    assert facts["scores"] == []
    assert "Two networks" in texts(facts)[0]


def test_the_regret_is_what_the_best_by_the_score_lacks():
    scores = [Scores("a", "A", [1.0, 9.0, 2.0])]
    facts = report(scores, Truth("Accuracy", [0.9, 0.7, 0.8], [0.0] * 3), seed=0)
    assert facts["regret"] == pytest.approx(0.2)


def test_constant_scores_say_nothing_and_break_nothing():
    scores = [Scores("a", "A", [1.0] * 8), Scores("macs", "MACs", range(8), True)]
    facts = report(scores, Truth("Accuracy", np.linspace(0, 1, 8), [0.0] * 8), seed=0)
    assert facts["scores"][0]["tau"] == 0
    assert "may order the networks by chance" in texts(facts)[0]


def test_a_sample_takes_one_of_every_part_of_the_order():
    scores = [float((7 * n) % 50) for n in range(50)]
    found = drawn(scores, set(), 10, Random(1))
    assert sorted(int(scores[position]) // 5 for position in found) == list(range(10))
    assert found == drawn(scores, set(), 10, Random(1)) != drawn(scores, set(), 10, Random(2))


def test_a_larger_sample_keeps_what_was_taken_and_fills_the_gaps():
    scores = [float(n) for n in range(40)]
    taken = set(drawn(scores, set(), 5, Random(0)))
    more = drawn(scores, taken, 20, Random(0))
    assert len(more) == 15
    assert not taken & set(more)
    assert len({position // 2 for position in taken | set(more)}) >= 19


def test_everything_can_be_drawn_and_nothing_twice():
    scores = [0.0] * 6
    assert drawn(scores, {1}, 6, Random(0)) == [0, 2, 3, 4, 5]
    assert drawn(scores, {0, 1, 2}, 3, Random(0)) == []
    assert drawn(scores, {0, 1, 2, 3}, 2, Random(0)) == []
