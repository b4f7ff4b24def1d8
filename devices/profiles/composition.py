"""Blocks from the rows of their primitives, for tables that know no blocks.

The plain sum is too large, since every primitive that was timed alone pays for its own borders:
+42 % for inverted bottlenecks on one CPU (DEVICES, section 1). Blocks that have a row of their
own beside their primitives' show by how much.
"""

import math
from collections.abc import Mapping

import numpy as np

from devices.profiles.estimates import PREDICTED, Estimate
from devices.profiles.operations import Operation
from devices.profiles.table import RowTable

SIGMA = 0.12
UNCHECKED_SIGMA = 0.40  # no block shows the bias
LEAST_BLOCKS = 3
MOST_BLOCKS = 4000  # of a larger table so many, evenly apart: the median is no better for more
UNCHECKED: Mapping[str, float] = {"bias": 1.0, "sigma": UNCHECKED_SIGMA, "n_blocks": 0}


def fit(table: RowTable) -> dict[str, float]:
    """Returns the median ratio of a block's row to the sum of its primitives, as JSON.

    Fewer than three blocks with both leave the ratio at 1 and a wide interval.
    """
    ratios = []
    rows = table.measured()
    for entry in rows[:: len(rows) // MOST_BLOCKS + 1]:
        total = _sum_ms(table, entry.op)
        if total:
            ratios.append(entry.mean_ms / total)
    if len(ratios) < LEAST_BLOCKS:
        return dict(UNCHECKED)
    spread = float(np.std(np.log(ratios)))
    bias = float(np.median(ratios))
    return {"bias": bias, "sigma": max(SIGMA, spread), "n_blocks": len(ratios)}


def of_primitives(table: RowTable, op: Operation, bias: Mapping[str, float]) -> Estimate | None:
    """Step 3 of the chain: the sum of the primitives' rows, times the bias."""
    total = _sum_ms(table, op)
    if total is None:
        return None
    return Estimate(total * bias["bias"], bias["sigma"], PREDICTED, "primitives")


def _sum_ms(table: RowTable, op: Operation) -> float | None:
    """Sum of the primitives of a block with the cost of one call, None if a row is missing."""
    parts = op.decompose()
    if len(parts) < 2:
        return None
    work = 0.0
    for part in parts:
        estimate = table.exact(part) or table.other_resolution(part)
        if estimate is None:
            return None
        work += max(estimate.latency_ms - table.overhead_ms, 0.0)
    return table.overhead_ms + work if math.isfinite(work) and work > 0 else None
