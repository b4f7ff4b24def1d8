"""Ready-made spaces: data only. Class count and channels are those of the data set in the end."""

from typing import Any


def _units(
    rows: list[tuple[int, int, str, bool]],
    depths: list[int],
    kernels: list[int],
    expands: list[int],
) -> list[dict[str, Any]]:
    """Units from (width, stride, act, se), all with the same options."""
    options = {"depths": depths, "kernels": kernels, "expands": expands}
    return [
        {"width": width, "stride": stride, "act": act, "se": se, **options}
        for width, stride, act, se in rows
    ]


# Once-for-All, width multiplier 1.0: 2.18e19 architectures at each of 25 resolutions.
OFA_MOBILENET_V3_FULL: dict[str, Any] = {
    "family": "ofa_mobilenet_v3",
    "preset": "full",
    "in_channels": 3,
    "n_classes": 1000,
    "resolutions": list(range(128, 225, 4)),
    "stem_width": 16,
    "stem_kernel": 3,
    "stem_stride": 2,
    "stem_act": "hswish",
    "first_width": 16,
    "first_kernel": 3,
    "first_stride": 1,
    "first_act": "relu",
    "first_se": False,
    "units": _units(
        [
            (24, 2, "relu", False),
            (40, 2, "relu", True),
            (80, 2, "hswish", False),
            (112, 1, "hswish", True),
            (160, 2, "hswish", True),
        ],
        depths=[2, 3, 4],
        kernels=[3, 5, 7],
        expands=[3, 4, 6],
    ),
    "final_width": 960,
    "final_act": "hswish",
    "mix_width": 1280,
    "mix_act": "hswish",
}

# The same family cut down for images of up to 32 pixels, so that a CPU trains it in minutes.
OFA_MOBILENET_V3_SMALL: dict[str, Any] = {
    **OFA_MOBILENET_V3_FULL,
    "preset": "small",
    "n_classes": 10,
    "resolutions": [16, 20, 24, 28, 32],
    "units": _units(
        [(24, 1, "relu", False), (40, 2, "relu", True), (64, 2, "hswish", True)],
        depths=[1, 2, 3],
        kernels=[3, 5, 7],
        expands=[2, 3, 4],
    ),
    "final_width": 128,
    "mix_width": 160,
}
