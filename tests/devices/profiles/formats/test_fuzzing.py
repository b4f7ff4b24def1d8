"""Whatever a file holds: a named error, a question or an import; soon, and nothing is run."""

import json
import pickle
import random
import time

import pytest

from devices.profiles import intake
from devices.profiles.formats import registry
from devices.profiles.header import ASKED
from devices.profiles.intake import Accepted, Question, Refused
from tests.devices.profiles.formats import golden, mutations

FIELDS = {"unit", "dialect", "metric", *ASKED}
SECONDS = 10  # of a processor, for any file
A_FEW, MANY = 12, 1500  # damaged files of each layout


def judged(data, name="a.dat", **answers):
    """The verdict, after what holds for every verdict."""
    started = time.process_time()
    verdict = intake.read(data, name, answers=answers)
    assert time.process_time() - started < SECONDS
    if isinstance(verdict, Accepted):
        text = verdict.profile.to_json()
        json.loads(text, parse_constant=pytest.fail)
        assert verdict.profile.entries or len(verdict.profile.models) >= 3
        assert all(0 < row.mean_ms <= 600_000 for row in verdict.profile.entries)
        assert all(problem.level in "RW" for problem in verdict.report)
    elif isinstance(verdict, Refused):
        assert any(problem.level == "E" for problem in verdict.problems)
        assert all(0 < len(problem.text) < 900 for problem in verdict.problems)
    else:
        assert isinstance(verdict, Question)
        assert verdict.question
        assert {verdict.field, *(further.field for further in verdict.also)} <= FIELDS
    return verdict


def sample(name):
    """The file of a layout, and the answers that let it be taken."""
    if name in golden.TEXTS:
        return golden.TEXTS[name].encode()
    return golden.ARCHIVES[name]()


NAMES = [*golden.TEXTS, *golden.ARCHIVES]
# Half of a pair, or one network that its file's name does not tell.
PARTS = {"trt-profile.json", "trt-times.json", "executorch.csv", "aihub.json", "litert.log"}


@pytest.mark.parametrize("name", NAMES)
def test_the_undamaged_file_is_recognised_and_taken(name):
    verdict = judged(sample(name), name, **golden.ANSWERS)
    assert isinstance(verdict, Refused if name in PARTS else Accepted), verdict


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_get_a_verdict(name):
    for seed in range(A_FEW):
        judged(mutations.damaged(sample(name), f"{name} {seed}"), name, **golden.ANSWERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_damaged_files_get_a_verdict(name):
    data = sample(name)
    verdicts = {Accepted: 0, Question: 0, Refused: 0}
    for seed in range(MANY):
        answers = golden.ANSWERS if seed % 3 else {}
        verdicts[type(judged(mutations.damaged(data, seed), name, **answers))] += 1
    assert verdicts[Refused] > 0


@pytest.mark.parametrize("name", list(golden.TEXTS))
def test_no_reader_breaks_on_a_file_of_another_layout(name):
    for layout in registry.FORMATS:
        judged(sample(name), name, **golden.ANSWERS, format=layout)


@pytest.mark.slow
@pytest.mark.parametrize("layout", list(registry.FORMATS))
def test_no_reader_breaks_on_damaged_files_of_another_layout(layout):
    for name in NAMES:
        for seed in range(40):
            judged(mutations.damaged(sample(name), seed), name, **golden.ANSWERS, format=layout)


@pytest.mark.slow
@pytest.mark.parametrize("layout", list(registry.FORMATS))
def test_no_reader_breaks_on_any_value(layout):
    """Random nests of what readers look for, so that every look-up meets every type."""
    rng = random.Random(layout)
    for _ in range(1500):
        judged(json.dumps(nest(rng)).encode(), "a.json", **golden.ANSWERS, format=layout)


WORDS = [
    *"""
    schema entries models op type cat Node name x_kernel_time args dur op_name Conv
    input_type_shape output_type_shape float traceEvents cpu_op ph X ts aten::conv2d kernel
    Layers Inputs Outputs Dimensions Kernel Stride averageMs computeMs execution_summary
    estimated_inference_time all_inference_times config latency execution_detail HW CIN
    raspi4_latency conv Name LayerType Convolution ParameterType device runtime kind arch
    mean_ms count Conv-input:8x8x3-output:4x4x8 FC_Cin4_Cout5
    """.split(),  # noqa: SIM905 - three screens as a list
    "Input Dims",
    "Concrete Inputs",
    "External id",
    "1 +- 2",
    "[2, 2]",
]


def nest(rng, depth=0):
    kind = rng.random()
    if depth > 5 or kind < 0.3:
        values = [
            rng.choice(WORDS),
            rng.choice(WORDS),
            0,
            1,
            -3,
            2.5,
            10**18,
            True,
            None,
            "",
            float("nan"),
        ]
        return rng.choice(values)
    if kind < 0.55:
        return [nest(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {rng.choice(WORDS): nest(rng, depth + 1) for _ in range(rng.randrange(6))}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(golden.large()))
def test_a_hundred_thousand_rows_take_less_than_3_seconds(name):
    data = golden.large()[name]().encode()
    started = time.process_time()
    verdict = judged(data, name, **golden.ANSWERS)
    assert time.process_time() - started < 3, verdict


@pytest.mark.parametrize("name", [name for name in golden.TEXTS if name.endswith(".json")])
def test_numbers_of_hundreds_of_digits_get_a_verdict(name):
    data = mutations.NUMBER.sub(b"9" * 400, sample(name))
    for layout in registry.FORMATS:
        judged(data, name, **golden.ANSWERS, format=layout)


HOSTILE = {
    "aliases": "a: &a [x,x,x,x]\n" + "\n".join(f"b{i}: [*a, *a]" for i in range(99)),
    "tags": "!!python/object/apply:os.system ['false']",
    "merge keys": "Conv-input:8x8x3-output:4x4x8: &a {mean: 1}\nb: {<<: *a}",
    "deep flow": "Conv-input:8x8x3-output:4x4x8: " + "[" * 20_000,
    "deep blocks": "\n".join(" " * i + "a:" for i in range(3000)),
    "deep json": '{"a":' * 100_000,
    "wide json": '{"schema": "x", ' + ",".join(f'"k{i}": 0' for i in range(200_000)) + "}",
    "one long line": "Conv-input:" + "9" * 3_000_000,
    "long digits": '{"traceEvents": [' + "9" * 4000 + "]}",
    "many colons": "Conv-input:1x1x1-output:" + "-a:1" * 500_000,
    "many spaces": "x min = 1.0 max =" + " " * 400_000 + "avg = 1",
    "many spaced lines": ("resnet18 min = 1.0 max = 2.0 avg =" + " " * 360 + "x\n") * 30_000,
    "many brackets": "[ - ] a max = 1 ms min = 1 ms avg = 1 ms\n" * 200_000,
    "litert of commas": "Inference timings in us:\n" + "," * 3_000_000,
    "litert of spaces": "Operator-wise Profiling Info for Regular\n"
    + "===== Run Order\nnode type, avg ms\n"
    + (" " * 500 + "\n") * 20_000,
    "columns": ",".join(f"arch.x{i}" for i in range(100_000)) + ",latency_ms\n1,2\n",
    "quotes": 'arch,latency_ms\n"' * 100_000,
    "nothing but ends": "\r" * 3_000_000,
    "null bytes": "\x00" * 1_000_000,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_a_verdict_in_seconds(name):
    data = HOSTILE[name].encode()
    judged(data, "a.yaml", **golden.ANSWERS)
    for layout in registry.FORMATS:
        judged(data, "a.yaml", **golden.ANSWERS, format=layout)


class Payload:
    """What a pickle would run."""

    ran = False

    def __reduce__(self):
        return (setattr, (Payload, "ran", True))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["a.pkl", "a.json", "a.yaml", "a.zip"])
def test_no_pickle_is_run(name, protocol):
    data = pickle.dumps(Payload(), protocol)
    for content in (data, golden.zipped({"table.json": data}), golden.zipped({"data.pkl": data})):
        assert isinstance(judged(content, name, **golden.ANSWERS), Refused)
    for layout in registry.FORMATS:
        assert not isinstance(judged(data, name, **golden.ANSWERS, format=layout), Accepted)
    assert not Payload.ran
