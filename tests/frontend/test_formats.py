"""Numbers as people read them."""

import pytest

from frontend import formats
from searches.models import Space
from searches.objectives.measures import Measure


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        (0.9637, "accuracy", "96.4 %"),
        (0.9637, "accuracy:test", "96.4 %"),
        (0.4123, "latency@3", "0.412 ms"),
        (183_000, "storage", "183 kB"),
        (1_230_000, "macs", "1.23 M"),
        (None, "storage", "–"),
        (float("nan"), "latency@3", "–"),
    ],
)
def test_values_have_the_unit_of_their_measure(value, key, text):
    assert formats.quantity(value, key) == text


def test_values_of_a_table_are_shown_as_its_columns_say():
    known = {"score": Measure("score", "score", "", "max", kind="result")}
    assert formats.quantity(0.9637, "score", known) == "0.9637"
    assert not formats.is_share("score", known)


@pytest.mark.parametrize(
    ("label", "text"),
    [("Latency on Pixel 4", "latency on Pixel 4"), ("CPU time", "CPU time"), ("f", "f")],
)
def test_labels_within_a_sentence_keep_their_names(label, text):
    assert formats.within(label) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [("1", "1"), ("2746766295", "2.75 × 10⁹"), ("21800000000000000000", "2.18 × 10¹⁹")],
)
def test_sizes_of_spaces_stay_readable(size, text):
    assert formats.size_of_space(size) == text


@pytest.mark.parametrize(
    ("size", "definition", "text"),
    [
        (
            543966387314312146275,
            {"resolutions": list(range(128, 225, 4))},
            "2.18 × 10¹⁹ networks at each of 25 resolutions",
        ),
        (46875, {"resolutions": [16, 24, 32]}, "15,625 networks at each of 3 resolutions"),
        (25412184, {"resolutions": [32]}, "25,412,184 networks"),
        (18720, {}, "18,720 networks"),
        (100, {"resolutions": [16, 24], "only": {"resolution": [16]}}, "100 networks"),
    ],
)
def test_spaces_are_counted_as_papers_count_them(size, definition, text):
    space = Space(size=str(size), definition=definition)
    assert " ".join(formats.networks(space)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.42, "0.4 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds, text):
    assert formats.duration(seconds) == text


def test_intervals_show_both_ends():
    measured = {"value": 1.0, "unit": "ms", "provenance": "predicted", "spread": [0.9, 1.2]}
    assert formats.interval(measured, "latency@3") == "0.9 ms to 1.2 ms"


def test_a_value_without_a_spread_has_no_interval():
    assert (
        formats.interval({"value": 1.0, "unit": "ms", "provenance": "measured"}, "latency") == ""
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("epochs=1", "after 1 epoch"),
        ("epochs=3", "after 3 epochs"),
        ("data=33%", "at 33 % of the data"),
    ],
)
def test_a_lower_fidelity_says_what_it_had(name, text):
    assert formats.fidelity(name) == text
