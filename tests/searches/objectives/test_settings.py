"""One dataclass gives the form's fields and refuses wrong settings by field."""

import json
from dataclasses import dataclass, field

import pytest

from searches.objectives.settings import SettingsError, build, schema


@dataclass(frozen=True)
class Example:
    """Settings of every type."""

    size: int = field(default=20, metadata={"help": "How many.", "min": 4, "max": 100})
    rate: float = field(default=0.5, metadata={"help": "How often.", "min": 0.0, "max": 1.0})
    kind: str = field(default="a", metadata={"help": "Which.", "choices": ("a", "b")})
    is_fast: bool = field(default=False, metadata={"help": "Whether."})
    most: int | None = field(default=None, metadata={"help": "At most.", "min": 1})

    def __post_init__(self):
        if self.most is not None and self.most < self.size:
            raise SettingsError({"most": ["Must be at least the size."]})


def test_schema_tells_all_about_each_field():
    rows = {row["name"]: row for row in json.loads(json.dumps(schema(Example)))}
    assert list(rows) == ["size", "rate", "kind", "is_fast", "most"]
    assert rows["size"] == {
        "name": "size",
        "type": "int",
        "optional": False,
        "default": 20,
        "help": "How many.",
        "min": 4,
        "max": 100,
        "choices": None,
    }
    assert rows["kind"]["choices"] == ["a", "b"]
    assert (rows["most"]["type"], rows["most"]["optional"]) == ("int", True)


def test_what_is_left_out_keeps_its_default():
    assert build(Example, {}) == Example()
    assert build(Example, {"size": 8, "most": None}) == Example(size=8)


def test_whole_number_is_taken_for_a_number():
    rate = build(Example, {"rate": 1}).rate
    assert (rate, type(rate)) == (1.0, float)


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ({"speed": 1}, "speed", "Unknown setting. Known: size, rate"),
        ({"size": "20"}, "size", "whole number"),
        ({"size": 20.0}, "size", "whole number"),
        ({"size": True}, "size", "whole number"),
        ({"size": None}, "size", "whole number"),
        ({"size": 3}, "size", "at least 4"),
        ({"size": 101}, "size", "at most 100"),
        ({"rate": float("nan")}, "rate", "finite"),
        ({"rate": 1.5}, "rate", "at most 1.0"),
        ({"rate": False}, "rate", "a number"),
        ({"kind": "c"}, "kind", "one of a, b"),
        ({"is_fast": 1}, "is_fast", "true or false"),
        ({"most": 5}, "most", "at least the size"),
    ],
)
def test_wrong_setting_is_refused_with_its_name(data, name, message):
    with pytest.raises(SettingsError) as refusal:
        build(Example, data)
    assert message in refusal.value.problems[name][0]


def test_all_wrong_settings_are_told_at_once():
    with pytest.raises(SettingsError) as refusal:
        build(Example, {"size": 0, "rate": 7.0, "x": 1})
    assert set(refusal.value.problems) == {"size", "rate", "x"}


def test_field_without_help_or_of_strange_type_is_a_programming_error():
    @dataclass(frozen=True)
    class Bare:
        size: int = 3

    @dataclass(frozen=True)
    class Strange:
        sizes: dict = field(default_factory=dict, metadata={"help": "What."})

    for cls in (Bare, Strange):
        with pytest.raises(TypeError):
            schema(cls)
