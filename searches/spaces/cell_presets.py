"""Ready-made cell spaces: data only. Classes and channels are those of the data set in the end.

Lists of operations are a start: any of `cell_operations.BY_NAME` can be taken out or added.
"""

from typing import Any

_SHARED: dict[str, Any] = {"family": "cells", "in_channels": 3, "n_classes": 10}

# The cell of the lecture: (2·2·5·5·2)^5 = 3.2e11 cells. Which five operations and which network
# around the cell is ours.
LECTURE: dict[str, Any] = {
    **_SHARED,
    "preset": "lecture",
    "topology": "blocks",
    "inputs": "fixed",
    "output": "all",
    "reduction": "residual",
    "operations": ["skip_connect", "conv_3x3", "sep_conv_3x3", "sep_conv_5x5", "max_pool_3x3"],
    "merges": ["add", "concat"],
    "n_nodes": 5,
    "channels": 8,
    "stem_width": 16,
    "n_stages": 3,
    "n_cells": 1,
    "resolutions": [32],
}

# Zoph et al., 2018, section 3, with the operations of its list: 2.29e18 cells of each kind. The
# network is that of its experiments on CIFAR-10 with N = 6 and 32 channels.
NASNET: dict[str, Any] = {
    **_SHARED,
    "preset": "nasnet",
    "topology": "blocks",
    "inputs": "earlier",
    "output": "unused",
    "reduction": "cell",
    "operations": [
        "skip_connect",
        "conv_1x3_3x1",
        "conv_1x7_7x1",
        "dilated_conv_3x3",
        "avg_pool_3x3",
        "max_pool_3x3",
        "max_pool_5x5",
        "max_pool_7x7",
        "conv_1x1",
        "conv_3x3",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "sep_conv_7x7",
    ],
    "merges": ["add", "concat"],
    "n_nodes": 5,
    "channels": 32,
    "stem_width": 32,
    "n_stages": 3,
    "n_cells": 6,
    "resolutions": [32],
}

# Pham et al., 2018, section 2.3: 5.06e12 cells of each kind.
ENAS: dict[str, Any] = {
    **_SHARED,
    "preset": "enas",
    "topology": "blocks",
    "inputs": "earlier",
    "output": "unused",
    "reduction": "cell",
    "operations": [
        "sep_conv_3x3",
        "sep_conv_5x5",
        "avg_pool_3x3",
        "max_pool_3x3",
        "skip_connect",
    ],
    "merges": ["add"],
    "n_nodes": 5,
    "channels": 36,
    "stem_width": 108,
    "n_stages": 3,
    "n_cells": 5,
    "resolutions": [32],
}

# Liu et al., 2019: 1.04e9 cells of each kind; the network is that of its evaluation on CIFAR-10,
# 20 cells and 36 channels.
DARTS: dict[str, Any] = {
    **_SHARED,
    "preset": "darts",
    "topology": "pairs",
    "reduction": "cell",
    "operations": [
        "none",
        "max_pool_3x3",
        "avg_pool_3x3",
        "skip_connect",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "dil_conv_3x3",
        "dil_conv_5x5",
    ],
    "n_nodes": 4,
    "channels": 36,
    "stem_width": 108,
    "n_stages": 3,
    "n_cells": 6,
    "resolutions": [32],
}

# The same cells in a network that a CPU searches in minutes: 5 cells of 2 nodes.
DARTS_SMALL: dict[str, Any] = {
    **DARTS,
    "preset": "darts_small",
    "n_nodes": 2,
    "channels": 8,
    "stem_width": 24,
    "n_cells": 1,
    "resolutions": [16],
}

# Dong and Yang, 2020: 15,625 cells, 16 channels, five cells per stage.
NAS_BENCH_201: dict[str, Any] = {
    **_SHARED,
    "preset": "nas_bench_201",
    "topology": "edges",
    "reduction": "residual",
    "operations": ["none", "skip_connect", "conv_1x1", "conv_3x3", "avg_pool_3x3"],
    "n_nodes": 4,
    "channels": 16,
    "stem_width": 16,
    "n_stages": 3,
    "n_cells": 5,
    "resolutions": [32],
}

# The same cells in a network that a CPU trains in minutes: one cell per stage, images from 16.
NAS_BENCH_201_SMALL: dict[str, Any] = {
    **NAS_BENCH_201,
    "preset": "nas_bench_201_small",
    "channels": 8,
    "stem_width": 8,
    "n_cells": 1,
    "resolutions": [16, 24, 32],
}

PRESETS = {
    preset["preset"]: preset
    for preset in (LECTURE, NASNET, ENAS, DARTS, DARTS_SMALL, NAS_BENCH_201, NAS_BENCH_201_SMALL)
}
