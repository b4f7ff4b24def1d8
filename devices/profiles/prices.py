"""Prices of work from whole networks, for devices of which no single operation was timed.

A network's time is a constant and a sum of amounts of work (multiply-accumulates dense and
depthwise, elements moved, primitives, blocks) with non-negative prices: least squares of the
relative error. Ten networks are enough for 3 % on one CPU (DEVICES, section 1).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from devices.profiles import features, regression
from devices.profiles.estimates import PREDICTED, WHOLE_NETWORKS, Estimate, Floats
from devices.profiles.operations import Operation

LEAST_NETWORKS = 5
SIGMA = 0.15  # of one operation: networks tell about sums
_WORK = {name: column for column, name in enumerate(features.WORK)}
# Amounts of an operation that have a price, as sums of columns of `features.work`.
AMOUNTS: Sequence[Sequence[str]] = (
    ("dense_macs",),
    ("depthwise_macs",),
    ("activations", "weights"),
    ("primitives",),
    ("call",),
)


def amounts(operations: Sequence[Operation]) -> Floats:
    """Returns [n, 5] amounts of work."""
    work = features.work(operations)
    columns = [work[:, [_WORK[name] for name in names]].sum(axis=1) for names in AMOUNTS]
    return np.stack(columns, axis=1)


def fit(networks: Sequence[Sequence[Operation]], latency_ms: Floats) -> dict[str, Any] | None:
    """Returns prices and the constant as JSON, None for fewer than five networks."""
    if len(networks) < LEAST_NETWORKS:
        return None
    work = np.array([amounts(operations).sum(axis=0) for operations in networks])
    columns = np.concatenate([work, np.ones((len(networks), 1))], axis=1)
    *prices, constant = regression.prices_of(columns, latency_ms).tolist()
    return {"prices": prices, "constant_ms": constant, "n_networks": len(networks)}


def estimates(operations: Sequence[Operation], found: Mapping[str, Any]) -> list[Estimate]:
    """Step 5 of the chain: what the work of an operation costs, without any call."""
    latency_ms = amounts(operations) @ np.array(found["prices"])
    return [
        Estimate(ms, SIGMA, PREDICTED, WHOLE_NETWORKS, has_call=False)
        for ms in latency_ms.tolist()
    ]
