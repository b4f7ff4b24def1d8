"""What a kit consists of: the manifest that the runner reads, and the ONNX files."""

import hashlib
from collections.abc import Sequence
from typing import Any

from devices.profiles.kit import onnx_blocks
from devices.profiles.operations import Operation

MANIFEST_SCHEMA = "webnas.kit/1"
Manifest = dict[str, Any]


def contents(
    operations: Sequence[Operation], *, space: str | None = None
) -> tuple[Manifest, dict[str, bytes]]:
    """Returns the manifest and the ONNX files by name.

    Besides one block per operation there are the identity, which shows what a call alone costs,
    and two probes of the machine: a matrix product and a copy.

    Args:
        operations: what shall be timed; those without ONNX form are left out.
        space: name of the search space that they come from.
    """
    items: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}

    def add(file: str, model: bytes, facts: dict[str, Any]) -> None:
        files[file] = model
        items.append({"file": file, "sha256": hashlib.sha256(model).hexdigest(), **facts})

    add("ident.onnx", onnx_blocks.identity_model(), {"role": "identity"})
    gemm = {"role": "peak", "probe": "gemm", "macs": onnx_blocks.GEMM_SIZE**3}
    add("gemm.onnx", onnx_blocks.gemm_model(), gemm)
    copy = {"role": "peak", "probe": "copy", "bytes": 2 * 4 * onnx_blocks.COPY_ELEMENTS}
    add("copy.onnx", onnx_blocks.copy_model(), copy)
    for op in operations:
        if onnx_blocks.is_supported(op):
            facts = {"role": "op", "op": op.to_dict(), "macs": op.macs()}
            add(f"ops/{op.key()[:16]}.onnx", onnx_blocks.block_model(op), facts)
    manifest: Manifest = {"schema": MANIFEST_SCHEMA, "kit_id": _kit_id(items), "items": items}
    return (manifest | {"space": space} if space else manifest), files


def _kit_id(items: Sequence[dict[str, Any]]) -> str:
    """Equal kits have equal names, so that their profiles can be compared."""
    digest = hashlib.sha256("".join(item["sha256"] for item in items).encode()).hexdigest()
    return f"k-{digest[:12]}"
