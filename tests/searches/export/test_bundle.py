"""What a person takes away does what the network does, or is refused."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from searches.export import bundle, graphs, parity, readme
from searches.networks.building import config_of
from searches.networks.families import build
from searches.networks.ofa_mobilenet_v3 import OfaMobileNetV3Networks
from searches.training.network import NetworkTraining
from searches.training.settings import TrainingSettings

pytestmark = pytest.mark.slow

FAMILY = OfaMobileNetV3Networks()

NEVER = float("inf")


@pytest.fixture(scope="module")
def task(tiny_space, tiny_data):
    from searches.targets.mobile import MobileTask
    from searches.targets.settings import MobileSettings

    return MobileTask(tiny_space, tiny_data, MobileSettings())


@pytest.fixture(scope="module")
def network(task):
    """Resolution 8, so that the images of 12 pixels have to be resized."""
    genes = (0, *(1 for _ in task.space.genes[1:]))
    settings = TrainingSettings(epochs=8, batch_size=16, learning_rate=0.05, warmup_epochs=1)
    config = config_of(task.space, genes, mean=task.mean, std=task.std)
    training = NetworkTraining(build(FAMILY, config, seed=0), task, settings, seed=0)
    training.advance(deadline=NEVER, tick=lambda: True)
    return training.network()


@pytest.fixture(scope="module")
def quality(network, task):
    return task.quality(network, "test", resolution=8, provenance="fully trained")


@pytest.fixture(scope="module")
def card(quality):
    metrics = {f"{name}:test": value.to_json() for name, value in quality.items()}
    return {"name": "Bars", "metrics": metrics, "data_set": {"name": "bars", "sha256": "0" * 64}}


@pytest.fixture(scope="module")
def made(network, task, card):
    return bundle.export(network, task, card=card)


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    """The bundle unpacked, away from our own sources."""
    path = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(io.BytesIO(made.zip())) as archive:
        archive.extractall(path)
    return path


def run(folder, *arguments):
    """Output of a Python program of the bundle that can import nothing of ours."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-I", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_bundle_holds_what_was_promised(made):
    assert set(made.files) == {
        "model.onnx",
        "model.pt2",
        "model.safetensors",
        "network.py",
        "example.py",
        "model_card.json",
        "README.md",
        "SHA256SUMS",
    }


def test_hashes_are_those_of_the_files(made, folder):
    lines = dict(
        reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    assert set(lines) == set(made.files) - {"SHA256SUMS"}
    for name, digest in lines.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    listed = json.loads((folder / "model_card.json").read_text())["files"]
    assert all(lines[name] == file["sha256"] for name, file in listed.items())


def test_onnx_file_scores_what_was_reported(made, task, quality):
    session = onnxruntime.InferenceSession(made.files["model.onnx"])
    images, labels = task.batch("test", torch.arange(16), 8)
    logits = session.run(None, {"images": np.ascontiguousarray(images.numpy())})[0]
    assert (logits.argmax(1) == labels.numpy()).mean() == quality["accuracy"].value
    assert made.report["scores"]["model.onnx"]["accuracy"] == quality["accuracy"].value


def test_onnx_file_takes_any_batch_and_names_what_it_takes(made):
    model = onnx.load_from_string(made.files["model.onnx"])
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, given.name) == ("images", "logits")
    assert taken.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [opset.version for opset in model.opset_import] == [20]
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2", "network.py", "model_card.json"])
def test_files_tell_nothing_of_the_machine(made, name):
    from searches import export

    assert os.path.dirname(export.__file__).encode() not in made.files[name]
    assert b"searches" not in made.files[name]


def test_example_prints_the_reported_accuracy(folder, tiny_data, quality):
    np.savez(folder / "images.npz", x_test=tiny_data.x_test, y_test=tiny_data.y_test)
    output = run(folder, "example.py", "images.npz")
    assert output.startswith(f"accuracy {quality['accuracy'].value:.4f} ")


def test_example_names_classes_where_labels_are_missing(folder, tiny_data):
    np.savez(folder / "unlabelled.npz", x_test=tiny_data.x_test[:3, :, :, 0] / 255)
    assert set(run(folder, "example.py", "unlabelled.npz").split()) <= {"top", "middle", "bottom"}


def test_example_takes_pictures_and_folders_of_them(folder, tiny_data, quality):
    for number, (image, label) in enumerate(zip(tiny_data.x_test, tiny_data.y_test, strict=True)):
        place = folder / "pictures" / tiny_data.classes[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[:, :, 0]).save(place / f"{number}.png")
    *lines, last = run(folder, "example.py", "pictures").splitlines()
    assert len(lines) == 16
    assert last.startswith(f"accuracy {quality['accuracy'].value:.4f} (")
    one = lines[0].split(": ")[0]
    assert run(folder, "example.py", one).splitlines()[0] == lines[0]


@pytest.mark.parametrize("names", [["missing.png"], ["SHA256SUMS"], ["nothing"]])
def test_example_says_which_picture_it_cannot_read(folder, names):
    (folder / "nothing").mkdir(exist_ok=True)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(folder, "example.py", *names)
    assert "Traceback" not in failed.value.stderr
    assert names[0] in failed.value.stderr or "no pictures" in failed.value.stderr


def pictures():
    """Of each kind that a camera or a program writes, as (file ending, picture, options)."""
    rng = np.random.default_rng(0)
    colours = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    clear = colours.convert("RGBA")
    clear.putalpha(Image.fromarray(rng.integers(0, 256, (30, 40), dtype=np.uint8)))
    deep = Image.fromarray(rng.integers(0, 65536, (30, 40), dtype=np.uint16))
    yield "png", colours, {}
    yield "png", colours.convert("P"), {}
    yield "png", clear, {}
    yield "png", deep, {}
    yield "tif", colours, {}
    yield "jpg", colours, {"exif": turned, "quality": 95}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", range(6))
def test_example_reads_pictures_as_data_sets_are_read(made, tmp_path, kind, channels):
    from searches.datasets import pictures as readers
    from searches.datasets.base import Limits

    ending, picture, options = list(pictures())[kind]
    path = tmp_path / f"picture.{ending}"
    picture.save(path, **options)
    example = {"__name__": "example"}
    exec(made.files["example.py"], example)
    example |= {"SIZE": (16, 12), "CHANNELS": channels}
    with path.open("rb") as file:
        ours = readers.to_array(readers.decoded(file, "it", Limits()), (16, 12), channels)
    np.testing.assert_array_equal(example["read"](path), ours)


@pytest.mark.parametrize("size", [(12, 12), (8, 8), (5, 7), (32, 20)])
def test_example_resizes_as_the_training_did(size, made):
    from searches.targets.mobile import preprocess

    images = np.random.default_rng(0).integers(0, 256, (3, *size, 3)).astype(np.uint8)
    example = {"__name__": "example"}
    exec(made.files["example.py"], example)
    ours = preprocess(torch.from_numpy(images), 8)
    np.testing.assert_allclose(example["preprocess"](images), ours, atol=1e-6)


@pytest.mark.slow
def test_source_runs_with_nothing_of_ours(folder):
    output = run(folder, "network.py")
    assert "parameters, logits [[" in output


def test_source_is_the_plain_network_and_its_configuration(made, network):
    text = made.files["network.py"].decode()
    assert "import searches" not in text
    assert "from searches" not in text
    plain = {"__name__": "network"}
    exec(text, plain)
    assert plain["CONFIG"] == network.config


def test_card_says_how_to_feed_the_network_and_how_it_was_checked(made, quality):
    card = made.card
    assert card["signature"]["input"]["shape"] == ["batch", 1, 8, 8]
    assert card["signature"]["output"]["classes"] == ["top", "middle", "bottom"]
    assert card["metrics"]["accuracy:test"]["value"] == quality["accuracy"].value
    assert {o["file"] for o in card["parity"]["outputs"]} == {
        "model.onnx",
        "model.pt2",
        "network.py",
    }
    assert not card["parity"]["problems"]


def test_readme_calls_devices_by_their_names():
    metrics = {
        "latency@3": {"value": 1.5, "unit": "ms", "provenance": "measured"},
        "energy@9": {"value": 2.5, "unit": "mJ", "provenance": "predicted"},
        "accuracy:test": {"value": 0.9, "unit": "", "provenance": "supernet", "split": "test"},
        "peak_memory": {"value": 1000.0, "unit": "B", "provenance": "analytic"},
    }
    rows = readme._metrics(metrics, {3: "Pixel 1"})
    assert [row.split(" | ")[0] for row in rows[2:]] == [
        "| latency on Pixel 1",
        "| energy on device 9",
        "| accuracy, test",
        "| peak memory",
    ]


def test_readme_shows_scores_and_hashes(made, quality):
    text = made.files["README.md"].decode()
    assert text.startswith("# Bars\n")
    assert f"| accuracy, test | {quality['accuracy'].value:.6g} |" in text
    assert made.card["files"]["model.onnx"]["sha256"] in text


@pytest.mark.slow
def test_same_network_gives_the_same_bytes(made, network, task, card):
    assert bundle.export(network, task, card=card).zip() == made.zip()


def corrupt(monkeypatch, name, change):
    """Let an exporter work on a network that `change` has damaged."""
    original = getattr(graphs, name)

    def damaged(*things):
        return change(original(*things))

    monkeypatch.setattr(graphs, name, damaged)


def with_first_weights_changed(data):
    model = onnx.load_from_string(data)
    largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = np.frombuffer(largest.raw_data, np.float32).copy()
    values[: len(values) // 2] *= -1
    largest.raw_data = values.tobytes()
    return model.SerializeToString()


@pytest.fixture
def exporters(monkeypatch, made):
    """Exporters that cost nothing: they return the files of the good bundle."""
    monkeypatch.setattr(graphs, "exported_program", lambda network: network)
    monkeypatch.setattr(graphs, "onnx_bytes", lambda program, name: made.files["model.onnx"])
    monkeypatch.setattr(graphs, "pt2_bytes", lambda program: made.files["model.pt2"])


@pytest.mark.usefixtures("exporters")
def test_damaged_onnx_file_is_refused(monkeypatch, network, task, card):
    corrupt(monkeypatch, "onnx_bytes", with_first_weights_changed)
    with pytest.raises(
        parity.ParityError, match=r"model\.onnx: outputs on random inputs"
    ) as error:
        bundle.export(network, task, card=card)
    assert error.value.report["problems"]


@pytest.mark.usefixtures("exporters")
def test_files_of_another_network_are_refused(network, task, card):
    other = build(FAMILY, network.config, seed=1).eval()
    with pytest.raises(parity.ParityError, match=r"model\.pt2: outputs on random inputs"):
        bundle.export(other, task, card=card)


@pytest.mark.usefixtures("exporters")
def test_score_that_the_file_does_not_reach_is_refused(network, task):
    card = {"metrics": {"accuracy:test": {"value": 0.5}}}
    with pytest.raises(parity.ParityError, match=r"accuracy on the test .* reported 0\.5"):
        bundle.export(network, task, card=card)


def test_outputs_that_are_no_numbers_are_a_problem():
    report = parity.Report()
    report.compare("model.onnx", "x", [torch.ones(1, 2)], [torch.full((1, 2), torch.nan)])
    assert report.problems
