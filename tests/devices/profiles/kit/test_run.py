"""The stand-alone runner: robust times, an early end, and a profile that webnas takes."""

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from devices.profiles.kit.contents import files_of
from devices.profiles.kit.files import kits, machine, run, timing
from devices.profiles.kit.kit import Kit, Network
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


def timed(*passes: list[int]) -> run.Timing:
    return run.Timing({}, [list(p) for p in passes])


NETWORK = Network({"d": [1]}, tuple(OPS[:2]), "holdout")


def small_kit(folder: Path, kit: Kit | None = None) -> dict:
    """A kit as it is unpacked: two blocks, a network, the identity, no probes."""
    for name, data in files_of(kit or Kit(tuple(OPS[:2]), (NETWORK,), space="tiny")):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["items"] = [item for item in manifest["items"] if item["role"] != "peak"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return manifest


@pytest.fixture
def hasty(monkeypatch):
    """One short pass is enough for a test."""
    monkeypatch.setattr(timing, "PASS_NS", 50_000)
    monkeypatch.setattr(timing, "MIN_PASSES", 2)
    monkeypatch.setattr(timing, "MAX_PASSES", 2)


def test_a_slow_burst_does_not_change_the_time():
    quiet, burst = [100] * 10, [900] * 10

    assert timed(quiet, burst, quiet, quiet, burst, quiet).best_ms() == pytest.approx(1e-4)


def test_a_clock_that_once_lost_time_does_not_either():
    assert timed([50], *[[100]] * 5).best_ms() == pytest.approx(1e-4)
    assert timed([50, *[100] * 20]).best_ms() == pytest.approx(1e-4)


def test_two_equal_halves_repeat_perfectly_and_others_do_not():
    assert timing.split_half(timed(*[[100]] * 6)) == 0
    assert timing.split_half(timed(*[[100], [110]] * 3)) == pytest.approx(2 * 10 / 210)
    assert timing.split_half(timed([100])) == 1.0


def test_a_steady_machine_is_done_after_the_least_passes():
    machine = Machine(1000)

    [found] = run.measure([machine.subject()], machine.clock, seconds=60)

    assert len(found.passes) == timing.MIN_PASSES


def test_a_noisy_machine_is_measured_for_longer():
    machine = Machine(*np.random.default_rng(0).integers(1000, 9000, 997).tolist())

    [found] = run.measure([machine.subject()], machine.clock, seconds=60)

    assert len(found.passes) == timing.MAX_PASSES


def test_the_cap_ends_it_after_one_whole_pass():
    machines = [Machine(1000), Machine(1000)]

    found = run.measure([m.subject() for m in machines], machines[0].clock, seconds=0)

    assert [len(t.passes) for t in found] == [1, 1]


def test_slow_models_run_less_often():
    slow, fast = Machine(50_000_000), Machine(1000)

    counts = [len(timing.time_once(m.call, m.clock)) for m in (slow, fast)]

    assert counts == [timing.MIN_RUNS, timing.MAX_RUNS]


def test_every_model_counts_for_the_progress():
    machine, seen = Machine(1000), []

    run.measure(
        [machine.subject()] * 3, machine.clock, seconds=60, progress=lambda *p: seen.append(p)
    )

    assert seen[0] == (1, 3 * timing.MAX_PASSES)
    assert [done for done, _ in seen] == list(range(1, 3 * timing.MIN_PASSES + 1))


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
    assert [(row.arch, row.split) for row in profile.models] == [({"d": [1]}, "holdout")]
    samples = json.loads((tmp_path / "samples.json").read_text())
    assert set(samples["passes"]) == {item["file"] for item in manifest["items"]}
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

    facts = machine.device([gemm, copy], threads=1)

    assert facts["peak_flops"] == {"fp32": pytest.approx(2e9)}
    assert facts["bandwidth_bytes_per_s"] == pytest.approx(5e8)


def test_whole_networks_keep_what_the_manifest_says_about_them():
    item = {"role": "model", "arch": {"d": [2]}, "macs": 5, "split": "holdout", "file": "n.onnx"}

    found = [run.Timing(item, [[10**6]] * 2)]
    row = machine.profile({"kit_id": "k"}, found, machine.Conditions())["models"][0]

    assert (row["arch"], row["macs"], row["split"]) == ({"d": [2]}, 5, "holdout")
    assert row["mean_ms"] == 1.0


def test_a_start_that_was_cut_off_goes_on(tmp_path, hasty, monkeypatch, capsys):
    small_kit(tmp_path)
    calls, whole = [], timing.time_once

    def stopped(call, clock):
        calls.append(call)
        if len(calls) > 6:  # in the second pass over four models
            raise KeyboardInterrupt
        return whole(call, clock)

    monkeypatch.setattr(timing, "time_once", stopped)
    with pytest.raises(KeyboardInterrupt):
        run.main([str(tmp_path)])
    first = json.loads((tmp_path / "samples.json").read_text())["passes"]
    assert [len(passes) for passes in first.values()] == [1] * 4

    monkeypatch.setattr(timing, "time_once", whole)
    run.main([str(tmp_path)])

    assert "Going on after 1 passes." in capsys.readouterr().out
    found = json.loads((tmp_path / "samples.json").read_text())["passes"]
    assert {name: passes[0] for name, passes in found.items()} == {
        name: passes[0] for name, passes in first.items()
    }
    assert [len(passes) for passes in found.values()] == [2] * 4


@pytest.mark.parametrize("changed", ["kit_id", "machine", "threads"])
def test_times_of_another_kit_machine_or_number_of_threads_are_not_gone_on_with(tmp_path, changed):
    samples = kits.Samples(tmp_path / "samples.json", {"kit_id": "k"}, 1)
    samples.save([run.Timing({"file": "a"}, [[1]])])
    assert samples.load([{"file": "a"}]) == [run.Timing({"file": "a"}, [[1]])]

    found = json.loads(samples.path.read_text()) | {changed: "another"}
    samples.path.write_text(json.dumps(found))

    assert samples.load([{"file": "a"}]) is None


def test_noisy_times_are_called_so_and_quiet_ones_are_not():
    quiet = [run.Timing({"role": "op"}, [[1000]] * 6)]
    noisy = [run.Timing({"role": "model"}, [[1000], [1100]] * 3)]

    assert machine.noise(quiet) == []
    [sentence] = machine.noise([*quiet, *noisy])
    assert sentence.startswith("noisy: two halves of the passes differ by 9.5 %")
    assert sentence in machine.notes([*quiet, *noisy])


def test_models_that_do_not_fit_into_memory_are_timed_in_groups():
    items = [{"weight_bytes": size} for size in (10, 10, 10, 90, 5)]

    assert run.rooms(items, 50.0) == [[0, 1], [2], [3], [4]]
    assert run.rooms(items, 1e9) == [[0, 1, 2, 3, 4]]


def test_groups_are_timed_like_a_whole(tmp_path, hasty, monkeypatch):
    small_kit(tmp_path)
    monkeypatch.setattr(run, "MEMORY_SHARE", 1e-9)
    seen = []

    _, timings = run.run_kit(
        kits.open_kit(tmp_path), seconds=30, progress=lambda *p: seen.append(p)
    )

    assert [len(t.passes) for t in timings] == [2] * 4
    assert seen[-1] == (8, 8)


def test_the_kit_names_every_file_and_leaves_out_what_has_no_onnx_form():
    files = dict(files_of(Kit(tuple(OPS))))
    manifest = json.loads(files["manifest.json"])

    assert [item["role"] for item in manifest["items"]] == ["identity", "peak", "peak", "op", "op"]
    assert {*files} == {
        "manifest.json",
        "models/weights.bin",
        *(item["file"] for item in manifest["items"]),
    }


def test_equal_kits_have_equal_names_and_others_do_not():
    def name(*kit):
        return json.loads(dict(files_of(Kit(*kit)))["manifest.json"])["kit_id"]

    kit = (tuple(OPS), (NETWORK,))
    assert name(*kit) == name(*kit)
    assert len({name(*kit), name(kit[0]), name(kit[0][:1]), name(*kit, None, 2)}) == 4


RUNNER = sorted(Path(run.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", RUNNER, ids=lambda path: path.stem)
def test_the_runner_needs_numpy_and_onnxruntime_alone_and_an_old_python(file):
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])

    assert found - set(sys.stdlib_module_names) <= {"numpy", "onnxruntime"}
