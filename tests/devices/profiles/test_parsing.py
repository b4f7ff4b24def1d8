"""Bytes become text and values without being run or trusted."""

import json
import pickle

import pytest

from devices.profiles import parsing
from devices.profiles.parsing import Unreadable


def refusal(data, filename="profile.json"):
    with pytest.raises(Unreadable) as error:
        parsing.document(data, filename)
    return error.value.problem


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], parsing.Document("json", "")])
def test_pickles_of_every_protocol_are_refused(protocol, value):
    problem = refusal(pickle.dumps(value, protocol), "table.pkl")
    assert problem.level == "E"
    assert "never read. Export the table as JSON or CSV" in problem.text


@pytest.mark.parametrize("protocol", range(2, 6))
def test_pickles_are_known_by_their_bytes_not_by_their_name(protocol):
    assert "never read" in refusal(pickle.dumps({"a": 1}, protocol)).text


@pytest.mark.parametrize(
    "data", [b"\x93NUMPY\x01\x00", b"PK\x03\x04...archive/data.pkl", b"PK\x03\x04 x.npy"]
)
def test_containers_of_pickles_are_refused_like_pickles(data):
    assert "never read" in refusal(data).text


def test_archives_and_spreadsheets_are_named_as_such():
    assert "archive or a spreadsheet" in refusal(b"PK\x03\x04 xl/workbook.xml").text


def test_text_that_is_not_utf8_is_refused_with_its_place():
    problem = refusal(b"type,h\nconv,\xff8\n", "a.csv")
    assert "line 2, column 6" in problem.text
    assert problem.line == 2


def test_broken_json_is_refused_with_its_place():
    assert "line 2, column 7" in refusal(b'{\n "a": ?}').text


def test_an_empty_file_is_refused():
    assert refusal(b" \n").text == "The file is empty."


def test_a_file_beyond_the_limit_is_refused_unread():
    assert "at most 16 MiB" in refusal(b"{" * (parsing.UPLOAD_BYTES + 1)).text


def test_a_table_of_too_many_lines_is_refused():
    assert "lines" in refusal(b"\n" * (2 * parsing.LINES) + b"\nx").text


@pytest.mark.parametrize("depth", [13, 200_000])
def test_deep_nesting_is_refused(depth):
    assert "nested deeper than 12" in refusal(b"[" * depth + b"0" + b"]" * depth).text


def test_nesting_within_the_limit_is_read():
    assert parsing.document(b"[" * 12 + b"0" + b"]" * 12, "a.json").kind == "json"


def test_numbers_of_thousands_of_digits_are_refused():
    assert "thousands of digits" in refusal(b'{"a": ' + b"1" * 5000 + b"}").text


def test_duplicate_keys_are_marked():
    value = parsing.strict_json('{"a": 1, "b": {"c": 1, "c": 2, "d": 0}}')
    assert value["b"].names == ("c",)
    assert not isinstance(value, parsing.DuplicateKeys)


def test_byte_order_mark_is_dropped():
    assert parsing.document(b"\xef\xbb\xbf{}", "a.json").value == {}


def test_separator_is_the_most_frequent_outside_quotes():
    assert parsing.separator('a,b,"x;y;z;w"') == ","
    assert parsing.separator("a;b;c") == ";"
    assert parsing.separator("a\tb") == "\t"


def test_rows_carry_the_line_on_which_they_begin():
    text = 'a,"1\n2"\n\nb,3\n'
    assert [line for line, _ in parsing.csv_rows(text, ",", 10)] == [10, 13]


@pytest.mark.parametrize("text", ['a,"b\n', 'a,"b"c\n', "a," + "x" * 200_000])
def test_broken_quotes_and_endless_cells_are_refused(text):
    with pytest.raises(Unreadable, match="Line 1 is not readable as CSV"):
        list(parsing.csv_rows(text, ","))


@pytest.mark.parametrize(
    ("cell", "decimal_comma", "expected"),
    [
        (" 12 ", False, 12),
        ("1.5e-3", False, 0.0015),
        ("1,5", True, 1.5),
        ("1,5", False, "1,5"),
        ("1_000", False, "1_000"),
        ("٣", False, "٣"),
        ("0x10", False, "0x10"),
        ("1.4 ms", False, "1.4 ms"),
        ("1" * 100_000 + "x", False, "1" * 100_000 + "x"),
    ],
)
def test_only_plain_numbers_are_numbers(cell, decimal_comma, expected):
    assert parsing.number(cell, decimal_comma=decimal_comma) == expected


def test_a_profile_is_named_after_its_file():
    assert parsing.name_of("C:\\data\\my <phone>_v2.csv") == "my phone _v2"
    assert parsing.name_of("") == "Uploaded profile"
    assert len(parsing.name_of("x" * 500)) == 120


def test_duplicates_of_json_are_not_lost_silently():
    assert json.loads('{"a": 1, "a": 2}') == {"a": 2}  # what is guarded against
