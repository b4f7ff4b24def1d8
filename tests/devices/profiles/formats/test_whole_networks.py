"""Tools whose files hold one network without shapes: LiteRT, ExecuTorch, Qualcomm AI Hub."""

import json

import pytest

HEAD = "node type, start, first, avg_ms, %, cdf%, mem KB, times called, name\n"
LITERT = f"""STARTING!
Graph: [/data/local/tmp/mobilenet_v2.tflite]
#threads used for CPU inference: [4]
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
count=50 first=9470 curr=9300 min=9280 max=9700 avg=9302.5 std=40
Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
{HEAD}AllocateTensors, 0.000, 3.8, 99.0, 100%, 100%, 0, 1, AllocateTensors/0

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
{HEAD}CONV_2D, 0.000, 1.20, 1.1000, 12.1%, 12.1%, 0, 1, [stage1/conv/Relu6]:0
DEPTHWISE_CONV_2D, 1.124, 0.40, 0.4000, 4.2%, 16.3%, 0, 20, [stage1/dw/Relu6]:1

============================== Top by Computation Time ==============================
{HEAD}CONV_2D, 0.000, 1.20, 1.1000, 12.1%, 12.1%, 0, 1, [stage1/conv/Relu6]:0

"""
TOTAL = "Average inference timings in us: Warmup: 9470, Init: 3846, Inference: 9302.5\n"
NEW_TOTAL = (
    "Inference timings in us: Init: 3846, First inference: 9470, Warmup (avg): 9470, "
    "Inference (avg): 9302.5\n"
)
EXECUTORCH = """event_block_name,event_name,raw,p10 (ms),p50 (ms),avg (ms),is_delegated_op
Default,Program::load_method,[9],9,9,9,False
Execute,native_call_convolution.out,"[0.41, 0.40]",0.40,0.41,0.41,False
Execute,OPERATOR_CALL,"[0.41, 0.40]",0.42,0.42,0.43,False
Execute,DELEGATE_CALL,[1.5],1.5,1.5,1.5,False
Execute,conv_inside,[99999],99999,99999,99999,True
"""
AI_HUB = {
    "execution_summary": {
        "estimated_inference_time": 1270,
        "estimated_inference_peak_memory": 14450688,
        "all_inference_times": [1270, 1290, 1310],
    },
    "execution_detail": [
        {"name": "/a", "type": "Conv2d", "compute_unit": "NPU", "execution_time": 60},
        {"name": "/b", "type": "Softmax", "compute_unit": "CPU", "execution_time": 40},
        {"name": "/c", "type": "Add", "compute_unit": "NPU"},
    ],
}


@pytest.fixture
def three(taken, zipped):
    """One file under the names of three known networks, as a profile needs three."""

    def read(content, suffix, **answers):
        names = ("mobilenet_v1", "mobilenet_v2", "resnet18")
        content = content.replace("mobilenet_v2.tflite", "{name}")
        files = {f"{name}.{suffix}": content.replace("{name}", name) for name in names}
        return taken(zipped(files), "three.zip", **answers)

    return read


@pytest.mark.parametrize("total", [TOTAL, NEW_TOTAL])
def test_a_litert_log_is_the_time_of_its_network(three, total):
    profile, _ = three(LITERT + total, "log", threads="", engine="")
    row, runtime = profile.models[1], profile.runtime
    assert row.arch == {"network": "mobilenet_v2"}
    assert (row.mean_ms, row.std_ms, row.runs) == pytest.approx((9.3025, 0.04, 50))
    assert (runtime.engine, runtime.delegate, runtime.threads) == ("litert", "xnnpack", 4)


def test_without_a_total_the_regular_run_is_summed(three):
    profile, _ = three(LITERT, "csv", threads="", engine="")
    assert profile.models[0].mean_ms == pytest.approx(1.1 + 20 * 0.4)


def test_columns_apart_by_spaces_are_read(three):
    text = LITERT.replace(", ", "\t   ").replace("node type", "[node type]")
    assert three(text, "txt")[0].models[0].mean_ms == pytest.approx(9.1)


def test_operators_far_from_the_time_are_noted(three):
    _, report = three(LITERT.replace("0.4000", "4000.0") + TOTAL, "log")
    assert any("The operators add up to" in text for text in report)


def test_an_executorch_table_sums_calls_outside_of_delegates(three):
    profile, _ = three(EXECUTORCH, "csv", engine="")
    assert profile.models[0].mean_ms == pytest.approx(1.91)
    assert profile.runtime.engine == "executorch"


def test_the_method_itself_wins(three):
    text = EXECUTORCH + "Execute,Method::execute,[2.5],2.5,2.5,2.5,False\n"
    assert three(text, "csv")[0].models[0].mean_ms == 2.5


def test_a_header_without_units_is_asked_about(upload, zipped):
    text = EXECUTORCH.replace(" (ms)", "")
    files = {f"{name}.csv": text for name in ("mobilenet_v1", "vgg16", "resnet18")}
    answers = {"kind": "mobile", "dtype": "fp32", "threads": "1"}
    assert upload(zipped(files), "a.zip", **answers).field == "unit"


def test_an_ai_hub_profile_is_in_microseconds(three):
    profile, report = three(json.dumps(AI_HUB), "json", kind="npu", engine="qnn", threads="0")
    row = profile.models[0]
    assert row.mean_ms == pytest.approx(1.29)
    assert (row.runs, row.peak_mem_bytes) == (3, 14450688)
    assert any("40 % of the time is spent on the CPU fallback" in text for text in report)


@pytest.mark.parametrize(
    "content", [LITERT + TOTAL, EXECUTORCH, json.dumps(AI_HUB)], ids=["litert", "pte", "hub"]
)
def test_a_network_that_nobody_knows_is_refused_with_the_way_out(upload, content):
    content = content.replace("mobilenet_v2.tflite", "mine.tflite")
    answers = {"kind": "mobile", "engine": "x", "dtype": "fp32", "batch": "1", "threads": "1"}
    verdict = upload(content, "mine.dat", **answers)
    found = " ".join(problem.text for problem in verdict.problems)
    assert "nobody knows here what network 'mine" in found
    assert "manifest of a kit" in found


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tflite", "STARTING!\n", "neither 'Inference timings in us' nor a regular run"),
        ("executorch", "a,b\n1,2\n", "lacks the columns event_name and avg"),
        ("executorch", "event_name,avg\nx,1\n", "No row is the call of an operator"),
        ("ai-hub", '{"execution_summary": {}}', "no execution_summary with an estimated"),
    ],
)
def test_files_without_a_time_are_refused(refused, name, content, words):
    assert words in refused(content, format=name)
