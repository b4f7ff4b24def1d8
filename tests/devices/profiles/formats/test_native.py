"""The native JSON and CSV say the same, and both are read as they were written."""

import json
from dataclasses import replace
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.profiles.formats import registry
from devices.profiles.intake import Accepted, Question, Refused
from devices.profiles.operations import Operation
from devices.profiles.profile import Entry

FACTS = """#webnas.device-profile/1
#name=Lab phone, big core
#kind=mobile; memory_bytes=6442450944; peak_fp32=4.5e10; bandwidth=3.4e10; power_active_w=2.4
#engine=litert; version=2.1; dtype=fp32; batch=1; threads=1; unit=ms; provenance=measured
"""
TABLE = """type,h,w,cin,cout,mid,k,s,g,act,se,skip,q_len,kv_len,heads,mean_ms,std_ms,runs
mbconv,56,56,24,40,96,5,2,,relu,1,0,,,,1.41,0.03,60
attention,,,512,512,,,,,,,,30,30,8,0.92,0.02,60
"""
MODEL = '#model,"{""r"":224,""d"":[2,2]}",14.8,0.2,,40,35.1,,holdout\n'
SHORT = "type,h,cin,cout,k,{}\nconv,8,64,256,1,{}\nconv,16,64,256,1,{}\n"


def short(column, *values, facts=FACTS, separator=","):
    return facts + SHORT.format(column, *values).replace(",", separator)


def means(verdict):
    assert isinstance(verdict, Accepted), verdict
    return [entry.mean_ms for entry in verdict.profile.entries]


@pytest.mark.parametrize("name", registry.FORMATS)
def test_every_registered_format_loads(name):
    card = registry.FORMATS[name]
    assert callable(card.load())
    assert card.load().__module__ == import_module(card.path.partition(":")[0]).__name__


def test_the_documented_table_is_read(upload):
    verdict = upload(FACTS + TABLE + MODEL, "phone.csv")
    assert verdict.report == []
    profile = verdict.profile
    assert profile.name == "Lab phone, big core"
    assert profile.device.peak_flops == {"fp32": 4.5e10}
    assert profile.device.power_w == {"active": 2.4}
    assert profile.entries[0].op.label() == "mbconv 56×56×24→96→40 k5 s2 relu se"
    assert profile.entries[0].op.se
    assert profile.entries[1].op.head_dim == 64
    assert profile.models[0].arch == {"r": 224, "d": [2, 2]}
    assert (profile.models[0].energy_mj, profile.models[0].split) == (35.1, "holdout")


def test_both_forms_of_a_profile_have_one_identity(example, upload):
    for text, name in ((example.to_json(), "a.json"), (example.to_csv(), "a.csv")):
        verdict = upload(text, name)
        assert isinstance(verdict, Accepted)
        assert verdict.profile == example
        assert verdict.profile.content_sha256() == example.content_sha256()
        assert not any("edited" in problem.text for problem in verdict.report)


UNSTORABLE = [chr(code) for code in range(32) if chr(code) not in "\t\n\r"]
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters=UNSTORABLE), min_size=1, max_size=12
) | st.sampled_from(["=1+1", " a ", "a, =b", "'", '"', "a;b", "#x", "a,", "-5", "\t", "é\nü", "1"])


@settings(max_examples=25, deadline=None, database=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_survives_both_forms(example, upload, name, notes, tag, key):
    op = Operation("other", tag=tag)
    profile = replace(
        example,
        name=name,
        space=key,
        device=replace(example.device, vendor=notes, facts_source=key),
        provenance=replace(example.provenance, notes=notes),
        entries=(*example.entries, Entry(op, 1.0, note=notes)),
        models=(replace(example.models[0], arch={key: [tag]}, model_sha256=notes),),
    )
    assert upload(profile.to_json()).profile == profile
    assert upload(profile.to_csv()).profile == profile


def test_an_edited_download_is_noticed(example, texts):
    edited = example.to_json().replace("1.41", "1.42")
    assert any("edited since it was made" in text for text in texts(edited))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_read(upload, separator):
    assert means(upload(short("mean_ms", 1, 2.5, separator=separator))) == [1, 2.5]


def test_decimal_commas_are_read_with_semicolons(upload):
    text = FACTS + "type;h;cin;cout;k;mean_ms\nconv;8;64;256;1;1,5\n"
    assert means(upload(text)) == [1.5]


def test_decimal_commas_are_refused_with_commas(texts):
    assert any("write 1.5 with a point" in text for text in texts(short("mean_ms", '"1,5"', 2)))


def test_byte_order_mark_and_quoted_facts_of_spreadsheets_are_read(upload):
    text = short("mean_ms", 1, 2).replace(
        "#name=Lab phone, big core", '"#name=Lab phone, big core",,,'
    )
    verdict = upload(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert verdict.profile.name == "Lab phone, big core"
    assert means(verdict) == [1, 2]


@pytest.mark.parametrize(
    ("column", "factor"),
    [
        ("mean_us", 1e-3),
        ("mean_s", 1e3),
        ("latency_ms", 1),
        ("Latency (µs)", 1e-3),
        ("avg [ms]", 1),
        ("mean", 1),
    ],
)
def test_the_unit_is_in_the_name_of_the_column(upload, column, factor):
    values = (1 / factor, 2 / factor)
    assert means(upload(short(column, *values))) == pytest.approx([1, 2])


def test_a_column_without_any_unit_is_asked_about(upload):
    text = short("mean", 1000, 2000, facts=FACTS.replace("unit=ms; ", ""))
    question = upload(text)
    assert (question.field, question.choices) == ("unit", ("ns", "us", "ms", "s"))
    assert means(upload(text, unit="us")) == [1, 2]


def test_a_unit_that_contradicts_its_column_is_asked_about(upload):
    text = short("mean_ms", 1000, 2000, facts=FACTS.replace("unit=ms", "unit=us"))
    assert isinstance(upload(text), Question)
    assert means(upload(text, unit="us")) == [1, 2]


def test_energy_columns_have_their_units(upload):
    text = short("mean_ms,energy_uj", "1,2000", "2,4000")
    assert [entry.energy_mj for entry in upload(text).profile.entries] == [2, 4]


def test_remarks_and_blank_lines_are_passed_over(upload):
    text = short("mean_ms", 1, 2).replace("#kind", "# measured on a cold day\n\n#kind")
    assert means(upload(text + "\n# the end\n")) == [1, 2]


def test_a_table_without_facts_asks_for_them_one_by_one(upload):
    text, answers = short("mean_ms", 1, 2, facts=""), {}
    given = {
        "kind": "cpu",
        "engine": "litert",
        "dtype": "fp32",
        "batch": "1",
        "threads": "4",
        "provenance": "measured",
    }
    while isinstance(verdict := upload(text, "my table.csv", **answers), Question):
        answers[verdict.field] = given[verdict.field]
    assert list(answers) == list(given)
    assert verdict.profile.runtime.threads == 4
    assert verdict.profile.name == "my table"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mean_ms", "meen_ms", "column 'meen_ms' unknown; nearest: mean_ms"),
        ("cout", "cin", "column 'cin' stands twice"),
        ("mean_ms", "note", "There is no column 'mean_ms' in line 5."),
        ("#kind", "#knid", "Line 3: 'knid' unknown in a comment line; nearest: kind"),
        ("dtype=fp32", "dtype=fp31", "runtime.dtype is 'fp31'; it must be one of fp32"),
        ("batch=1", "batch=one", "runtime.batch is 'one'; it must be a whole number"),
        ("version=2.1", "dtype=fp16", "Line 4: 'dtype' stands twice; keep one."),
        ("unit=ms", "unit=hours", "unit is 'hours'; it must be one of ns, us, ms, s."),
        ("profile/1", "profile/3", "Made for device-profile/3; this server reads /1."),
    ],
)
def test_wrong_facts_and_columns_refuse_the_file(texts, old, new, words):
    found = texts(short("mean_ms", 1, 2).replace(old, new, 1))
    assert any(text.startswith("E") and words in text for text in found)


def test_a_row_of_another_length_is_rejected_with_its_line(upload):
    text = FACTS + SHORT.format("mean_ms", 1, 2) + "conv,32,64,256,1\n" * 1
    text += "".join(f"conv,{h},64,256,1,{h}\n" for h in range(40, 50))
    (problem, *_) = upload(text).report
    assert problem.text == "Line 8 (conv 32×32×64→256 k1): it has 5 cells, the header has 6."
    assert (problem.level, problem.line) == ("R", 8)


def test_a_model_row_without_an_architecture_is_rejected(texts):
    found = texts(FACTS + TABLE + "#model,{oops,14.8\n" + MODEL * 3)
    assert any("arch is '{oops'; it must be a JSON object" in text for text in found)


def test_broken_quotes_refuse_the_table(upload):
    verdict = upload(FACTS + TABLE + 'conv,"8,64\n')
    assert isinstance(verdict, Refused)
    assert "Line 8 is not readable as CSV" in verdict.problems[0].text


def test_duplicate_keys_refuse_the_file_or_their_row(document, texts):
    text = json.dumps(document({h: h / 8 for h in range(8, 32)}))
    header = text.replace('"kind": "cpu"', '"kind": "cpu", "kind": "gpu"')
    assert "The key 'kind' stands twice in device" in texts(header)[0]
    row = text.replace('"mean_ms": 1.0', '"mean_ms": 1.0, "mean_ms": 2.0')
    assert texts(row)[0].startswith("R Row 1 (conv 8×8×64→256 k1): 'mean_ms' stands twice")
