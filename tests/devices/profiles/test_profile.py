"""Profiles have one normal form, one identity, and a schema that they keep."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from devices.profiles import rules, vocabulary
from devices.profiles.problems import ProblemError
from devices.profiles.profile import Entry, Profile, canonical_json


def test_what_is_written_validates_against_the_schema(example):
    jsonschema.Draft202012Validator(rules.schema()).validate(json.loads(example.to_json()))


def test_schema_is_the_published_one(shared_data):
    published = Path(shared_data).parent / "device-profile.schema.json"
    assert json.loads(published.read_text()) == rules.schema()


def test_vocabulary_is_that_of_the_schema():
    fields = rules.schema()["$defs"]["op"]["properties"]
    assert set(fields) == set(vocabulary.FIELDS)
    for name, allowed in vocabulary.CHOICES.items():
        assert tuple(fields[name]["enum"]) == allowed
    for name, largest in vocabulary.INTEGERS.items():
        assert fields[name].get("maximum", vocabulary.UNBOUNDED) == largest


def test_json_round_trip_keeps_everything(example):
    assert Profile.from_dict(json.loads(example.to_json())) == example


def test_identity_is_the_hash_of_the_canonical_content():
    document = {
        "schema": "webnas.device-profile/1",
        "name": "a",
        "device": {"kind": "cpu", "peak_flops": {"fp32": 1000}},
        "runtime": {"engine": "x", "dtype": "fp32", "batch": 1, "threads": 1},
        "provenance": {"kind": "measured"},
        "entries": [{"op": {"type": "linear", "cin": 4, "cout": 2, "s": 1}, "mean_ms": 1}],
    }
    content = (
        '{"device":{"kind":"cpu","peak_flops":{"fp32":1000.0}},'
        '"entries":[{"mean_ms":1.0,"op":{"cin":4,"cout":2,"type":"linear"}}],'
        '"runtime":{"batch":1,"dtype":"fp32","engine":"x","threads":1}}'
    )
    expected = hashlib.sha256(content.encode()).hexdigest()
    assert Profile.from_dict(document).content_sha256() == expected


def test_renaming_and_reordering_keep_the_identity(example):
    renamed = replace(
        example,
        name="Other",
        provenance=replace(example.provenance, notes=None, created=None),
        entries=example.entries[::-1],
    )
    assert renamed.content_sha256() == example.content_sha256()


def test_another_time_is_another_identity(example):
    slower = replace(example.entries[0], mean_ms=1.42)
    other = replace(example, entries=(slower, example.entries[1]))
    assert other.content_sha256() != example.content_sha256()


def test_batch_and_precision_of_the_header_are_in_no_key(example):
    spoken = replace(example.entries[0].op, batch=1, dtype="fp32")
    other = replace(example, entries=(Entry(spoken, 1.0), example.entries[1]))
    assert other.entries[0].op == example.entries[0].op
    batched = replace(example, entries=(Entry(replace(spoken, batch=8), 1.0),))
    assert batched.entries[0].op.batch == 8
    assert batched.entries[0].op.dtype is None


def test_canonical_json_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": float("nan")})


def test_downloaded_json_has_one_row_per_line(example):
    lines = example.to_json().splitlines()
    assert sum('"mean_ms"' in line for line in lines) == 3


def test_a_profile_without_rows_is_written_and_read(example):
    empty = replace(example, entries=(), models=())
    assert Profile.from_dict(json.loads(empty.to_json())) == empty


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"schema": "webnas.device-profile/3"},
            "Made for device-profile/3; this server reads /1.",
        ),
        ({"nmae": "x"}, "key 'nmae' unknown; nearest: name."),
        ({"device": {"kind": "fpga"}}, "device.kind is 'fpga'; it must be one of gpu, mobile"),
        ({"device": {"kind": "cpu", "peak_flops": {"fp31": 1}}}, "peak_flops.'fp31' unknown"),
        ({"device": {"kind": "cpu", "vendor": "a\x00"}}, "device.vendor"),
        ({"provenance": {"kind": "measured", "created": "soon"}}, "a date and time such as"),
        ({"entries": [{"mean_ms": 1}]}, "op is missing"),
        ({"models": [3]}, "arch is missing"),
        ({"overhead_ms": -1}, "overhead_ms is -1; it must be a number at least 0."),
        ({"name": ""}, "not empty"),
    ],
)
def test_documents_that_break_the_schema_are_refused(example, change, words):
    with pytest.raises(ProblemError) as error:
        Profile.from_dict(example.to_dict() | change)
    assert words in str(error.value)


def test_numbers_and_texts_that_no_database_stores_are_refused():
    assert not rules.is_storable({"a": [1, {"b": float("inf")}]})
    assert not rules.is_storable({"a": "\ud800"})
    assert rules.is_storable({"a": [1, 2.5, None, True, {"b": "text"}]})


def test_cells_that_look_like_formulas_are_defused(example):
    text = example.to_csv()
    assert "'=cmd()" in text
    assert ",=" not in text
