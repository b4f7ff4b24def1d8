"""What measurements of trainings share: CIFAR-10 in part, and trainings that can be cut off."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from searches.datasets import npz, splits
from searches.datasets.digits import digits
from searches.spaces.registry import load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training import checkpoints
from searches.training.recalibration import recalibrate
from tests.evidence.cifar10 import large

SLICE_SECONDS = 30


def cifar10_task(work: Path, definition: dict, *, augmentation="shift_flip") -> MobileTask:
    """10,000 training images, of which the product holds some out, and the whole test set."""
    data = npz.read(io.BytesIO(large(work).read_bytes()), seed=0)
    return MobileTask(load(definition), data, MobileSettings(augmentation=augmentation))


def digits_task(definition: dict, n: int) -> MobileTask:
    """Some of the digits, for a look at whether a measurement works at all."""
    data = digits()
    part = splits.split(
        (data.x_train[:n], data.y_train[:n]), None, None, classes=data.classes, seed=0
    )
    return MobileTask(load(definition), part, MobileSettings())


def once(path: Path, make: Callable[[], dict]) -> dict:
    """What `make` found, kept in a file: made only once."""
    if not path.exists():
        found = make()
        whole = path.with_suffix(".part")
        whole.write_text(json.dumps(found))
        whole.rename(path)
    return json.loads(path.read_text())


def trained(training, kept: Path):
    """The training at its end, slice by slice with a checkpoint; and minutes of CPU so far."""
    minutes = 0.0
    if kept.exists():
        state = checkpoints.loads(kept.read_bytes())
        minutes = state.pop("minutes")
        training.restore(state)
    while not training.progress.done:
        began = time.process_time()
        training.advance(deadline=time.monotonic() + SLICE_SECONDS, tick=lambda: True)
        minutes += (time.process_time() - began) / 60
        whole = kept.with_suffix(".part")
        whole.write_bytes(checkpoints.dumps(training.state() | {"minutes": minutes}))
        whole.rename(kept)
    return training, minutes


def judged(task, network, *, provenance="supernet", recalibration_images=2000) -> dict:
    """Accuracy and cross entropy on the validation split, batch norm measured anew."""
    torch.set_num_threads(1)
    side = network.config["resolution"]
    recalibrate(network, task, resolution=side, n_images=recalibration_images)
    found = task.quality(network, "validation", resolution=side, provenance=provenance)
    return {name: value.value for name, value in found.items()}


def mean_and_error(values) -> dict:
    """Mean and its standard error over seeds."""
    array = np.asarray(values, dtype=float)
    error = array.std(ddof=1) / len(array) ** 0.5 if len(array) > 1 else float("nan")
    return {"mean": round(float(array.mean()), 4), "standard_error": round(float(error), 4)}
