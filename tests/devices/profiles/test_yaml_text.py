"""YAML of strangers becomes plain values, and constructs nothing."""

import math

import pytest

from devices.profiles import yaml_text
from devices.profiles.parsing import DuplicateKeys, Unreadable
from devices.profiles.yaml_text import strict_yaml


def test_plain_values_are_read():
    text = "a: {mean: 0.71, n: 40, t: 'x', e: 1e-3}\nb: [1, true, null, ~, -2.5]\nc: yes\n"
    assert strict_yaml(text) == {
        "a": {"mean": 0.71, "n": 40, "t": "x", "e": 0.001},
        "b": [1, True, None, None, -2.5],
        "c": "yes",
    }


def test_nan_stays_a_number_that_rules_refuse():
    assert math.isnan(strict_yaml("a: .nan")["a"])
    assert strict_yaml("a: -.inf")["a"] == -math.inf


def test_a_key_that_stands_twice_is_marked():
    value = strict_yaml("a: 1\nb: 2\na: 3\n")
    assert isinstance(value, DuplicateKeys)
    assert list(value.pairs) == [("a", 1), ("b", 2), ("a", 3)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x", "Line 1: tags and anchors"),
        ("b: *x", "Line 1: aliases"),
        ("a: !!python/object/apply:os.system ['true']", "tags and anchors"),
        ("!!python/name:os.system x", "tags and anchors"),
        ("a: 1\n---\nb: 2\n", "A second document begins in line 2"),
        ("? [1, 2]\n: 3\n", "a key that is a list or a mapping"),
        ("a: [1, 2", "not readable as YAML (first problem at line 2"),
        ("a: 1\n b: 2\n", "not readable as YAML (first problem at line 2"),
        ("[" * 500 + "1" + "]" * 500, "nested deeper than 12"),
        ("a: b\x07", "not readable as YAML"),
    ],
)
def test_what_is_not_read_is_named(text, words):
    with pytest.raises(Unreadable) as error:
        strict_yaml(text)
    assert words in error.value.problem.text


def test_a_long_text_is_refused_unread():
    with pytest.raises(Unreadable, match="at most 4 MiB"):
        strict_yaml("a" * (yaml_text.MOST_BYTES + 1))


def test_a_bomb_of_aliases_is_refused():
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    with pytest.raises(Unreadable):
        strict_yaml("\n".join(lines))
