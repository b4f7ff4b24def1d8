"""Tables of known results as people upload them."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from searches.datasets import kinds
from searches.datasets.base import DataRefused
from searches.datasets.known_table import KnownTable, ends_of, is_table, measures_of, read
from searches.datasets.scatter import HEIGHT, WIDTH
from searches.datasets.thumbnails import sample_sheet

GOOD = """op, width, error (% min), score (max), delay (ms min)
conv, 16, 8.5, 0.91, 1.5
conv, 8, 9.5, 0.90, 1.0
skip, 16, 30, 0.7,
skip, 8, 40, 0.6, 0.1
"""


def table_of(text):
    return read(BytesIO(text.encode()))


def refusal_of(text):
    with pytest.raises(DataRefused) as refusal:
        table_of(text)
    return refusal.value.problems


def test_columns_are_choices_unless_they_say_what_is_better():
    table = table_of(GOOD)
    assert table.columns == ("op", "width")
    assert table.options == (("conv", "skip"), ("8", "16"))  # numbers by their size
    names = [(m.name, m.unit, m.direction, m.kind) for m in table.measures]
    assert names == [
        ("error", "%", "min", "result"),
        ("score", "", "max", "result"),
        ("delay", "ms", "min", "result"),
    ]


def test_an_architecture_finds_its_own_row():
    table = table_of(GOOD)
    assert table.known((0, 1)) == {"error": 8.5, "score": 0.91, "delay": 1.5}
    assert table.known((1, 0)) == {"error": 40.0, "score": 0.6, "delay": 0.1}
    assert np.isnan(table.known((1, 1))["delay"])  # an empty cell
    assert table.known((0, 5)) is None


def test_what_is_stored_is_what_was_read():
    table = table_of(GOOD)
    again = KnownTable.load(BytesIO(table.to_bytes()))
    assert again.columns == table.columns
    assert again.options == table.options
    assert again.measures == table.measures
    assert np.array_equal(again.rows, table.rows)
    assert np.array_equal(again.values, table.values, equal_nan=True)
    assert again.sha256() == table.sha256()
    assert table_of(GOOD.replace("8.5", "8.6")).sha256() != table.sha256()


def test_statistics_say_what_is_there_and_what_is_missing():
    facts = table_of(GOOD).statistics()
    assert facts["n"] == {"rows": 4}
    assert facts["n_possible"] == "4"
    delay = facts["measures"][2]
    assert (delay["min"], delay["max"], delay["n_missing"]) == (0.1, 1.5, 1)


def test_measures_and_their_ends_are_read_from_the_statistics():
    table = table_of(GOOD)
    facts = table.statistics()
    assert tuple(measures_of(facts)) == table.measures
    assert ends_of(facts, "score") == (0.6, 0.91)
    assert measures_of({}) == []  # a data set that is not read yet, or no table


def test_a_stored_table_is_loaded_by_its_kind():
    table = table_of(GOOD)
    again = kinds.load("table", BytesIO(table.to_bytes()))
    assert isinstance(again, KnownTable)
    assert again.sha256() == table.sha256()


@pytest.mark.parametrize(
    ("text", "dots"),
    [
        (GOOD, 4),
        ("op,error (min)\na,1\nb,2\nc,4\n", 3),
        ("op,error (min),delay (min)\na,1,\nb,,2\n", 1),  # no row has both
        ("op,error (min),delay (min)\na,1,5\nb,1,5\n", 1),  # on one place
    ],
)
def test_the_picture_shows_the_first_two_measured_columns(text, dots):
    picture = Image.open(BytesIO(sample_sheet(table_of(text))))
    assert picture.size == (WIDTH, HEIGHT)
    blue = np.asarray(picture.convert("RGB")).astype(int)
    from scipy import ndimage

    assert ndimage.label(blue[..., 0] < 150)[1] == dots


def test_a_first_line_with_measured_columns_is_that_of_a_table():
    assert is_table(["op", "error (min)"])
    assert not is_table(["length", "width (cm)", "class"])


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("op,width\nconv,8\n", "row 1", "No column was measured"),
        ("error (min)\n1\n2\n", "row 1", "0 choices"),
        ("op,error (min)\nconv,1\nconv,2\n", "row 3", "same architecture as in row 2"),
        ("op,error (min)\nconv,one\n", "row 2, column “error (min)”", "finite number"),
        ("op,error (min)\nconv,inf\n", "row 2, column “error (min)”", "finite number"),
        ("op,error (min)\nconv\n", "row 2", "1 cells; 2 are needed"),
        ("op,error (min)\n,1\n", "row 2, column “op”", "option of 1 to 100"),
        ("op,error (min)\n" + "x" * 101 + ",1\n", "row 2, column “op”", "option of 1 to 100"),
        ("op,error (min)\na\0b,1\n", "row 2, column “op”", "printable"),
        ("op,error (min)\nconv,\n", "column “error”", "no number"),
        ("op,macs (min)\nconv,1\n", "column “macs”", "webnas computes macs itself"),
        ("op,a__b (min)\nconv,1\n", "column “a__b”", "without @, : and __"),
        ("op,12 (min)\nconv,1\n", "column “12”", "no number"),
        ("op,e (min),e (max)\nconv,1,2\n", "column “e”", "Two measured columns"),
        ("op,error (min)\n", "file", "no rows"),
        ("a,b,error (min)\n1,1,1\n2,2,1\n3,3,1\n", "file", "3 of the 9 combinations"),
    ],
)
def test_a_wrong_table_is_refused_with_place_and_reason(text, place, reason):
    problems = refusal_of(text)
    assert place in problems
    assert reason in problems[place][0]


@pytest.mark.slow
def test_a_measured_column_without_its_mark_is_recognised_by_its_many_values():
    rows = "".join(f"conv{i % 7},{i / 7},{i}\n" for i in range(1500))
    problems = refusal_of("op,delay,error (min)\n" + rows)
    assert "was this column measured?" in problems["column “delay”"][0]
    assert "“delay (min)”" in problems["column “delay”"][0]
