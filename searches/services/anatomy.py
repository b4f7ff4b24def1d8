"""What a network consists of, block by block, and what each block costs on the run's devices."""

from typing import Any

import numpy as np

from devices.profiles.estimates import PROVENANCES
from devices.profiles.operations import Operation
from searches.models import Trial
from searches.runner import engine
from searches.runner.costing import Costing

NAMES = {
    "conv": "Convolution",
    "dwconv": "Depthwise convolution",
    "mbconv": "MBConv",
    "resblock": "Residual block",
    "gap": "Global pooling",
    "linear": "Linear",
    "pool": "Pooling",
}


def breakdown(*, trial: Trial) -> dict[str, Any]:
    """The blocks of a trial's network in order, with shapes, counts and cost per device.

    Latency of a block is what it adds to the network: without the overhead of a call of its own.
    """
    run = trial.run
    costing = engine.costing_of(run)
    genes = engine.genes_of(trial)
    row = costing.space.operation_indices(np.array([genes]))[0]
    rows = row[row >= 0]
    table = costing.space.operation_table()
    blocks = [block(table[index]) for index in rows]
    if not blocks:  # the choices of a table of known results
        return {"resolution": 0, "blocks": [], "devices": []}
    if blocks[-1]["type"] == "linear":
        blocks[-1]["name"] = "Classifier"
    for device in costing.versions:
        _add_latency(blocks, costing, device, rows)
    pins = run.pinned.select_related("device", "version").order_by("position")
    devices = [
        {"id": str(pin.device_id), "name": pin.device.name, "version": pin.version.number}
        for pin in pins
        if pin.version is not None and str(pin.device_id) in blocks[0]["devices"]
    ]
    return {"resolution": blocks[0]["side"], "blocks": blocks, "devices": devices}


def choices(*, trial: Trial) -> dict[str, Any]:
    """The options that make the architecture, by the names of the genes."""
    return engine.space_of(trial.run).describe(engine.genes_of(trial))


def block(operation: Operation) -> dict[str, Any]:
    """One operation as people name it: kernel, expansion, channels and sides of the maps."""
    cin, mid = operation.cin, operation.mid
    return {
        "type": operation.type,
        "name": NAMES.get(operation.type, operation.type),
        "label": operation.label(),
        "kernel": operation.k,
        "expand": round(mid / cin, 2) if mid and cin and mid != cin else None,
        "cin": cin,
        "cout": operation.cout or cin,
        "mid": mid,
        "side": operation.h or 1,
        "out_side": operation.output_size()[0] if operation.h else 1,
        "stride": operation.s,
        "se": operation.se,
        "skip": operation.skip,
        "act": operation.act,
        "macs": operation.macs(),
        "parameters": operation.parameters(),
        "devices": {},
    }


def _add_latency(
    blocks: list[dict[str, Any]], costing: Costing, device: int, rows: np.ndarray
) -> None:
    table = costing.table(device)
    if not table.has_latency:
        return
    latency_ms = np.asarray(table.network_ms)[rows]
    total = float(latency_ms.sum()) or 1.0
    for found, index, ms in zip(blocks, rows, latency_ms, strict=True):
        found["devices"][str(device)] = {
            "latency_ms": float(ms),
            "share": float(ms) / total,
            "provenance": PROVENANCES[int(table.provenance[index])],
        }
