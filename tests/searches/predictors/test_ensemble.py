"""Members of an ensemble agree on what is known, and rank what is not."""

from random import Random

import numpy as np
import pytest
from scipy.stats import spearmanr

from searches.predictors.ensemble import Ensemble, Judges, Known, grades
from searches.predictors.features import encoding_of
from searches.predictors.process import fitted
from tests.searches.strategies.playing import SMALL

ENCODING = encoding_of(SMALL)
RNG = Random(0)
GENES = [SMALL.sample(RNG) for _ in range(160)]


def loss_of(genes):
    """Falls with depth, width and kernels, with less and less return: 5 to 40."""
    return 5 + 35 * np.exp(-0.15 * sum(genes))


def features_of(genes):
    return ENCODING.features(genes)


@pytest.fixture(scope="module")
def made():
    losses = np.array([loss_of(genes) for genes in GENES[:80]])
    features = features_of(GENES[:80])
    known = Known(features, losses, np.sort(losses)[:5], ideal=0.0, span=float(losses.max()))
    parameters = fitted(ENCODING, features, known.scale().to_score(losses), steps=20)
    rng = np.random.default_rng(0)
    return Ensemble(ENCODING, parameters, known, n_members=24, rng=rng)


def test_members_rank_what_they_have_not_seen(made):
    predicted = made.predict(features_of(GENES[80:]))
    assert predicted.shape == (80, 24)
    truth = [loss_of(genes) for genes in GENES[80:]]
    assert spearmanr(predicted.mean(axis=1), truth).statistic > 0.9


def test_members_differ_more_where_little_is_known(made):
    seen = made.predict(features_of(GENES[:80])).std(axis=1)
    unseen = made.predict(features_of(GENES[80:])).std(axis=1)
    assert np.median(unseen) > 1.2 * np.median(seen)


def test_grades_put_the_least_violation_nearest_to_what_meets_the_limits():
    assert grades(np.array([0.0, 3.0, 0.1, np.inf, 0.0])).tolist() == pytest.approx(
        [-1, 0.5 + 2 / 3, 0.5 + 1 / 3, 1.5, -1]
    )


def test_judges_know_which_networks_break_a_limit():
    def violation(genes):
        return max(0.0, loss_of(genes) / 9 - 1)

    known = grades(np.array([violation(genes) for genes in GENES[:80]]))
    features = features_of(GENES[:80])
    parameters = fitted(ENCODING, features, known - known.mean(), steps=20)
    rng = np.random.default_rng(0)
    judges = Judges(ENCODING, parameters, features, known, n_members=24, rng=rng)
    is_broken = np.array([violation(genes) > 0 for genes in GENES[80:]])
    assert 0.2 < is_broken.mean() < 0.8
    found = (judges.excess(features_of(GENES[80:])) > 0).mean(axis=1) > 0.5
    assert (found == is_broken).mean() > 0.85
