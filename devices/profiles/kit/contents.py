"""What a kit consists of: the list that the runner reads, the ONNX files and their weights."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from devices.profiles.kit import onnx_blocks
from devices.profiles.kit.graph import repeated_tile
from devices.profiles.kit.kit import Kit
from devices.profiles.kit.networks import network_model
from devices.profiles.operations import Operation

MANIFEST_SCHEMA = "webnas.kit/1"
MANIFEST, FOLDER = "manifest.json", "models"
WEIGHTS = "weights.bin"  # beside the models
Item = dict[str, Any]
Manifest = dict[str, Any]


@lru_cache(maxsize=8)
def supported(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Returns those that have an ONNX form."""
    return tuple(op for op in operations if onnx_blocks.is_supported(op))


def weights_bytes(kit: Kit) -> int:
    """Size of the file that the weights of all models are read from: that of the largest."""
    whole = [op for network in kit.networks for op in network.operations]
    return max(4 * op.weight_elements() for op in (*supported(kit.operations), *whole))


def files_of(kit: Kit) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file that the runner needs: models, their weights, the list."""
    items = []
    for item, model in models_of(kit):
        yield item["file"], model
        items.append(item)
    yield f"{FOLDER}/{WEIGHTS}", repeated_tile(weights_bytes(kit) // 4 + 1)
    manifest = manifest_of(kit, items)
    yield MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode()


def manifest_of(kit: Kit, items: Sequence[Item]) -> Manifest:
    """The list of a kit whose models have these rows; equal kits have equal names."""
    digest = hashlib.sha256("".join(item["sha256"] for item in items).encode()).hexdigest()
    head: Manifest = {"schema": MANIFEST_SCHEMA, "kit_id": f"k-{digest[:12]}"}
    head |= {"batch": kit.batch, "dtype": "fp32"}
    return head | ({"space": kit.space} if kit.space else {}) | {"items": list(items)}


def models_of(kit: Kit) -> Iterator[tuple[Item, bytes]]:
    """Each row of the manifest with its ONNX file.

    Besides blocks and networks there are the identity, which shows what a call alone costs, and
    two probes of the machine: a matrix product and a copy.
    """
    yield _row("ident", onnx_blocks.identity_model(), {"role": "identity"})
    gemm = {"role": "peak", "probe": "gemm", "macs": onnx_blocks.GEMM_SIZE**3}
    yield _row("gemm", onnx_blocks.gemm_model(), gemm)
    copy = {"role": "peak", "probe": "copy", "bytes": 2 * 4 * onnx_blocks.COPY_ELEMENTS}
    yield _row("copy", onnx_blocks.copy_model(), copy)
    for op in supported(kit.operations):
        facts = {"role": "op", "op": op.to_dict(), **_amounts([op], kit.batch)}
        model = onnx_blocks.block_model(replace(op, batch=kit.batch), WEIGHTS)
        yield _row(f"op-{op.key()[:16]}", model, facts)
    for number, network in enumerate(kit.networks, start=1):
        facts = {"role": "model", "split": network.split, "arch": network.arch}
        facts |= _amounts(network.operations, kit.batch)
        yield _row(
            f"net-{number:03d}", network_model(network.operations, kit.batch, WEIGHTS), facts
        )


def _amounts(operations: Sequence[Operation], batch: int) -> Item:
    return {
        "macs": batch * sum(op.macs() for op in operations),
        "weight_bytes": 4 * sum(op.weight_elements() for op in operations),
    }


def _row(stem: str, model: bytes, facts: Item) -> tuple[Item, bytes]:
    head = {"file": f"{FOLDER}/{stem}.onnx", "sha256": hashlib.sha256(model).hexdigest()}
    return head | facts, model
