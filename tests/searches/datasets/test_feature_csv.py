"""Reading tables of numbers: what is taken, and what is refused at which row and column."""

import csv
import io
import time
from contextlib import suppress

import numpy as np
import pytest

from searches.datasets import feature_csv
from searches.datasets.base import DataRefused, Limits
from searches.datasets.features import FeatureData


def table(n=30, header="age,weight,kind", row="{i},{w},{k}", delimiter=","):
    lines = [row.format(i=i, w=i / 4, k="ab"[i % 2]) for i in range(n)]
    return "\n".join([header, *lines]).replace(",", delimiter) + "\n"


def read(text, **options):
    content = text.encode() if isinstance(text, str) else text
    return feature_csv.read(io.BytesIO(content), **({"seed": 0} | options))


def everything(data):
    return np.concatenate([data.x_train, data.x_val, data.x_test])


def refusals(text, **options):
    with pytest.raises(DataRefused) as error:
        read(text, **options)
    return {place: messages[0] for place, messages in error.value.problems.items()}


def test_every_row_is_in_one_split_with_its_class():
    data = read(table())
    assert data.columns == ("age", "weight", "kind")
    assert data.classes == ("a", "b")
    assert data.x_train.dtype == np.float32
    rows = everything(data)
    assert sorted(rows[:, 0]) == list(range(30))
    assert (rows[:, 1] == rows[:, 0] / 4).all()
    labels = np.concatenate([data.y_train, data.y_val, data.y_test])
    assert (labels == rows[:, 0] % 2).all()
    assert [len(part) for part in (data.x_train, data.x_val, data.x_test)] == [20, 4, 6]


def test_the_class_may_stand_in_any_named_column():
    text = table(header="kind,age,weight", row="{k},{i},{w}")
    data = read(text, target="kind")
    assert data.columns == ("age", "weight", "kind")
    assert data.sha256() == read(table()).sha256()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate_cells(delimiter):
    assert read(table(delimiter=delimiter)).sha256() == read(table()).sha256()


def test_a_byte_order_mark_windows_lines_quotes_and_empty_lines_are_no_obstacle():
    text = table(row='"{i}", {w} ,"{k}"').replace("\n", "\r\n") + "\r\n,,\r\n"
    assert read(b"\xef\xbb\xbf" + text.encode()).sha256() == read(table()).sha256()


def test_numbers_are_read_as_a_spreadsheet_writes_them():
    cells = ["1e3", "-2.5", "+3", ".5", "1E-2", "7.", "1,5"]
    lines = [f'"{cell}",{k}' for cell in cells[:-1] for k in "ab" for _ in range(5)]
    data = read("\n".join(["x,y", *lines]))
    assert set(everything(data)[:, 0].tolist()) == {1000, -2.5, 3, 0.5, np.float32(0.01), 7}


def test_whole_numbers_as_classes_are_ordered_as_numbers():
    rows = "\n".join(f"{i},{k}" for i, k in enumerate(["10", "2", "1.0", "1"] * 8))
    data = read("x,y\n" + rows)
    assert data.classes == ("1", "2", "10")
    assert (np.bincount(data.y_train) > 0).all()


def test_the_seed_fixes_the_split():
    one, again, other = (read(table(), seed=seed).sha256() for seed in (1, 1, 2))
    assert one == again != other


def changed(row, column, cell):
    """The table with another cell, counted as a spreadsheet counts."""
    rows = list(csv.reader(io.StringIO(table())))
    rows[row - 1][column] = cell
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "This cell is empty"),
        ("  ", "This cell is empty"),
        ("NaN", "“NaN”: fill missing values in"),
        ("?", "“?”: fill missing values in"),
        ("n/a", "“n/a”: fill missing values in"),
        ("tall", "“tall” is no number"),
        ("1,5", "“1,5”: a decimal point"),
        ("1_000", "“1_000” is no number"),
        ("٣", "“٣” is no number"),
        ("inf", "“inf” is no number"),
        ("1e39", "“1e39” is beyond"),
        ("0x10", "“0x10” is no number"),
    ],
)
def test_a_cell_that_is_no_number_is_named_by_row_and_column(cell, message):
    ((place, found),) = refusals(changed(7, 1, cell)).items()
    assert place == "row 7, column “weight”"
    assert found.startswith(message)


def test_a_row_without_a_class_is_named():
    ((place, message),) = refusals(changed(9, 2, "")).items()
    assert place == "row 9, column “kind”"
    assert "needs its class" in message


def test_several_problems_are_told_at_once_but_not_all():
    broken = table(row="{i},x,{k}", n=400)
    found = refusals(broken)
    assert list(found) == [f"row {row}, column “weight”" for row in range(2, 12)]


CASES = {
    "nothing": ("", "file", "the file is empty"),
    "one column": ("kind\na\nb\n", "file", "only “kind”"),
    "no names": ("1,2,3\n4,5,6\n", "row 1", "names of the columns"),
    "no rows": ("a,b,c\n", "file", "no rows"),
    "short row": (table() + "1,2\n", "row 32", "2 cells; 3 are needed"),
    "long row": (table() + "1,2,3,4\n", "row 32", "4 cells; 3 are needed"),
    "same names": (table(header="age,age,kind"), "column “age”", "2 columns"),
    "no name": (table(header="age,,kind"), "column 2", "name of 1 to 100"),
    "one class": (table(row="{i},{w},a"), "kind", "1 class; at least 2"),
    "rare class": (table() + "1,2,c\n", "kind", "“c” has 1 training rows; at least 5"),
    "bytes": (b"a,b,c\n1,2,\xff\n", "file", "no text in UTF-8"),
    "quotes": ('a,b,c\n1,2,"x"y\n', "file", "no CSV"),
    "nul": ("a,b,c\n1,\0,x\n", "", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_table_is_refused_with_the_place_and_the_reason(case):
    text, place, message = CASES[case]
    found = refusals(text)
    if place:
        assert message in found[place]


def test_an_unknown_column_for_the_class_is_refused_with_those_there_are():
    assert refusals(table(), target="sort") == {
        "target": "There is no column “sort”; there are age, weight, kind."
    }


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"n_images": 20}, "21 rows; at most 20"),
        ({"n_features": 1}, "2 features; 1 to 1"),
        ({"n_cells": 39}, "20 rows of 2 numbers; at most 39 in all"),
        ({"upload_bytes": 100}, "at most 100"),
        ({"n_classes": 1}, "2 classes; at most 1"),
    ],
)
def test_limits_are_kept(limits, message):
    ((_, found),) = refusals(table(), limits=Limits(**limits)).items()
    assert message in found


@pytest.mark.parametrize("text", ["a,b\n1" + "," * 2**21, 'a,b\n1,"' + "x\n" * 2**20])
def test_a_row_without_end_is_refused_before_it_fills_the_memory(text):
    assert "row 2" in refusals(text) or "file" in refusals(text)


def test_reading_does_not_close_the_file():
    file = io.BytesIO(table().encode())
    feature_csv.read(file, seed=0)
    assert not file.closed


def test_a_stored_data_set_is_read_back_the_same():
    data = read(table())
    again = FeatureData.load(io.BytesIO(data.to_bytes()))
    assert again.sha256() == data.sha256()
    assert again.columns == data.columns
    assert data.to_bytes() == again.to_bytes()


def test_damaged_text_is_refused_or_read_but_never_crashes():
    rng = np.random.default_rng(1)
    content = table().encode()
    for _ in range(300):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 3):
            damaged[position] = rng.integers(0, 256)
        with suppress(DataRefused):
            read(bytes(damaged))


@pytest.mark.slow
def test_two_million_cells_are_read_within_seconds():
    line = ",".join(["-1.2345678"] * 100)
    text = "\n".join([",".join(f"f{i}" for i in range(101))] + [line + ",a", line + ",b"] * 10_000)
    started = time.process_time()
    data = read(text)
    assert time.process_time() - started < 10
    assert sum(data.statistics()["n"].values()) == 20_000
