"""Times of other tools become a profile by the names of their logs."""

import json

import pytest

from devices.profiles.kit.contents import files_of
from devices.profiles.kit.files import run
from devices.profiles.kit.kit import Kit
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile

OPS = (
    Operation("conv", h=8, cin=3, cout=8, k=3, act="relu"),
    Operation("conv", h=8, cin=8, cout=8, k=3, act="relu"),
)
TIMES = '[{"computeMs": 2.0, "latencyMs": 9.0}, {"computeMs": 2.5, "latencyMs": 9.0}]'
LITERT = (
    "count=5 first=9000 curr=4000 min=3900 max=9000 avg=5000 std=10\n"
    "Running benchmark for at least 50 iterations\n"
    "count=50 first=2010 curr=2000 min=1990 max=2300 avg=2000 std=30 p5=1990 median=2000\n"
)
EXECUTORCH = (
    "event_block_name,event_name,raw,p10 (ms),p50 (ms),p90 (ms)\n"
    'Execute,native_call_convolution.out,"[0.4]",0.4,0.4,0.4\n'
    'Execute,Method::execute,"[2.0, 2.2]",2.0,2.1,2.2\n'
)


@pytest.fixture
def kit(tmp_path):
    for name, data in files_of(Kit(OPS)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "logs").mkdir()
    return tmp_path


def log(kit, suffix, text, n=2):
    items = json.loads((kit / "manifest.json").read_text())["items"]
    blocks = [item for item in items if item["role"] == "op"][:n]
    for item in blocks:
        stem = item["file"].removeprefix("models/").removesuffix(".onnx")
        (kit / "logs" / f"{stem}{suffix}").write_text(text)


def collected(kit, engine, *more):
    run.main([str(kit), "--collect", str(kit / "logs"), "--engine", engine, *more])
    return Profile.from_dict(json.loads((kit / "profile.json").read_text()))


@pytest.mark.parametrize(
    ("engine", "suffix", "text"),
    [
        ("tensorrt", ".json", TIMES),
        ("litert", ".txt", LITERT),
        ("executorch", ".csv", EXECUTORCH),
    ],
)
def test_each_tool_gives_a_row_for_each_log(kit, engine, suffix, text):
    log(kit, suffix, text)

    profile = collected(kit, engine, "--kind", "gpu", "--dtype", "fp16", "--model", "Board")

    assert [(entry.op, entry.mean_ms) for entry in profile.entries] == [(op, 2.0) for op in OPS]
    assert (profile.name, profile.device.kind) == ("Board", "gpu")
    assert (profile.runtime.engine, profile.runtime.dtype) == (engine, "fp16")


def test_models_without_a_log_are_counted(kit, capsys):
    log(kit, ".json", TIMES, n=1)
    assert len(collected(kit, "tensorrt").entries) == 1
    assert "4 of 5 models have no log." in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", "[{}]", '[{"computeMs": 0}]', "[1, 2]"])
def test_a_log_without_times_is_named(kit, text):
    log(kit, ".json", text)
    with pytest.raises(SystemExit, match=r"No times of tensorrt were found in op-.*\.json"):
        collected(kit, "tensorrt")


def test_a_folder_of_other_files_is_refused(kit):
    with pytest.raises(SystemExit, match="named like a model"):
        collected(kit, "litert")


def test_the_tool_must_be_named(kit):
    with pytest.raises(SystemExit, match="--engine"):
        run.main([str(kit), "--collect", str(kit / "logs")])
