"""Findings are shown in words that fit on a line."""

import pytest

from devices.profiles.problems import Problem, capped, figure, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0137, "0.0137"),
        (14.83, "14.8"),
        (22437, "22 400"),
        (4e6, "4 000 000"),
        (1e300, "1e+300"),
        (float("inf"), "inf"),
    ],
)
def test_figures_have_three_digits_and_thousands_apart(value, text):
    assert figure(value) == text


def test_long_values_are_cut():
    assert shown("x" * 1000) == "'" + "x" * 58 + "…"


def test_reports_are_distinct_and_bounded_with_the_gravest_first():
    warnings = [Problem("W", line, None, None, f"warning {line}") for line in range(5)]
    refusal = Problem("E", None, None, None, "refused")
    assert capped([*warnings, *warnings], 5) == warnings
    cut = capped([*warnings, refusal], 3)
    assert cut[0] == refusal
    assert cut[-1].text == "… and 3 more."
