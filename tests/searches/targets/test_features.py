"""Rows of numbers on their way into a network, and out of it in a bundle."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

from searches.datasets.breast_cancer import breast_cancer
from searches.evaluators.full import FullEvaluator
from searches.evaluators.settings import FullSettings, SupernetSettings
from searches.evaluators.supernet import SupernetEvaluator
from searches.export import bundle
from searches.spaces import mlp_presets
from searches.spaces.registry import load
from searches.targets.features import FeatureTask
from searches.targets.settings import FeatureSettings
from searches.training import checkpoints

NEVER = float("inf")
SPACE = load(mlp_presets.FEATURES)


def always():
    return True


@pytest.fixture(scope="module")
def data():
    return breast_cancer()


@pytest.fixture(scope="module")
def task(data):
    return FeatureTask(SPACE, data, FeatureSettings())


@pytest.fixture(scope="module")
def candidate(task):
    evaluator = FullEvaluator(task, FullSettings(epochs=15, batch_size=32), 0)
    made = evaluator.candidate((0, 1, 4, 3, 0, 0), seed=1)
    made.advance(deadline=NEVER, tick=always)
    return made


@pytest.fixture(scope="module")
def made(task, candidate):
    metrics = {f"{k}:test": v.to_json() for k, v in candidate.quality("test").items()}
    return bundle.export(candidate.network(), task, card={"name": "Cells", "metrics": metrics})


def test_the_space_takes_features_and_classes_of_the_data(task):
    definition = task.space.definition
    assert (definition.in_channels, definition.n_classes) == (30, 2)


def test_rows_go_in_as_they_were_measured(task, data):
    rows, labels = task.batch("validation", torch.arange(5), 0)
    assert (rows.numpy() == data.x_val[:5]).all()
    assert labels.tolist() == data.y_val[:5].tolist()


def test_noise_is_in_units_of_each_features_deviation_and_repeats(data):
    task = FeatureTask(SPACE, data, FeatureSettings(noise=0.5))
    indices = torch.arange(task.size("train"))

    def noise(seed):
        rows = task.batch("train", indices, 0, torch.Generator().manual_seed(seed))[0]
        return rows - task.batch("train", indices, 0)[0]

    assert torch.equal(noise(1), noise(1))
    ratio = noise(1).std(0) / torch.tensor(data.moments()[1])
    assert ratio.min() > 0.4
    assert ratio.max() < 0.6
    assert not torch.equal(noise(1), noise(2))


def test_a_feature_of_one_value_does_no_harm(data):
    rows = data.x_train.copy()
    rows[:, 3] = 7
    constant = type(data)(
        rows,
        data.y_train,
        data.x_val,
        data.y_val,
        data.x_test,
        data.y_test,
        classes=data.classes,
        columns=data.columns,
    )
    assert FeatureTask(SPACE, constant, FeatureSettings()).std[3] == 1.0


def test_quality_is_what_an_independent_count_finds(candidate, task, data):
    with torch.no_grad():
        logits = candidate.network()(torch.from_numpy(data.x_test))
    labels = torch.from_numpy(data.y_test)
    quality = candidate.quality("test")
    right = (logits.argmax(1) == labels).double().mean().item()
    assert quality["accuracy"].value == pytest.approx(right)
    assert quality["cross_entropy"].value == pytest.approx(F.cross_entropy(logits, labels).item())
    assert quality["accuracy"].n == 113


def test_a_trained_network_is_level_with_logistic_regression(candidate, data):
    mean, std = (np.array(values) for values in data.moments())
    model = LogisticRegression(max_iter=1000).fit((data.x_train - mean) / std, data.y_train)
    theirs = model.score((data.x_test - mean) / std, data.y_test)
    assert candidate.quality("test")["accuracy"].value >= theirs - 0.03


def test_shared_weights_learn_and_go_on_from_a_checkpoint(task):
    settings = SupernetSettings(epochs=12, batch_size=32)
    whole = SupernetEvaluator(task, settings, 3).prepare()
    whole.advance(deadline=NEVER, tick=always)
    ticks = iter([True] * 20 + [False])
    first = SupernetEvaluator(task, settings, 3).prepare()
    first.advance(deadline=NEVER, tick=lambda: next(ticks))
    second = SupernetEvaluator(task, settings, 3).prepare()
    second.restore(checkpoints.loads(checkpoints.dumps(first.state())))
    second.advance(deadline=NEVER, tick=always)
    network = whole.state()["network"]
    assert all(torch.equal(v, network[k]) for k, v in second.state()["network"].items())
    evaluator = SupernetEvaluator(task, settings, 3)
    evaluator.restore({"network": network})
    for genes in ((0, 0, 0, 0, 0, 0), (3, 3, 7, 7, 7, 7)):
        judged = evaluator.candidate(genes, seed=1)
        assert judged.advance(deadline=NEVER, tick=always).done
        assert judged.quality("test")["accuracy"].value >= 0.9


@pytest.mark.slow
def test_the_onnx_file_scores_what_was_reported(made, data, candidate):
    session = onnxruntime.InferenceSession(made.files["model.onnx"])
    (taken,) = session.get_inputs()
    assert (taken.name, taken.shape) == ("features", ["batch", 30])
    logits = session.run(["logits"], {"features": data.x_test})[0]
    accuracy = (logits.argmax(1) == data.y_test).mean()
    assert accuracy == pytest.approx(candidate.quality("test")["accuracy"].value)
    assert made.report["scores"]["model.onnx"]["accuracy"] == pytest.approx(accuracy)
    assert not made.report["problems"]


@pytest.fixture(scope="module")
def folder(made, data, tmp_path_factory):
    """The bundle unpacked, and test rows with their columns in another order."""
    path = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(io.BytesIO(made.zip())) as archive:
        archive.extractall(path)
    with (path / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["diagnosis", "hospital", *data.columns[-2::-1]])
        for row, label in zip(data.x_test.tolist(), data.y_test, strict=True):
            writer.writerow([data.classes[label], "north", *row[::-1]])
    return path


def run(folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-I", *arguments]
    options = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
    return subprocess.run(command, check=False, **options)


@pytest.mark.slow
def test_the_example_reads_a_csv_and_prints_the_reported_accuracy(folder, candidate):
    done = run(folder, "example.py", "rows.csv")
    accuracy = candidate.quality("test")["accuracy"].value
    assert done.stdout.startswith(f"accuracy {accuracy:.4f} ("), done.stderr


@pytest.mark.slow
def test_the_example_names_classes_and_missing_columns(folder, data):
    lines = (folder / "rows.csv").read_text().splitlines()[:3]
    (folder / "unlabelled.csv").write_text("\n".join(line.split(",", 1)[1] for line in lines))
    found = run(folder, "example.py", "unlabelled.csv").stdout.split()
    assert len(found) == 2
    assert set(found) <= set(data.classes)
    (folder / "narrow.csv").write_text("mean radius\n3\n")
    assert "Missing columns: mean texture" in run(folder, "example.py", "narrow.csv").stderr


@pytest.mark.slow
def test_the_source_runs_with_nothing_of_ours(folder):
    assert "parameters, logits [[" in run(folder, "network.py").stdout


@pytest.mark.slow
def test_the_card_and_the_readme_name_the_columns(made, data):
    signature = made.card["signature"]
    assert signature["input"]["columns"] == list(data.columns[:-1])
    assert signature["output"]["classes"] == ["malignant", "benign"]
    text = made.files["README.md"].decode()
    assert "mean radius, mean texture" in text
    assert "python example.py rows.csv" in text
    json.dumps(made.card)
