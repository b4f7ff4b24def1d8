"""The zip: runs as it is, says what it will be, and is the same for the same kit."""

import io
import json
import subprocess
import sys
import zipfile

import pytest

from devices.profiles.kit import archive
from devices.profiles.kit.files import kits
from devices.profiles.kit.forecast import forecast
from devices.profiles.kit.kit import Kit, Network
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile

OPS = (
    Operation("conv", h=8, cin=3, cout=8, k=3, act="relu"),
    Operation("mbconv", h=8, cin=8, cout=8, mid=24, k=3, act="hswish", se=True, skip=True),
)
KIT = Kit(OPS, (Network({"d": [1]}, OPS),), "My space, small")


def zipped(kit: Kit = KIT) -> tuple[archive.Archive, bytes]:
    file = io.BytesIO()
    return archive.write(kit, file), file.getvalue()


def test_the_same_kit_is_the_same_zip():
    assert zipped() == zipped()
    assert zipped()[0].filename != zipped(Kit(OPS))[0].filename


def test_it_is_named_like_its_space():
    assert zipped()[0].filename.startswith("webnas-kit-my-space-small-")
    assert zipped(Kit(OPS))[0].filename.startswith("webnas-kit-blocks-")


def test_the_readme_is_about_this_kit():
    found, data = zipped()
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        text = opened.read("README.md").decode()
    assert "2 small models" in text
    assert "My space, small" in text
    assert found.manifest["kit_id"] in text
    assert "@" not in text.replace("pip@", "")
    for tool in ("trtexec", "benchmark_model", "Inspector"):
        assert tool in text


def test_a_forecast_counts_what_is_left_out():
    attention = Operation("attention", q_len=4, kv_len=4, heads=2, cin=8)
    found = forecast(Kit((*OPS, attention), KIT.networks))
    assert (found.n_blocks, found.n_networks, found.left_out) == (2, 1, 1)
    assert 0 < found.laptop_seconds < found.board_seconds


def test_a_damaged_model_is_refused(tmp_path):
    _, data = zipped()
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        opened.extractall(tmp_path)
    kit = kits.open_kit(tmp_path)
    item = kit.manifest["items"][3]
    assert kit.model(item).is_file()
    (tmp_path / item["file"]).write_bytes(b"x")
    with pytest.raises(SystemExit, match="damaged"):
        kit.model(item)


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_what_is_no_kit_is_refused(tmp_path, content):
    place = tmp_path
    if content is not None:
        place = tmp_path / "kit.zip"
        place.write_bytes(content)
    with pytest.raises(SystemExit):
        kits.open_kit(place)


@pytest.mark.slow
def test_python_runs_the_zip_as_it_is(tmp_path):
    found, data = zipped()
    place = tmp_path / found.filename
    place.write_bytes(data)
    command = [sys.executable, str(place), "--minutes", "0.01", "--name", "Board"]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    results = tmp_path / place.stem
    profile = Profile.from_dict(json.loads((results / "profile.json").read_text()))
    assert [entry.op for entry in profile.entries] == list(OPS)
    assert len(profile.models) == 1
    assert str(results / "profile.json") in ended.stdout
