"""From the download of a kit, through a bare environment, to a device: nothing is changed."""

import json
import subprocess

import pytest

from devices.models import DeviceProfile
from searches.models import Space
from searches.spaces.presets import OFA_MOBILENET_V3_SMALL
from tests.devices.profiles.kit import fresh

API = "/api/v1/"


@pytest.fixture
def downloaded(as_alice, alice, tmp_path):
    """The zip of a small kit, as REST gives it."""
    space = Space.objects.create(
        owner=alice,
        name="Small",
        family="ofa_mobilenet_v3",
        definition={**OFA_MOBILENET_V3_SMALL, "family": "ofa_mobilenet_v3"},
        size="1",
    )
    asked = {"space": space.pk, "resolution": "16", "networks": 4}
    answer = as_alice.get(f"{API}devices/kit/", asked)
    place = tmp_path / "kit.zip"
    place.write_bytes(b"".join(answer.streaming_content))
    return place


@pytest.mark.slow
def test_numpy_and_onnxruntime_are_enough_and_the_result_uploads_unchanged(
    downloaded, as_alice, as_file, tmp_path
):
    python = fresh.environment(tmp_path / "bare", "numpy", "onnxruntime")
    assert not any(fresh.has(python, name) for name in ("torch", "onnx", "django", "webnas"))
    command = [str(python), str(downloaded), "--minutes", "0.05", "--name", "Bare board"]

    ended = subprocess.run(
        command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stderr
    data = (tmp_path / "kit" / "profile.json").read_bytes()
    made = as_alice.post(f"{API}devices/upload/", {"file": as_file(data)}, format="multipart")
    assert made.status_code == 201, made.data
    document = json.loads(data)
    version = DeviceProfile.objects.get(name="Bare board").latest()
    assert (version.document["entries"], len(version.document["models"])) == (
        document["entries"],
        4,
    )
    assert version.document["overhead_ms"] == document["overhead_ms"]
    assert version.document["provenance"]["kit_id"] == document["provenance"]["kit_id"]
    assert not [problem for problem in version.report if problem["level"] != "W"]
    assert version.fits["judgement"]["n"] == 2


@pytest.mark.slow
def test_without_onnxruntime_the_kit_says_what_it_needs(downloaded, tmp_path):
    python = fresh.environment(tmp_path / "bare", "numpy")
    ended = subprocess.run([str(python), str(downloaded)], cwd=tmp_path, capture_output=True)
    assert ended.returncode == 1
    assert b"pip install numpy onnxruntime" in ended.stderr


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_kit_sends_its_profile_with_its_token(live_server, downloaded, alice, tmp_path):
    from webnas.accounts import kit_tokens

    token, secret = kit_tokens.create(owner=alice, label="Kit")
    python = fresh.environment(tmp_path / "bare", "numpy", "onnxruntime")
    (python.parent.parent / "lib").rglob("sitecustomize.py").__next__().unlink()  # online now
    command = [str(python), str(downloaded), "--minutes", "0.02", "--name", "Sent board"]
    command += ["--upload", live_server.url, "--token", secret]

    first = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    device = DeviceProfile.objects.get()
    assert (device.name, device.owner) == ("Sent board", alice)
    assert f"{live_server.url}/devices/{device.pk}/" in first.stdout
    assert again.returncode == 1
    assert "has posted its profile" in again.stderr
