"""Predictors of quality on spaces in which it is known how quality comes about."""

import json
from random import Random

import numpy as np
import pytest

from searches.objectives.agreement import kendall
from searches.predictors.quality import Pairs, QualityPredictor, held_out
from tests.searches.strategies.playing import SMALL, macs


def scored(n, *, seed, noise=0.0):
    """Pairs whose score rises with the work and with the kernels of the first unit."""
    rng, draw = Random(seed), np.random.default_rng(seed)
    genes = list({SMALL.sample(rng) for _ in range(n)})
    costs = macs(SMALL, genes).astype(float)[:, None]
    kernels = [i for i, gene in enumerate(SMALL.genes) if "kernel" in gene.name]
    bonus = np.array([sum(row[i] for i in kernels) for row in genes])
    scores = np.log(costs[:, 0]) + 0.2 * bonus + noise * draw.normal(size=len(genes))
    return Pairs(genes, costs, scores)


@pytest.fixture(scope="module")
def learned():
    return QualityPredictor(SMALL, scored(100, seed=0))


def test_networks_that_were_not_measured_are_ranked_better_than_by_their_work(learned):
    others = scored(200, seed=1)
    ours = kendall(learned.predict(others.genes, others.costs), others.scores)
    assert ours > 0.9
    assert ours > kendall(others.costs[:, 0], others.scores) + 0.1


def test_a_stored_predictor_says_what_it_said_before(learned):
    others = scored(20, seed=2)
    stored = json.loads(json.dumps(learned.to_json()))
    revived = QualityPredictor.from_json(SMALL, stored)
    expected = learned.predict(others.genes, others.costs)
    assert np.allclose(revived.predict(others.genes, others.costs), expected, rtol=0, atol=1e-9)


def test_held_out_scores_are_those_of_predictors_that_never_saw_them():
    pairs = scored(40, seed=3)
    found = held_out(SMALL, pairs, np.random.default_rng(0), folds=5)
    changed = Pairs(pairs.genes, pairs.costs, pairs.scores + 100.0 * (np.arange(len(pairs)) == 7))
    assert held_out(SMALL, changed, np.random.default_rng(0), folds=5)[7] == found[7]


def test_nothing_can_be_learned_from_noise():
    pairs = scored(60, seed=4)
    noise = np.random.default_rng(0).normal(size=len(pairs))
    mute = Pairs(pairs.genes, pairs.costs, noise)
    assert abs(kendall(held_out(SMALL, mute, np.random.default_rng(0)), noise)) < 0.3


def test_equal_scores_are_learned_as_they_are():
    pairs = scored(30, seed=5)
    flat = Pairs(pairs.genes, pairs.costs, np.full(len(pairs), 0.5))
    predictor = QualityPredictor(SMALL, flat)
    assert np.allclose(predictor.predict(pairs.genes, pairs.costs), 0.5)
