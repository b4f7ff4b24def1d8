"""The predictor of whole networks from numbers that describe them."""

import json

import numpy as np
import pytest

from devices.profiles import network_fit
from devices.profiles.network_fit import NetworkFit
from devices.profiles.profile import ModelRow


def rows(n, seed=0, noise=0.0):
    """Times that are a product of width and depth, plus a constant."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        width, depth = int(rng.integers(16, 128)), int(rng.integers(2, 9))
        ms = (2.0 + 0.1 * width * depth) * float(np.exp(rng.normal(0, noise)))
        yield ModelRow({"width": width, "depth": depth, "kind": "a"}, ms)


def test_products_of_numbers_are_found():
    fit = network_fit.fit(list(rows(60)))
    assert (fit.names, fit.degree) == (("width", "depth"), 2)
    others = list(rows(40, seed=1))
    predicted = fit.latency_ms([row.arch for row in others])
    assert predicted == pytest.approx([row.mean_ms for row in others], rel=0.02)
    assert fit.spearman > 0.99
    assert fit.within == 1.0


def test_the_stated_error_is_that_of_other_rows():
    fit = network_fit.fit(list(rows(200, noise=0.1)))
    others = list(rows(400, seed=1, noise=0.1))
    true = np.array([row.mean_ms for row in others])
    error = np.abs(fit.latency_ms([row.arch for row in others]) / true - 1).mean()
    assert fit.mape == pytest.approx(error, rel=0.25)


def test_it_survives_json():
    fit = network_fit.fit(list(rows(40)))
    assert NetworkFit.from_json(json.loads(json.dumps(fit.to_json()))) == fit


def test_held_out_rows_take_no_part():
    wrong = [ModelRow(row.arch, 1e5, split="holdout") for row in rows(30, seed=2)]
    assert network_fit.fit([*rows(40), *wrong]) == network_fit.fit(list(rows(40)))


@pytest.mark.parametrize(
    "models", [[], list(rows(19)), [ModelRow({"a": "x"}, 1.0)] * 30, [ModelRow({}, 1.0)] * 30]
)
def test_too_little_gives_no_predictor(models):
    assert network_fit.fit(models) is None


def test_equal_rows_give_their_time():
    fit = network_fit.fit([ModelRow({"a": 1}, 2.0)] * 30)
    assert fit.latency_ms([{"a": 1}]) == pytest.approx([2.0])
    assert fit.spearman == 0.0
