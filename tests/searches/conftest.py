"""A space of a few small networks and 96 images that they can learn; torch only when asked."""

import numpy as np
import pytest

from searches.datasets.base import ImageData
from searches.spaces import registry

UNIT = {"stride": 2, "act": "hswish", "depths": [1, 2], "kernels": [3, 5], "expands": [2, 3]}


@pytest.fixture(scope="session")
def tiny_space():
    """Resolution 8 or 12, two units of one or two blocks."""
    small = registry.FAMILIES["ofa_mobilenet_v3"].presets["small"]
    units = [{"width": 8, "se": False, **UNIT}, {"width": 16, "se": True, **UNIT}]
    changes = {"resolutions": [8, 12], "units": units, "stem_width": 8, "first_width": 8}
    widths = {"stem_stride": 1, "final_width": 32, "mix_width": 32}
    return registry.load({**small, **changes, **widths})


@pytest.fixture(scope="session")
def tiny_data():
    """Three classes: a bright bar at the top, in the middle or at the bottom; noise besides."""
    rng = np.random.default_rng(0)
    labels = np.arange(96) % 3
    images = rng.integers(0, 120, (96, 12, 12, 1))
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += 100
    images, labels = images.astype(np.uint8), labels.astype(np.int64)
    parts = {"train": slice(0, 64), "val": slice(64, 80), "test": slice(80, 96)}
    arrays = {f"x_{name}": images[part] for name, part in parts.items()}
    arrays |= {f"y_{name}": labels[part] for name, part in parts.items()}
    return ImageData(**arrays, classes=("top", "middle", "bottom"))


@pytest.fixture
def tiny_task(tiny_space, tiny_data):
    from searches.targets.mobile import MobileTask
    from searches.targets.settings import MobileSettings

    return MobileTask(tiny_space, tiny_data, MobileSettings())
