"""Ready-made spaces of multilayer perceptrons; features and classes are those of the data set."""

from typing import Any

FEATURES: dict[str, Any] = {
    "family": "mlp",
    "preset": "features",
    "in_channels": 16,
    "n_classes": 2,
    "depths": [1, 2, 3, 4],
    "widths": [4, 8, 16, 24, 32, 48, 64, 96],
    "activations": ["relu", "hswish", "gelu", "tanh"],
}

SMALL_IMAGES: dict[str, Any] = {
    **FEATURES,
    "family": "mlp_images",
    "preset": "8 pixels",
    "in_channels": 1,
    "n_classes": 10,
    "widths": [16, 32, 48, 64, 96, 128, 192, 256],
    "resolution": 8,
}

IMAGES: dict[str, Any] = {
    **SMALL_IMAGES,
    "preset": "16 pixels",
    "widths": [32, 64, 96, 128, 192, 256, 384, 512],
    "resolution": 16,
}
