"""What trtexec exports: layers by a pair of files, networks by their times."""

import json

import pytest

from devices.profiles.intake import Refused


def tensor(*sizes, form="Row major linear FP16 format"):
    return {"Name": "x", "Dimensions": list(sizes), "Format/Datatype": form}


def layer(name, parameter, inputs, outputs, **more):
    return {"Name": name, "LayerType": "CaskConvolution", "ParameterType": parameter,
            "Inputs": [tensor(*inputs)], "Outputs": [tensor(*outputs)], **more}  # fmt: skip


CONV = layer("conv_3 + relu_3", "Convolution", (1, 96, 28, 28), (1, 96, 14, 14), Kernel=[5, 5],
             Stride=[2, 2], Dilation=[1, 1], Groups=96, Activation="RELU")  # fmt: skip
POOL = layer("pool", "Pooling", (1, 960, 7, 7), (1, 960, 1, 1), PoolingType="AVERAGE")
SUM = layer("sum", "ElementWise", (1, 24, 56, 56), (1, 24, 56, 56), OpType="kSUM")
MOVE = layer("Reformatting CopyNode", "Reformat", (1, 3, 8, 8), (1, 3, 8, 8), LayerType="Reformat")
INFO = {"Layers": [CONV, POOL, SUM, MOVE], "Bindings": ["x", "y"]}


def timed(*layers):
    rows = [{"name": one["Name"], "timeMs": 1.2 * 120, "averageMs": 0.012, "percentage": 3.1}
            for one in layers]  # fmt: skip
    return [{"count": 120}, *rows]


PROFILE = timed(CONV, POOL, SUM, MOVE)


@pytest.fixture
def pair(zipped):
    def made(profile=PROFILE, info=INFO):
        return zipped({"profile.json": json.dumps(profile), "layers.json": json.dumps(info)})

    return made


def test_the_pair_is_joined_by_name(taken, pair):
    profile, report = taken(pair(), "a.zip", kind="", engine="", threads="", dtype="", batch="")
    assert [row.op.label() for row in profile.entries] == [
        "dwconv 28×28×96 k5 s2 relu",
        "gap 7×7×960",
        "add 56×56×24",
    ]
    first, runtime = profile.entries[0], profile.runtime
    assert (first.mean_ms, first.runs, first.note) == (0.012, 120, "conv_3 + relu_3")
    assert (profile.device.kind, runtime.engine, runtime.dtype) == ("gpu", "tensorrt", "fp16")
    assert any("0.012 ms per run are spent between layouts ('Reformat')" in t for t in report)


@pytest.mark.parametrize(
    ("value", "missing"), [(PROFILE, "--exportLayerInfo"), (INFO, "--exportProfile")]
)
def test_half_of_a_pair_is_refused_with_the_way_out(refused, value, missing):
    text = refused(json.dumps(value))
    assert f"The other half is missing: {missing}" in text
    assert "one zip" in text


def test_layer_info_of_names_only_says_which_flag_is_missing(upload, pair):
    verdict = upload(pair(info={"Layers": ["conv_3 + relu_3"]}), "a.zip")
    assert isinstance(verdict, Refused)
    assert "--profilingVerbosity=detailed" in verdict.problems[0].text


def test_layers_of_dynamic_shape_are_left_out(taken, pair):
    dynamic = layer("dyn", "Convolution", (-1, 96, 28, 28), (-1, 96, 14, 14), Kernel=[5, 5])
    info = {"Layers": [*INFO["Layers"], dynamic]}
    profile, report = taken(pair(timed(CONV, POOL, SUM, dynamic), info), "a.zip")
    assert len(profile.entries) == 3
    assert any("1 timings" in text and "'Convolution'" in text for text in report)


def times(*computed):
    return json.dumps(
        [{"startEnqMs": 0, "computeMs": ms, "latencyMs": ms + 0.04} for ms in computed]
    )


def test_times_of_networks_are_whole_rows(taken, zipped):
    files = {"resnet18.json": times(2, 2.5, 2.1), "resnet50.onnx.json": times(6, 5),
             "vgg16.json": times(9, 9)}  # fmt: skip
    profile, _ = taken(zipped(files), "times.zip")
    assert [(row.arch["network"], row.mean_ms) for row in profile.models] == [
        ("resnet18", 2.1),
        ("resnet50", 5.5),
        ("vgg16", 9.0),
    ]


def test_a_kit_tells_what_its_networks_are(taken, zipped):
    op = {"type": "conv", "h": 56, "cin": 24, "cout": 72, "k": 1}
    items = [
        {"file": "ident.onnx", "role": "identity"},
        {"file": "ops/ab12.onnx", "role": "op", "op": op},
        {"file": "nets/n1.onnx", "role": "model", "arch": {"r": 224}, "macs": 2e8,
         "split": "holdout"},
    ]  # fmt: skip
    files = {
        "manifest.json": json.dumps({"schema": "webnas.kit/1", "items": items}),
        "ident.json": times(0.004),
        "ab12.json": times(0.05, 0.05),
        "n1.times.json": times(3.0),
        "other.json": times(3.0),
    }
    profile, report = taken(zipped(files), "kit.zip")
    assert [row.op.label() for row in profile.entries] == ["conv 56×56×24→72 k1"]
    assert [(row.arch, row.macs, row.split) for row in profile.models] == [
        ({"r": 224}, 2e8, "holdout")
    ]
    assert profile.overhead_ms == 0.004
    assert any("1 logs are of nothing in the manifest" in text for text in report)
