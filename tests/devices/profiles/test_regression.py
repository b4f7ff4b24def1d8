"""The regression predicts rows that it has not seen, and knows how well."""

import json

import numpy as np
import pytest

from devices.profiles import regression
from devices.profiles.estimates import PREDICTED
from devices.profiles.kit.plan import plan
from devices.profiles.operations import Operation
from devices.profiles.regression import Regressor
from tests.devices.simulated import SimulatedDevice, blocks, stems

BLOCKS = blocks()


def errors(n_rows: int, *, noise: float = 0.01, seed: int = 0):
    """Errors of the logarithm on all blocks that were not measured, and their sigmas."""
    device = SimulatedDevice(noise=noise, seed=seed)
    measured = plan(BLOCKS, limit=n_rows)
    [fitted] = regression.fit(measured, [device.timed_ms(op) for op in measured])
    others = [op for op in BLOCKS if op not in set(measured)]
    found = fitted.estimates(others)
    truth = np.log([device.true_ms(op) for op in others])
    return (
        np.log([estimate.latency_ms for estimate in found]) - truth,
        np.array([estimate.sigma for estimate in found]),
    )


def test_forty_rows_predict_the_others_within_a_few_percent():
    off, _ = errors(40)

    assert np.abs(np.expm1(off)).mean() < 0.06
    assert np.abs(off).max() < 0.4


def test_more_rows_predict_better():
    assert np.abs(errors(100)[0]).mean() < np.abs(errors(15)[0]).mean()


@pytest.mark.parametrize("n_rows", [20, 40, 80])
def test_the_interval_holds_most_of_the_unseen_rows(n_rows):
    off, sigma = errors(n_rows)

    assert (np.abs(off) <= 1.645 * sigma).mean() >= 0.8


def test_noisy_rows_widen_the_interval():
    assert errors(40, noise=0.3)[1].mean() > 2 * errors(40, noise=0.01)[1].mean()


def test_outside_the_measured_sizes_the_interval_widens():
    device = SimulatedDevice()
    small = blocks(resolutions=(14, 16))
    [fitted] = regression.fit(small, [device.timed_ms(op) for op in small])

    [near, far] = fitted.estimates([small[0], blocks(resolutions=(224,))[0]])

    assert far.sigma > 2 * near.sigma
    assert far.latency_ms > near.latency_ms


def test_types_with_few_rows_share_one_regressor():
    device = SimulatedDevice()
    operations = [*BLOCKS[:30], *stems()]

    fitted = regression.fit(operations, [device.true_ms(op) for op in operations])

    assert {r.name: (r.types, r.n_rows) for r in fitted} == {
        "mbconv": (("mbconv",), 30),
        "all types": (("conv",), 36),
    }


def test_too_few_rows_give_no_regressor():
    assert regression.fit(BLOCKS[:7], [1.0] * 7) == []


def test_a_large_table_is_fitted_on_a_sample(monkeypatch):
    monkeypatch.setattr(regression, "MOST_ROWS", 50)
    times = [SimulatedDevice().true_ms(op) for op in BLOCKS]

    [fitted] = regression.fit(BLOCKS, times)

    assert fitted.n_rows == 50
    assert fitted == regression.fit(BLOCKS, times)[0]


def test_coefficients_survive_json():
    device = SimulatedDevice()
    [fitted] = regression.fit(BLOCKS[:40], [device.timed_ms(op) for op in BLOCKS[:40]])

    again = Regressor.from_json(json.loads(json.dumps(fitted.to_json(), allow_nan=False)))

    assert again == fitted
    assert again.estimates(BLOCKS[40:50]) == fitted.estimates(BLOCKS[40:50])


def test_the_same_rows_give_the_same_coefficients():
    times = [SimulatedDevice().true_ms(op) for op in BLOCKS[:40]]

    assert regression.fit(BLOCKS[:40], times) == regression.fit(BLOCKS[:40], times)


def test_equal_rows_are_predicted_as_they_are():
    pairs = [Operation("linear", cin=64, cout=10)] * 12

    [fitted] = regression.fit(pairs, [0.25] * 12)

    [estimate] = fitted.estimates(pairs[:1])
    assert estimate.latency_ms == pytest.approx(0.25)
    assert estimate.provenance == PREDICTED
    assert estimate.sigma == regression.LEAST_SIGMA


def test_prices_are_never_negative():
    times = [SimulatedDevice(noise=0.3).timed_ms(op) for op in BLOCKS[:40]]

    [fitted] = regression.fit(BLOCKS[:40], times)

    assert min(fitted.prices) >= 0
    assert max(fitted.prices) > 0
