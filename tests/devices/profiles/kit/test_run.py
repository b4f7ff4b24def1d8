"""The stand-alone runner: robust times, an early end, and a profile that webnas takes."""

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from devices.profiles.kit.contents import contents
from devices.profiles.kit.files import run
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile

OPS = [
    Operation("conv", h=8, cin=3, cout=8, k=3, act="relu"),
    Operation("mbconv", h=8, cin=8, cout=8, mid=24, k=3, act="hswish", se=True, skip=True),
    Operation("attention", q_len=4, kv_len=4, heads=2, cin=8),  # has no ONNX form
]


class Machine:
    """A clock that only moves when a model runs, each run as long as the next of `times`."""

    def __init__(self, *times: int):
        self.now, self.times, self.calls = 0, times, 0

    def clock(self) -> int:
        return self.now

    def call(self):
        self.now += self.times[self.calls % len(self.times)]
        self.calls += 1

    def subject(self) -> run.Subject:
        return run.Subject({"role": "op"}, None, {}, self.call)


def timing(*passes: list[int]) -> run.Timing:
    return run.Timing({}, [list(p) for p in passes])


def small_kit(folder: Path) -> dict:
    """A kit as it is unpacked: two blocks, the identity, no probes."""
    manifest, models = contents(OPS[:2], space="tiny")
    manifest["items"] = [item for item in manifest["items"] if item["role"] != "peak"]
    for item in manifest["items"]:
        path = folder / item["file"]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(models[item["file"]])
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return manifest


@pytest.fixture
def hasty(monkeypatch):
    """One short pass is enough for a test."""
    monkeypatch.setattr(run, "PASS_NS", 50_000)
    monkeypatch.setattr(run, "MIN_PASSES", 2)
    monkeypatch.setattr(run, "MAX_PASSES", 2)


def test_a_slow_burst_does_not_change_the_time():
    quiet, burst = [100] * 10, [900] * 10

    assert timing(quiet, burst, quiet, quiet, burst, quiet).best_ms() == pytest.approx(1e-4)


def test_a_clock_that_once_lost_time_does_not_either():
    assert timing([50], *[[100]] * 5).best_ms() == pytest.approx(1e-4)
    assert timing([50, *[100] * 20]).best_ms() == pytest.approx(1e-4)


def test_two_equal_halves_repeat_perfectly_and_others_do_not():
    assert run.split_half(timing(*[[100]] * 6)) == 0
    assert run.split_half(timing(*[[100], [110]] * 3)) == pytest.approx(2 * 10 / 210)
    assert run.split_half(timing([100])) == 1.0


def test_a_steady_machine_is_done_after_the_least_passes():
    machine = Machine(1000)

    [found] = run.measure([machine.subject()], machine.clock, seconds=60)

    assert len(found.passes) == run.MIN_PASSES


def test_a_noisy_machine_is_measured_for_longer():
    machine = Machine(*np.random.default_rng(0).integers(1000, 9000, 997).tolist())

    [found] = run.measure([machine.subject()], machine.clock, seconds=60)

    assert len(found.passes) == run.MAX_PASSES


def test_the_cap_ends_it_after_one_whole_pass():
    machines = [Machine(1000), Machine(1000)]

    found = run.measure([m.subject() for m in machines], machines[0].clock, seconds=0)

    assert [len(t.passes) for t in found] == [1, 1]


def test_slow_models_run_less_often():
    slow, fast = Machine(50_000_000), Machine(1000)

    counts = [len(run.time_once(m.call, m.clock)) for m in (slow, fast)]

    assert counts == [run.MIN_RUNS, run.MAX_RUNS]


def test_every_model_counts_for_the_progress():
    machine, seen = Machine(1000), []

    run.measure(
        [machine.subject()] * 3, machine.clock, seconds=60, progress=lambda *p: seen.append(p)
    )

    assert seen[0] == (1, 3 * run.MAX_PASSES)
    assert [done for done, _ in seen] == list(range(1, 3 * run.MIN_PASSES + 1))


def test_several_threads_are_timed_by_the_wall():
    assert run.choose_clock(1)[0] == "cpu"
    assert run.choose_clock(2)[0] == "wall"


def test_an_unpacked_kit_becomes_a_profile(tmp_path, hasty, capsys):
    manifest = small_kit(tmp_path)

    run.main([str(tmp_path), "--minutes", "0.5", "--name", "Test board"])

    profile = Profile.from_dict(json.loads((tmp_path / "profile.json").read_text()))
    assert profile.name == "Test board"
    assert profile.space == "tiny"
    assert [entry.op for entry in profile.entries] == OPS[:2]
    assert (profile.provenance.kit_id, profile.runtime.clock) == (manifest["kit_id"], "cpu")
    assert 0 < profile.overhead_ms < profile.entries[1].mean_ms
    assert set(json.loads((tmp_path / "samples.json").read_text())) == {
        item["file"] for item in manifest["items"]
    }
    assert "ready to upload" in capsys.readouterr().out


def test_a_damaged_file_is_refused(tmp_path):
    manifest = small_kit(tmp_path)
    (tmp_path / manifest["items"][1]["file"]).write_bytes(b"x")

    with pytest.raises(SystemExit, match="damaged"):
        run.main([str(tmp_path)])


def test_a_busy_machine_is_refused_with_several_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "load", lambda: 100.0)
    small_kit(tmp_path)

    with pytest.raises(SystemExit, match="busy"):
        run.main([str(tmp_path), "--threads", "2"])


def test_probes_become_the_peak_and_the_bandwidth():
    gemm = run.Timing({"role": "peak", "probe": "gemm", "macs": 10**6}, [[10**6]])
    copy = run.Timing({"role": "peak", "probe": "copy", "bytes": 10**6}, [[2 * 10**6]])

    facts = run.device([gemm, copy], threads=1)

    assert facts["peak_flops"] == {"fp32": pytest.approx(2e9)}
    assert facts["bandwidth_bytes_per_s"] == pytest.approx(5e8)


def test_whole_networks_keep_what_the_manifest_says_about_them():
    item = {"role": "model", "arch": {"d": [2]}, "macs": 5, "split": "holdout", "file": "n.onnx"}

    row = run.profile(
        {"kit_id": "k"}, [run.Timing(item, [[10**6]] * 2)], threads=1, load_before=0.0
    )["models"][0]

    assert (row["arch"], row["macs"], row["split"]) == ({"d": [2]}, 5, "holdout")
    assert row["mean_ms"] == 1.0


def test_the_contents_name_every_file_and_leave_out_what_has_no_onnx_form():
    manifest, models = contents(OPS)

    assert [item["role"] for item in manifest["items"]] == ["identity", "peak", "peak", "op", "op"]
    assert set(models) == {item["file"] for item in manifest["items"]}
    assert manifest["kit_id"] == contents(OPS)[0]["kit_id"] != contents(OPS[:1])[0]["kit_id"]


def test_the_runner_needs_numpy_and_onnxruntime_alone_and_an_old_python():
    source = Path(run.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])

    assert found - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}
