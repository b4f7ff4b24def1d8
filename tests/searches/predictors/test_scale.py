"""Scores of losses are standardised, rise with them and lead back to them."""

import numpy as np
import pytest

from searches.predictors.scale import Scale

LOSSES = np.array([2.5, 2.6, 3.0, 5.0, 9.0, 20.0, 40.0, 98.9])


@pytest.fixture
def scale():
    return Scale(LOSSES, LOSSES[:5], ideal=0.0, span=98.9)


def test_known_losses_have_mean_0_and_deviation_1(scale):
    scores = scale.to_score(LOSSES)
    assert scores.mean() == pytest.approx(0)
    assert scores.std() == pytest.approx(1)


def test_scores_lead_back_to_their_losses(scale):
    assert scale.to_loss(scale.to_score(LOSSES)) == pytest.approx(LOSSES)


def test_more_loss_is_more_score_within_and_beyond_what_is_known(scale):
    losses = np.linspace(0.1, 150, 400)
    assert (np.diff(scale.to_score(losses)) > 0).all()


def test_one_outlier_hardly_moves_how_the_good_ones_differ():
    plain = Scale(LOSSES, LOSSES[:5], ideal=0.0, span=98.9).to_score(LOSSES)
    worse = np.append(LOSSES, 1e6)
    found = Scale(worse, LOSSES[:5], ideal=0.0, span=98.9).to_score(worse)
    shares = [(s[4] - s[0]) / (s[7] - s[0]) for s in (plain, found)]
    assert shares[0] == pytest.approx(shares[1])
    assert (found[4] - found[0]) > 0.4 * (plain[4] - plain[0])


def test_no_prediction_is_better_than_the_ideal(scale):
    assert (scale.to_loss(np.linspace(-50, 50, 200)) >= 0).all()


@pytest.mark.parametrize("losses", [np.ones(5), np.zeros(3), np.array([1.0])])
def test_equal_losses_are_no_obstacle(losses):
    scale = Scale(losses, losses[:1], ideal=0.0, span=1.0)
    assert scale.to_loss(scale.to_score(losses)) == pytest.approx(losses)
