"""The door answers every file, quickly, and never with an exception."""

import gc
import json
import random
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.profiles import intake
from devices.profiles.header import ASKED
from devices.profiles.intake import Accepted, Question, Refused

QUIET = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ANSWERS = st.dictionaries(
    st.sampled_from(["format", "unit", "name", "kind", "dtype", "batch", "threads", "engine"]),
    st.sampled_from(["us", "ms", "cpu", "fp32", "1", "-1", "webnas-csv", "webnas-json", "\x00é"]),
)
NUMBERS = (
    "0",
    "-1",
    "NaN",
    "1e999",
    "1e308",
    "5e-324",
    "null",
    '"1.4 ms"',
    "{}",
    "9" * 30,
    "true",
)


def judged(data, **answers):
    """The verdict, after the checks that hold for every verdict."""
    verdict = intake.read(data, "a.json", answers=answers)
    if isinstance(verdict, Accepted):
        assert verdict.profile.content_sha256()
        json.loads(verdict.profile.to_json(), parse_constant=pytest.fail)
        verdict.profile.to_csv().encode()
        assert all(problem.level in "RW" for problem in verdict.report)
    elif isinstance(verdict, Refused):
        assert any(problem.level == "E" for problem in verdict.problems)
        assert all(len(problem.text) < 600 for problem in verdict.problems)
    else:
        assert isinstance(verdict, Question)
        assert "?" in verdict.question
        assert verdict.field in {"unit", *ASKED}
    return verdict


@QUIET
@given(st.binary(max_size=200), ANSWERS)
def test_any_bytes_get_a_verdict(data, answers):
    judged(data, **answers)


@QUIET
@given(st.text(max_size=60), ANSWERS)
def test_any_text_after_a_known_beginning_gets_a_verdict(text, answers):
    judged(("#webnas.device-profile/1\n#" + text).encode("utf-8", "replace"), **answers)
    judged(('{"schema": "webnas.device-profile/1", ' + text).encode("utf-8", "replace"))


@pytest.mark.parametrize("form", ["json", "csv"])
def test_damaged_files_get_a_verdict(example, form):
    text = example.to_json() if form == "json" else example.to_csv()
    rng = random.Random(5)
    for _ in range(400):
        damaged = bytearray(text.encode())
        for _ in range(rng.randrange(1, 4)):
            start = rng.randrange(len(damaged))
            end = start + rng.randrange(12)
            damaged[start:end] = rng.choice(
                [b"", rng.randbytes(2), b'"', b",", b"=", b"{", damaged[end : end + 9]]
            )
        judged(bytes(damaged))


def test_documents_with_odd_values_get_a_verdict(example):
    lines = example.to_json().split("\n")
    rng = random.Random(6)
    for _ in range(300):
        line = rng.randrange(len(lines))
        values = list(re.finditer(r'(?<=: )(".*?"|[\w.+-]+)', lines[line]))
        if values:
            start, end = rng.choice(values).span()
            changed = lines[line][:start] + rng.choice(NUMBERS) + lines[line][end:]
            judged("\n".join([*lines[:line], changed, *lines[line + 1 :]]).encode())


@QUIET
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "op", "mean_ms", "h", "cin", "cout", "arch", "kind", "k"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["device", "runtime", "provenance", "entries", "models", "space", "name"]),
)
def test_any_value_in_any_place_gets_a_verdict(document, value, place):
    judged(json.dumps(document() | {place: value}).encode())
    judged(json.dumps(document() | {"entries": [value] * 2, "models": [value]}).encode())


@QUIET
@given(
    st.floats(min_value=5e-324, max_value=6e5), st.floats(min_value=5e-324, max_value=6e5),
    st.floats(min_value=0, max_value=1e30), st.integers(1, 2**53),
)  # fmt: skip
def test_extreme_numbers_get_a_verdict(document, row, first, second, std, runs):
    figures = {"std_ms": std, "runs": runs, "energy_mj": std}
    rows = [row(8, first, **figures), row(8, second), row(16384, first), row(1, second)]
    device = {"kind": "cpu", "power_w": {"idle": std}, "peak_flops": {"fp32": 1e30}}
    for content in (document(rows), document(rows, device=device)):
        judged(json.dumps(content).encode())
        judged(json.dumps(content).encode(), unit="ns")


def table(n):
    """A table of `n` different blocks with plausible times."""
    facts = "#kind=cpu; engine=o; dtype=fp32; batch=1; threads=1; provenance=measured\n"
    rows = [
        f"mbconv,{10 + i % 200},{24 + i // 200},40,96,5,2,1,{(10 + i % 200) ** 2 * (1 + i / n)},60"
        for i in range(n)
    ]
    head = "#webnas.device-profile/1\n" + facts + "type,h,cin,cout,mid,k,s,se,mean_us,runs\n"
    return (head + "\n".join(rows)).encode()


def seconds(data):
    start = time.process_time()
    verdict = intake.read(data, "big", answers={})
    return time.process_time() - start, verdict


@pytest.mark.slow
def test_a_table_of_100_000_rows_is_refused_at_once():
    taken, verdict = seconds(table(2) + b"\nmbconv,9,9,40,96,5,2,1,99,60" * 100_000)
    assert isinstance(verdict, Refused)
    assert "more than 50000 rows" in verdict.problems[0].text
    assert taken < 3


@pytest.mark.slow
def test_a_list_of_100_000_rows_is_refused_at_once(document, row):
    one = json.dumps(row(8, 1.0))
    text = json.dumps(document([])).replace("[]", f"[{one}{f', {one}' * 99_999}]")
    taken, verdict = seconds(text.encode())
    assert isinstance(verdict, Refused)
    assert taken < 3


@pytest.mark.slow
def test_the_largest_table_is_read_in_seconds():
    taken, verdict = seconds(table(50_000))
    assert isinstance(verdict, Accepted)
    assert len(verdict.profile.entries) == 50_000
    assert taken < 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        b'{"schema":"webnas.device-profile/1",' + b",".join(b'"x%d":0' % i for i in range(10**6)),
        b'{"a":' * 10**5,
        b"type,mean" * 10**6,
        b"#webnas.device-profile/1\n" + b"#a=1;" * 10**6,
        b"#webnas.device-profile/1\n#" + b"a" * 10**6,
        b"#webnas.device-profile/1\n#a=" + b" " * 10**6 + b'"',
        b'type,mean_ms\n"' * 10**5,
        b"type,mean_ms\n" + b"conv,1\n" * 10**5,
        b"type,mean_ms\n" + b"conv," + b"1" * 10**5 + b"x",
        b"type,mean_ms\n" * 10**5,
        b"\n" * 10**7,
    ],
    ids=range(11),
)
def test_hostile_files_are_answered_in_seconds(data):
    taken, verdict = seconds(data)
    assert isinstance(verdict, (Refused, Question))
    assert taken < 6


def test_the_search_for_cycles_goes_on_after_a_file():
    gc.enable()
    intake.read(b"{", "broken.json", answers={})
    assert gc.isenabled()
