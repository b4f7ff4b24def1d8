"""A slip of the unit is noticed, asked about, and put right by the answer."""

import random
from math import isclose

import pytest

from devices.profiles.intake import Accepted, Question, Refused
from devices.profiles.operations import Operation

# Median GFLOP/s of five published or measured tables, the peak assumed for the device, spread.
TABLES = {
    "phone": ("mobile", "tflite", 22.4, 45.4, 0.1),
    "older phone": ("mobile", "tflite", 8.0, 17.2, 0.15),
    "board gpu": ("gpu", "tensorrt", 23, 845, 0.5),
    "board cpu": ("cpu", "pytorch eager", 0.44, 130, 0.5),
    "x86 host": ("cpu", "onnxruntime", 97, 157, 0.1),
}


def table(document, name, slip=1.0, **changes):
    kind, engine, gflops, peak, spread = TABLES[name]
    rng = random.Random(3)
    rows = []
    for h in range(7, 107, 2):
        op = {"type": "mbconv", "h": h, "cin": 40, "cout": 40, "mid": 240, "k": 5}
        ms = Operation(**op).macs() * 2 / (gflops * 1e6) * 10 ** rng.gauss(0, spread)
        rows.append({"op": op, "mean_ms": ms * slip})
    device = {"kind": kind, "peak_flops": {"fp32": peak * 1e9}}
    runtime = {"engine": engine, "dtype": "fp32", "batch": 1, "threads": 1}
    return document(rows, device=device, runtime=runtime, **changes)


@pytest.mark.parametrize("name", TABLES)
def test_honest_tables_pass(document, upload, name):
    assert isinstance(upload(table(document, name)), Accepted)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(("slip", "unit"), [(1000, "us"), (0.001, "s")])
def test_slipped_tables_are_asked_about_and_put_right(document, upload, name, slip, unit):
    content = table(document, name, slip)
    question = upload(content)
    assert isinstance(question, Question)
    assert question.field == "unit"
    assert unit in question.choices
    honest = upload(table(document, name)).profile
    answered = upload(content, unit=unit)
    assert isinstance(answered, Accepted)
    assert isclose(answered.profile.entries[0].mean_ms, honest.entries[0].mean_ms, rel_tol=1e-9)


def test_the_question_shows_both_readings(document, upload):
    text = upload(table(document, "phone", 0.001)).question
    assert text.startswith("As milliseconds these times imply 2")
    assert "GFLOP/s on a device of 45.4 GFLOP/s; read as seconds they imply 2" in text


def test_the_answer_that_confirms_is_believed(document, upload):
    assert isinstance(upload(table(document, "phone", 1000), unit="ms"), Accepted)


def test_an_answer_scales_the_overhead_too(document, upload):
    content = table(document, "phone", 1000, overhead_ms=6)
    assert upload(content, unit="us").profile.overhead_ms == pytest.approx(0.006)


def test_an_unknown_unit_is_refused(document, texts):
    found = texts(table(document, "phone"), unit="hours")
    assert found == ["E unit is 'hours'; it must be one of ns, us, ms, s."]


def test_five_times_the_peak_is_refused_whatever_the_answer(document, texts):
    found = texts(table(document, "phone", 0.08), unit="ms")
    assert found[0].startswith("E The times imply 2")
    assert "correct the peak, the unit or the batch" in found[0]


def test_up_to_five_times_the_peak_is_a_warning(document, upload):
    verdict = upload(table(document, "phone", 0.3))
    assert isinstance(verdict, Accepted)
    assert "Winograd or a lower precision" in verdict.report[0].text


@pytest.mark.parametrize(("slip", "expected"), [(1, Accepted), (1000, Question), (1e-3, Question)])
def test_without_a_peak_the_kind_of_device_decides(document, upload, slip, expected):
    content = table(document, "phone", slip)
    del content["device"]["peak_flops"]
    assert isinstance(upload(content), expected)


@pytest.mark.parametrize(("engine", "per_cycle"), [("TFLM 2", 0.022), ("X-CUBE-AI", 0.4)])
@pytest.mark.parametrize("slip", [1, 1000])
def test_microcontrollers_are_judged_by_their_clock(document, upload, engine, per_cycle, slip):
    op = {"type": "mbconv", "h": 20, "cin": 16, "cout": 16, "mid": 48, "k": 3}
    ms = Operation(**op).macs() / (480e6 * per_cycle) * 1e3
    runtime = {"engine": engine, "dtype": "int8", "batch": 1, "threads": 1, "clock_hz": 480e6}
    content = document([{"op": op, "mean_ms": ms * slip}], device={"kind": "mcu"}, runtime=runtime)
    assert isinstance(upload(content), Accepted if slip == 1 else Question)


def test_a_single_impossible_row_is_rejected(document, upload):
    content = table(document, "phone")
    content["entries"][3]["mean_ms"] /= 1000
    verdict = upload(content)
    assert len(verdict.profile.entries) == 49
    (problem,) = [found for found in verdict.report if found.level == "R"]
    assert problem.line == 4
    assert "ms is impossible; at the peak of 45.4 GFLOP/s it takes" in problem.text


def test_a_single_slow_row_is_warned_about(document, upload):
    content = table(document, "phone")
    content["entries"][3]["mean_ms"] *= 1000
    verdict = upload(content)
    assert any("by the other rows it takes about" in found.text for found in verdict.report)
    assert len(verdict.profile.entries) == 50


def test_the_batch_multiplies_the_work(document, upload):
    content = table(document, "phone", 64)
    content["runtime"]["batch"] = 64
    assert isinstance(upload(content), Accepted)


def test_whole_networks_in_another_unit_are_refused(document, upload, texts):
    models = [{"arch": {}, "macs": 190e6, "mean_ms": 14.8}]
    assert isinstance(upload(table(document, "phone", models=models)), Accepted)
    models[0]["mean_ms"] *= 1000
    found = texts(table(document, "phone", models=models))
    assert "one of the two is in another unit" in found[0]


def test_networks_alone_are_checked_by_their_macs(document, upload):
    models = [{"arch": {"r": n}, "macs": 190e6 * n, "mean_ms": 14800 * n} for n in (1, 2, 3)]
    content = document([], models=models, device={"kind": "cpu", "peak_flops": {"fp32": 6e10}})
    assert upload(content).choices == ("ms", "us")
    assert upload(content, unit="us").profile.models[0].mean_ms == pytest.approx(14.8)


def test_rows_that_compute_nothing_are_not_judged(document, upload):
    rows = [{"op": {"type": "gap", "h": h, "cin": 8}, "mean_ms": h * 1e-9} for h in (7, 9)]
    assert isinstance(upload(document(rows)), Accepted)
    assert not isinstance(upload(document(rows)), Refused)
