"""A few measured networks take away the bias of a sum of rows, and say how far the rest is off."""

import numpy as np
import pytest

from devices.profiles.calibration import UNCALIBRATED_SIGMA, Calibration, fit, line

SUMS = np.array([4.0, 6.0, 9.0, 12.0, 20.0, 31.0])


def test_without_networks_nothing_is_changed():
    found = fit(np.array([]), np.array([]), np.array([]))

    assert found == Calibration()
    assert found.latency_ms(SUMS).tolist() == SUMS.tolist()
    assert found.sigma == UNCALIBRATED_SIGMA


def test_one_network_gives_the_scale():
    found = fit(SUMS[:1], np.array([0.01]), 1.3 * SUMS[:1])

    assert found.latency_ms(SUMS) == pytest.approx(1.3 * SUMS)
    assert 0 < found.sigma < UNCALIBRATED_SIGMA


def test_one_network_out_of_three_that_is_off_does_no_harm():
    measured = 1.3 * SUMS[:3] * [1, 1, 5]

    assert line(SUMS[:3], measured) == (pytest.approx(1.3), 0.0)


def test_five_networks_on_a_line_give_that_line():
    found = fit(SUMS, np.full(6, 0.01), 1.1 * SUMS + 0.8)

    assert (found.scale, found.offset_ms) == (pytest.approx(1.1), pytest.approx(0.8))


def test_noise_alone_makes_no_offset():
    rng = np.random.default_rng(3)
    measured = 1.2 * SUMS * np.exp(rng.normal(0, 0.05, 6))

    assert line(SUMS, measured)[1] == 0.0


def test_a_negative_offset_leaves_every_latency_above_zero():
    found = Calibration(scale=1.0, offset_ms=-5.0)

    assert (found.latency_ms(np.array([0.1, 4.9, 6.0])) > 0).all()


@pytest.mark.parametrize("noise", [0.02, 0.06])
def test_the_spread_is_that_of_networks_that_were_left_out(noise):
    rng = np.random.default_rng(1)
    sums = rng.uniform(5, 50, 400)
    measured = 0.9 * sums * np.exp(rng.normal(0, noise, 400))

    found = fit(sums, np.full(400, 1e-4), measured)

    assert np.hypot(found.sigma, 0.01 * found.row_variance**0.5) == pytest.approx(noise, rel=0.15)


def test_networks_show_that_rows_are_better_than_they_seemed():
    rng = np.random.default_rng(1)
    measured = SUMS * np.exp(rng.normal(0, 0.02, 6))

    found = fit(SUMS, np.full(6, 0.3**2), measured)  # rows of 30 % each in common

    assert found.row_variance < 0.05
