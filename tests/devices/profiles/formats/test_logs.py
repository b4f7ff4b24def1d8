"""Logs of ncnn's and MNN's benchmark programs."""

import pytest

from devices.profiles import known_networks

NCNN = """loop_count = 8
num_threads = 4
powersave = 0
gpu_device = -1
cooling_down = 1
          squeezenet  min =    4.10  max =    4.66  avg =    4.30
           mobilenet  min =    6.02  max =    6.61  avg =    6.20
        mobilenet_v2  min =    4.80  max =    5.10  avg =    4.93
            resnet18  min =   17.32  max =   18.00  avg =   17.51
            resnet50  min =   37.00  max =   40.10  avg =   38.25
"""
GPU = NCNN.replace("gpu_device = -1", "gpu_device = 0")
MNN = """MNN benchmark
Forward type: **CPU** thread=4** precision=2
--------> Benchmarking... loop = 10, warmup = 5
[-INFO-]: precision=2, use fp16 inference if your device supports
[ - ] vgg16.mnn                 max =  410.5 ms  min =  399.4 ms  avg =  401.2 ms
[ - ] MobileNetV2_224.mnn       max =   11.1ms  min =   10.4ms  avg =   10.5ms
[ - ] mobilenet-v1-1.0.mnn      max =   13.0ms  min =   12.7ms  avg =   12.8ms
[ - ] nasnet.mnn                max =   29.0ms  min =   28.3ms  avg =   28.4ms
"""


def test_an_ncnn_log_is_read(taken):
    profile, report = taken(NCNN, threads="", engine="")
    assert [row.arch["network"] for row in profile.models] == [
        "mobilenet_v1",
        "mobilenet_v2",
        "resnet18",
        "resnet50",
    ]
    first = profile.models[0]
    assert (first.mean_ms, first.runs) == (6.2, 8)
    assert first.macs == known_networks.macs("mobilenet_v1")
    assert (profile.runtime.engine, profile.runtime.threads) == ("ncnn", 4)
    assert any("1 networks are left out" in text and "squeezenet" in text for text in report)


def test_an_mnn_log_is_read(taken):
    profile, _ = taken(MNN, threads="", engine="", dtype="")
    runtime = profile.runtime
    assert (runtime.engine, runtime.dtype, runtime.threads) == ("mnn", "fp16", 4)
    assert [row.mean_ms for row in profile.models] == [401.2, 10.5, 12.8]


def test_one_of_several_settings_is_chosen(upload, taken):
    question = upload(NCNN + GPU)
    assert question.field == "metric"
    assert len(question.choices) == 2
    profile, _ = taken(NCNN + GPU, metric=question.choices[1], threads="", engine="")
    assert (profile.runtime.delegate, profile.runtime.threads) == ("vulkan", 0)


def test_a_log_without_known_networks_is_refused(refused):
    text = NCNN.replace("mobile", "immobile").replace("res", "unres")
    assert "There is nothing to go by" in refused(text)


@pytest.mark.parametrize("name", ["ncnn", "mnn"])
def test_a_file_without_times_is_refused(refused, name):
    assert "No line of the log holds a time" in refused("a,b\n1,2\n", format=name)
