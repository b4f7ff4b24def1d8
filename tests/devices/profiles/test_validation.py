"""One test for each case of the validation table: level, place and what would be right."""

import json

import pytest

from devices.profiles import checks
from devices.profiles.intake import Accepted, Refused


def padded(*bad):
    """Rows of which a twentieth is bad, so that the rest is accepted."""
    good = [fine(h) for h in range(10, 10 + 19 * len(bad))]
    return [*bad, *good]


def fine(h):
    return {
        "op": {"type": "conv", "h": h, "cin": 64, "cout": 256, "k": 1},
        "mean_ms": 0.0137 * h * h,
    }


def with_op(**fields):
    return {"op": {"type": "conv", "h": 8, "cin": 64, "cout": 256, "k": 1} | fields, "mean_ms": 1}


def test_good_rows_pass_without_a_word(document, upload):
    verdict = upload(document(padded()))
    assert isinstance(verdict, Refused)
    verdict = upload(document([fine(h) for h in range(10, 40)]))
    assert isinstance(verdict, Accepted)
    assert verdict.report == []


def test_an_unknown_layout_is_named_with_what_is_known(texts):
    text = texts('{"a": 1, "b": 2}')[0]
    assert "No known layout: top-level keys are 'a, b'" in text
    assert "webnas JSON (webnas-json), webnas CSV (webnas-csv)" in text
    assert "begins with 'hello'" in texts("hello")[0]
    assert "No known layout" in texts("[1, 2]")[0]


def test_an_unknown_format_is_refused(texts, document):
    assert "format is 'onnx'; it must be one of webnas-json" in texts(document(), format="onnx")[0]


def test_a_format_of_the_wrong_kind_is_refused(upload, document):
    assert isinstance(upload(document(), format="webnas-csv"), Refused)
    assert isinstance(upload("type,mean_ms\n", format="webnas-json"), Refused)


def test_an_unknown_schema_major_is_refused(texts, document):
    found = texts(document(schema="webnas.device-profile/3"))
    assert found == ["E Made for device-profile/3; this server reads /1."]


@pytest.mark.parametrize("field", ["dtype", "batch", "threads"])
def test_missing_conditions_are_asked_for(upload, document, field):
    content = document()
    del content["runtime"][field]
    question = upload(content)
    assert question.field == field
    answer = {"dtype": "fp32", "batch": "1", "threads": "0"}[field]
    assert isinstance(upload(content, **{field: answer}), Accepted)


def test_precision_is_asked_for_with_its_choices(upload, document):
    content = document()
    del content["runtime"]["dtype"]
    assert upload(content).choices == ("fp32", "tf32", "fp16", "bf16", "int8")


def test_an_answer_out_of_range_is_refused(texts, document):
    content = document()
    del content["runtime"]["batch"]
    assert "runtime.batch is 0; it must be a whole number" in texts(content, batch="0")[0]


def test_unknown_keys_refuse_the_file(texts, document):
    assert "key 'entriess' unknown; nearest: entries" in texts(document(entriess=[]))[0]
    found = texts(document(device={"kind": "cpu", "memory": 5}))
    assert "device.'memory' unknown; nearest: memory_bytes" in found[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("-1", "mean is -1; times must be above 0 ms."),
        ("0", "mean is 0; times must be above 0 ms."),
        ("NaN", "mean is nan; times must be above 0 ms."),
        ("1e999", "mean is inf; times must be above 0 ms."),
        ("700000", "mean is 700 000 ms, above 10 minutes; is it in microseconds?"),
        ('"1,4"', "mean is '1,4'; write 1.4 with a point."),
        ('"fast"', "mean is 'fast'; it must be a plain number of ms."),
        ("null", "mean is None; it must be a plain number of ms."),
        ("true", "mean is True; it must be a plain number of ms."),
    ],
)
def test_times_that_are_none_reject_their_row(upload, document, value, words):
    content = json.dumps(document(padded(with_op() | {"mean_ms": "@"}))).replace('"@"', value)
    verdict = upload(content)
    assert isinstance(verdict, Accepted)
    (problem,) = verdict.report
    assert problem.text == f"Row 1 (conv 8×8×64→256 k1): {words}"
    assert (problem.level, problem.line, problem.key) == ("R", 1, "mean_ms")
    assert len(verdict.profile.entries) == 19


@pytest.mark.parametrize("place", ["device", "overhead_ms", "op", "arch", "std_ms"])
def test_nan_is_accepted_nowhere(upload, document, place):
    content = document([fine(h) for h in range(10, 20)])
    nan = float("nan")
    if place == "device":
        content["device"]["bandwidth_bytes_per_s"] = nan
    elif place == "overhead_ms":
        content["overhead_ms"] = nan
    elif place == "op":
        content["entries"][0]["op"]["h"] = nan
    elif place == "arch":
        content["models"] = [{"arch": {"a": [nan]}, "mean_ms": 1}]
    else:
        content["entries"][0]["std_ms"] = nan
    verdict = upload(content)
    problems = verdict.problems if isinstance(verdict, Refused) else verdict.report
    assert {problem.level for problem in problems} <= {"E", "R"}
    assert problems


def test_a_missing_time_rejects_its_row(texts, document):
    found = texts(document(padded({"op": with_op()["op"]})))
    assert found == ["R Row 1 (conv 8×8×64→256 k1): mean_ms is missing."]


def test_a_column_of_texts_with_one_suffix_is_read(upload, document):
    rows = [fine(h) for h in (10, 20)]
    for entry in rows:
        entry["mean_ms"] = f"{entry['mean_ms'] * 1000:.1f} us"
    verdict = upload(document(rows))
    assert [entry.mean_ms for entry in verdict.profile.entries] == [1.37, 5.48]
    assert "read as numbers of us" in verdict.report[0].text


def test_a_column_of_texts_with_two_suffixes_is_rejected(texts, document):
    rows = padded(with_op() | {"mean_ms": "1.4 ms"})
    assert "mean is '1.4 ms'; it must be a plain number of ms." in texts(document(rows))[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "convv"}, "(convv): type 'convv' unknown; nearest: conv"),
        ({"cin": 96, "g": 5}, "groups 5 does not divide cin 96."),
        ({"k": 300}, "k is 300; it must be a whole number from 1 to 255."),
        ({"h": "56"}, "h is '56'; it must be a whole number from 1 to 16384."),
        ({"s": 2, "skip": True}, "a skip needs stride 1 and equal channels."),
        ({"type": "dwconv", "cout": 100}, "cout 100 is no multiple of cin 64"),
        ({"type": "attention"}, "q_len is missing; attention needs q_len, kv_len, heads, cin."),
        ({"kernel": 3}, "field 'kernel' unknown"),
    ],
)
def test_operations_that_cannot_be_reject_their_row(texts, document, fields, words):
    found = texts(document(padded(with_op(**fields))))
    assert found[0].startswith("R Row 1 (")
    assert words in found[0]


@pytest.mark.parametrize("entry", [3, None, [], {"mean_ms": 1}, {"op": [], "mean_ms": 1}])
def test_rows_that_are_no_rows_are_rejected(upload, document, entry):
    verdict = upload(document(padded(entry)))
    assert isinstance(verdict, Accepted)
    assert (verdict.report[0].level, verdict.report[0].line) == ("R", 1)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"p95_ms": 1, "p50_ms": 2}, "a p95 below their p50"),
        ({"min_ms": 3}, "a minimum above their mean"),
        ({"std_ms": 9}, "a spread above 3 times their mean"),
        ({"std_ms": 0.6}, "vary by more than 50 %: measure again on a quiet device"),
        ({"runs": 4}, "were measured fewer than 5 times"),
    ],
)
def test_doubtful_statistics_are_warned_about(upload, document, figures, words):
    verdict = upload(document([with_op() | figures, fine(20)]))
    (problem,) = verdict.report
    assert (problem.level, problem.line) == ("W", 1)
    assert words in problem.text
    assert len(verdict.profile.entries) == 2


def test_equal_times_of_different_operations_are_warned_about(texts, document):
    rows = [fine(h) for h in range(10, 30)]
    for entry in rows[:4]:
        entry["mean_ms"] = 1.7
    assert "W 4 rows of different operations have the same time, 1.7 ms." in texts(document(rows))


def test_whole_milliseconds_are_warned_about(texts, document):
    rows = [fine(h) | {"mean_ms": h} for h in range(20, 60)]
    assert texts(document(rows)) == ["W Times are whole milliseconds: errors up to ±2.5 %."]


def test_identical_rows_are_kept_once(upload, document):
    verdict = upload(document([fine(20), fine(10), fine(20)]))
    assert len(verdict.profile.entries) == 2
    text = "2 identical rows of conv 20×20×64→256 k1 (rows 1, 3); one is kept."
    assert [problem.text for problem in verdict.report] == [text]


def test_repeats_are_merged_by_their_runs(upload, document):
    rows = [with_op() | {"mean_ms": 1.0, "runs": 30, "std_ms": 0.1, "min_ms": 0.9}]
    rows += [with_op() | {"mean_ms": 1.2, "runs": 10, "std_ms": 0.1}]
    verdict = upload(document(rows))
    (entry,) = verdict.profile.entries
    assert entry.mean_ms == pytest.approx(1.05)
    assert entry.std_ms == pytest.approx((0.01 + 0.75 * 0.05**2 + 0.25 * 0.15**2) ** 0.5)
    assert (entry.runs, entry.min_ms) == (40, 0.9)
    assert "differ by 20 %" in verdict.report[0].text


def test_contradicting_repeats_are_all_rejected(upload, document):
    rows = [*padded(with_op()), with_op() | {"mean_ms": 1.3}]
    verdict = upload(document(rows))
    assert len(verdict.profile.entries) == 19
    assert [problem.line for problem in verdict.report] == [1, 21]
    assert "1 ms, but row 21 says 1.3 ms for the same operation" in verdict.report[0].text


def test_the_same_operation_in_other_words_is_a_repeat(upload, document):
    spoken = with_op(w=8, s=1, g=1, act="none", batch=1, dtype="fp32")
    verdict = upload(document([with_op(), spoken, fine(20)]))
    assert "2 identical rows" in verdict.report[0].text


def test_rows_copied_from_another_profile_are_found(upload, document):
    profile = upload(document([fine(h) for h in range(10, 20)])).profile
    other = upload(document([fine(h) for h in range(15, 30)])).profile
    own = checks.fingerprints(profile)
    (problem,) = checks.copied(own, [("Note10 224", checks.fingerprints(other)), ("empty", ())])
    assert problem.text == "5 rows equal those of 'Note10 224': copied from another device?"
    assert problem.level == "W"


def test_of_many_profiles_those_with_the_most_equal_rows_are_named():
    own = frozenset(range(20))
    others = [(f"device {n}", range(n)) for n in (0, 1, 3, 9, 5, 7, 8)]
    found = [problem.text.partition(":")[0] for problem in checks.copied(own, others)]
    assert found == [f"{n} rows equal those of 'device {n}'" for n in (9, 8, 7, 5, 3)]
    (one,) = checks.copied(own, others[:2])
    assert one.text == "1 row equals one of 'device 1': copied from another device?"


def test_bigger_operations_that_are_faster_are_listed(texts, document):
    found = texts(document([fine(20), fine(30) | {"mean_ms": 4.0}]))
    assert found[0].startswith("W conv 30×30×64→256 k1 takes 4 ms (number 2), less than")
    kernel = texts(document([with_op(k=3), with_op(k=5) | {"mean_ms": 0.7}]))
    assert "conv 8×8×64→256 k5 takes 0.7 ms" in kernel[0]


def test_time_on_the_fallback_is_summed(texts, document):
    rows = [fine(20), fine(30) | {"unit": "fallback"}]
    assert texts(document(rows)) == ["W 69 % of the time is spent on the CPU fallback."]


def test_impossible_energy_is_dropped_and_the_time_kept(upload, document):
    device = {"kind": "cpu", "power_w": {"idle": 0.6, "tdp": 10}}
    rows = [fine(20) | {"energy_mj": 3300}, fine(30) | {"energy_mj": 50}]
    verdict = upload(document(rows, device=device))
    assert [entry.energy_mj for entry in verdict.profile.entries] == [None, 50]
    (problem,) = verdict.report
    assert "3 300 mJ in 5.48 ms is 602 W" in problem.text
    assert (problem.level, problem.key) == ("R", "energy_mj")


def test_a_file_is_accepted_below_a_fifth_of_rejected_rows(upload, document):
    rows = [fine(h) for h in range(10, 19)]
    assert isinstance(upload(document([*rows, with_op(h=0)])), Accepted)
    bad = [with_op(h=0), with_op(h=-1)]
    verdict = upload(document([*rows[:8], *bad]))
    assert isinstance(verdict, Refused)
    assert "2 of 10 rows are rejected" in verdict.problems[0].text


def test_whole_networks_alone_need_three(upload, document):
    models = [{"arch": {"r": r}, "mean_ms": r / 10} for r in (128, 160, 192)]
    assert isinstance(upload(document([], models=models)), Accepted)
    verdict = upload(document([], models=models[:2]))
    assert "needs at least one row of an operation or 3 whole networks" in verdict.problems[0].text


def test_rejected_networks_are_named(texts, document):
    models = [{"arch": {"r": 1}, "mean_ms": -1}, {"mean_ms": 1}, {"arch": [], "mean_ms": 1}]
    found = texts(document([fine(h) for h in range(10, 40)], models=models))
    assert found[0] == "R Row 1 (whole network): mean is -1; times must be above 0 ms."
    assert "arch is missing" in found[1]
    assert "arch is []" in found[2]


def test_entries_that_are_no_list_are_refused(texts, document):
    assert "entries is {}; it must be a list" in texts(document() | {"entries": {}})[0]


def test_too_many_rows_are_refused_at_once(texts, document):
    content = document(models=[{}] * 5001)
    assert "more than 5000 rows of whole networks" in texts(content)[0]


def test_at_most_200_messages_are_shown(upload, document):
    rows = [fine(h) for h in range(10, 1600)] + [with_op(h=-h) for h in range(300)]
    verdict = upload(document(rows))
    assert isinstance(verdict, Accepted)
    assert len(verdict.report) == 201
    assert verdict.report[-1].text == "… and 100 more."


def test_rows_of_two_kinds_make_a_mixed_profile(upload, document):
    verdict = upload(document([fine(20) | {"source": "predicted"}, fine(30)]))
    assert verdict.profile.provenance.kind == "mixed"


def test_texts_that_no_database_stores_are_refused(texts, document):
    assert "name is" in texts(document(name="a\x00b"))[0]
    assert "name is" in texts(document(name="\ud800"))[0]
