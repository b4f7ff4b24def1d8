"""Trains a small once-for-all network in a folder, a checkpoint after every piece of work.

python -m tests.faults.shrink FOLDER
"""

import os
import sys
from pathlib import Path

from searches.datasets import splits
from searches.datasets.digits import digits
from searches.spaces.registry import FAMILIES, load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training import checkpoints
from searches.training.settings import ShrinkingTrainingSettings
from searches.training.shrinking import Shrinking

SETTINGS = ShrinkingTrainingSettings(
    epochs=2, kernel_epochs=1, depth_epochs=1, width_epochs=1, batch_size=16, warmup_epochs=0
)


def training() -> Shrinking:
    unit = {"stride": 2, "act": "hswish", "depths": [1, 2], "kernels": [3, 5], "expands": [2, 3]}
    definition = {
        **FAMILIES["ofa_mobilenet_v3"].presets["small"],
        "resolutions": [8],
        "units": [{"width": 8, "se": False, **unit}, {"width": 16, "se": True, **unit}],
        "stem_width": 8,
        "first_width": 8,
        "final_width": 32,
        "mix_width": 32,
    }
    data = digits()
    part = (data.x_train[:100], data.y_train[:100])
    data = splits.split(part, None, None, classes=data.classes, seed=0)
    task = MobileTask(load(definition), data, MobileSettings())
    return Shrinking(task, SETTINGS, seed=1, recalibration_images=32)


def main(folder: Path) -> None:
    found, kept, number = training(), folder / "state.pt", 0
    if kept.exists():
        found.restore(checkpoints.loads(kept.read_bytes()))
    while not found.progress.done:
        found.advance(deadline=0.0, tick=lambda: True)
        whole = folder / "state.new"
        whole.write_bytes(checkpoints.dumps(found.state()))
        whole.rename(kept)
        number += 1
        (folder / f"done-{os.getpid()}-{number}").touch()
    (folder / "end").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
