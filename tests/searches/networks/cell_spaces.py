"""Cell spaces that a CPU builds in an instant; together they hold every operation and topology."""

from searches.spaces.cell_operations import BY_NAME
from searches.spaces.cell_presets import PRESETS
from searches.spaces.cells import CellSpace

EVERY = list(BY_NAME)
TINY = {"channels": 4, "stem_width": 6, "n_cells": 1, "groups": 2, "heads": 2, "preset": ""}
THREE = ["skip_connect", "conv_3x3", "max_pool_3x3"]


def tiny(preset, **changes):
    return CellSpace.from_json({**PRESETS[preset], **TINY, "resolutions": [8, 16], **changes})


TINY_SPACES = {
    "lecture": tiny("lecture", n_nodes=2),
    "always concat": tiny("lecture", operations=EVERY, n_nodes=2, n_stages=2, merges=["concat"]),
    "nasnet": tiny("nasnet", n_nodes=3, operations=THREE),
    "unused and residual": tiny("enas", n_nodes=3, n_stages=2, n_cells=2, reduction="residual"),
    "darts": tiny("darts", n_nodes=3, n_stages=2),
    "every pair": tiny("darts", n_nodes=2, n_stages=2, operations=EVERY),
    "nas-bench-201": tiny("nas_bench_201", stem_width=4),
    "every edge": tiny("nas_bench_201", stem_width=4, n_nodes=3, operations=EVERY),
    "no dead edge": tiny("nas_bench_201", stem_width=4, n_nodes=5, operations=THREE),
}

ONE_EACH = {name: TINY_SPACES[name] for name in ("nasnet", "darts", "nas-bench-201")}
