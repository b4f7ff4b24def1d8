"""Ready-made residual and choice spaces: data only, as in `presets`."""

from typing import Any

# Once-for-All's ResNet50: 2.46e12 choices at each of 25 resolutions.
OFA_RESNET50_FULL: dict[str, Any] = {
    "family": "ofa_resnet50",
    "preset": "full",
    "in_channels": 3,
    "n_classes": 1000,
    "resolutions": list(range(128, 225, 4)),
    "stem_width": 64,
    "stem_stride": 2,
    "stem_pool": True,
    "stages": [
        {"width": 256, "depth": 2, "stride": 1},
        {"width": 512, "depth": 2, "stride": 2},
        {"width": 1024, "depth": 4, "stride": 2},
        {"width": 2048, "depth": 2, "stride": 2},
    ],
    "width_multipliers": [0.65, 0.8, 1.0],
    "extra_depths": [0, 1, 2],
    "expands": [0.2, 0.25, 0.35],
}

# The same family cut down for images of up to 32 pixels, so that a CPU trains it in minutes.
OFA_RESNET50_SMALL: dict[str, Any] = {
    **OFA_RESNET50_FULL,
    "preset": "small",
    "n_classes": 10,
    "resolutions": [16, 20, 24, 28, 32],
    "stem_width": 32,
    "stem_pool": False,
    "stages": [
        {"width": 48, "depth": 1, "stride": 1},
        {"width": 96, "depth": 1, "stride": 2},
        {"width": 192, "depth": 1, "stride": 2},
    ],
    "width_multipliers": [0.5, 0.75, 1.0],
    "expands": [0.25, 0.5, 0.75],
}

# Around ResNet-18 and ResNet-34: their widths, halves of them, and depths in between.
RESIDUAL_FULL: dict[str, Any] = {
    "family": "residual",
    "preset": "full",
    "in_channels": 3,
    "n_classes": 1000,
    "resolutions": [128, 160, 192, 224],
    "block": "basic",
    "shortcut": "convolution",
    "expand": 0.25,
    "stem_width": 64,
    "stem_kernel": 7,
    "stem_stride": 2,
    "stem_pool": True,
    "stages": [
        {"widths": [32, 48, 64], "depths": [1, 2, 3], "stride": 1, "kernels": [3]},
        {"widths": [64, 96, 128], "depths": [1, 2, 3, 4], "stride": 2, "kernels": [3]},
        {"widths": [128, 192, 256], "depths": [1, 2, 3, 4, 5, 6], "stride": 2, "kernels": [3]},
        {"widths": [256, 384, 512], "depths": [1, 2, 3], "stride": 2, "kernels": [3]},
    ],
}

# Around the ResNets for CIFAR-10 (16, 32 and 64 channels), with a choice of kernels.
RESIDUAL_SMALL: dict[str, Any] = {
    **RESIDUAL_FULL,
    "preset": "small",
    "n_classes": 10,
    "resolutions": [16, 20, 24, 28, 32],
    "stem_width": 16,
    "stem_kernel": 3,
    "stem_stride": 1,
    "stem_pool": False,
    "stages": [
        {"widths": [8, 12, 16], "depths": [1, 2, 3], "stride": 1, "kernels": [3, 5]},
        {"widths": [16, 24, 32], "depths": [1, 2, 3], "stride": 2, "kernels": [3, 5]},
        {"widths": [32, 48, 64], "depths": [1, 2, 3], "stride": 2, "kernels": [3, 5]},
    ],
}


def _operations(*ratios: tuple[int, int, int]) -> list[dict[str, int]]:
    return [{"kernel": k, "expand": e, "groups": g} for k, e, g in ratios]


# ProxylessNAS: 6⁶ · 7¹⁵ = 2.2e17 networks.
PROXYLESS_FULL: dict[str, Any] = {
    "family": "proxyless",
    "preset": "full",
    "in_channels": 3,
    "n_classes": 1000,
    "resolutions": [224],
    "act": "relu6",
    "stem_width": 32,
    "stem_stride": 2,
    "first_width": 16,
    "stages": [
        {"width": 24, "stride": 2, "n_blocks": 4},
        {"width": 40, "stride": 2, "n_blocks": 4},
        {"width": 80, "stride": 2, "n_blocks": 4},
        {"width": 96, "stride": 1, "n_blocks": 4},
        {"width": 192, "stride": 2, "n_blocks": 4},
        {"width": 320, "stride": 1, "n_blocks": 1},
    ],
    "operations": _operations((3, 3, 1), (3, 6, 1), (5, 3, 1), (5, 6, 1), (7, 3, 1), (7, 6, 1)),
    "skipping": "same shape",
    "final_width": 1280,
}

# FBNet: 22 layers with 9 candidates each, 9²² = 9.8e20 networks.
PROXYLESS_FBNET: dict[str, Any] = {
    **PROXYLESS_FULL,
    "preset": "fbnet",
    "act": "relu",
    "stem_width": 16,
    "first_width": 0,
    "stages": [
        {"width": 16, "stride": 1, "n_blocks": 1},
        {"width": 24, "stride": 2, "n_blocks": 4},
        {"width": 32, "stride": 2, "n_blocks": 4},
        {"width": 64, "stride": 2, "n_blocks": 4},
        {"width": 112, "stride": 1, "n_blocks": 4},
        {"width": 184, "stride": 2, "n_blocks": 4},
        {"width": 352, "stride": 1, "n_blocks": 1},
    ],
    "operations": _operations(
        *[(3, 1, 1), (3, 1, 2), (3, 3, 1), (3, 6, 1), (5, 1, 1), (5, 1, 2), (5, 3, 1), (5, 6, 1)]
    ),
    "skipping": "everywhere",
    "final_width": 1504,
}

# The same family cut down for images of up to 32 pixels, so that a CPU trains it in minutes.
PROXYLESS_SMALL: dict[str, Any] = {
    **PROXYLESS_FULL,
    "preset": "small",
    "n_classes": 10,
    "resolutions": [24],
    "stem_width": 16,
    "first_width": 8,
    "stages": [
        {"width": 16, "stride": 1, "n_blocks": 3},
        {"width": 32, "stride": 2, "n_blocks": 3},
        {"width": 64, "stride": 2, "n_blocks": 3},
    ],
    "final_width": 160,
}
