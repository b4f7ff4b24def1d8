"""A perceptron for images leaves as files that do what it does."""

import numpy as np
import onnxruntime
import pytest
import torch

from searches.evaluators.full import FullEvaluator
from searches.evaluators.settings import FullSettings
from searches.export import bundle
from searches.spaces import mlp_presets
from searches.spaces.registry import load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings


@pytest.mark.slow
def test_the_onnx_file_takes_images_and_scores_what_was_reported(tiny_data):
    task = MobileTask(load(mlp_presets.SMALL_IMAGES), tiny_data, MobileSettings())
    settings = FullSettings(epochs=10, batch_size=16, learning_rate=0.05, warmup_epochs=1)
    candidate = FullEvaluator(task, settings, 0).candidate((2, 1, 3, 1, 0, 0), seed=0)
    candidate.advance(deadline=float("inf"), tick=lambda: True)
    quality = candidate.quality("test")
    metrics = {f"{name}:test": value.to_json() for name, value in quality.items()}
    made = bundle.export(candidate.network(), task, card={"metrics": metrics})
    session = onnxruntime.InferenceSession(made.files["model.onnx"])
    assert session.get_inputs()[0].shape == ["batch", 1, 8, 8]
    images, labels = task.batch("test", torch.arange(16), 8)
    logits = session.run(None, {"images": np.ascontiguousarray(images.numpy())})[0]
    accuracy = (logits.argmax(1) == labels.numpy()).mean()
    assert accuracy == quality["accuracy"].value >= 0.8
    assert b"class MLP(" in made.files["network.py"]
    assert b"RESOLUTION = 8" in made.files["example.py"]
