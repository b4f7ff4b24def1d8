"""Storage and peak memory of a network, from its operations; exact, nothing is measured."""

from collections.abc import Mapping

from devices.profiles.operations import Operation
from devices.profiles.profile import Runtime

BYTES: Mapping[str, int] = {"fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2, "int8": 1}
# What a file holds besides the weights: names, shapes and nodes. The exported ONNX files of seven
# OFA-MobileNetV3 networks, 0.4 to 23 MB, had 357 to 388 bytes per primitive more than weights.
CONTAINER_BYTES = 375
# A microcontroller reads its weights from flash; elsewhere they are loaded into memory.
IN_FLASH = frozenset({"mcu"})


def dtype_bytes(dtype: str) -> int:
    """Size of one number as it is stored; tf32 is stored as fp32."""
    return BYTES[dtype]


def weight_bytes(op: Operation, runtime: Runtime) -> int:
    """Weights as deployed, batch norm folded."""
    return op.weight_elements() * dtype_bytes(op.dtype or runtime.dtype)


def file_bytes(op: Operation, runtime: Runtime) -> int:
    """What the operation takes in a file: weights, and the container around them."""
    return weight_bytes(op, runtime) + CONTAINER_BYTES * len(op.decompose())


def peak_bytes(op: Operation, runtime: Runtime) -> int:
    """Activations that are alive at once while the operation runs, for the whole batch."""
    return activation_bytes(op.peak_elements(), op, runtime)


def activation_bytes(elements: int, op: Operation, runtime: Runtime) -> int:
    """Bytes of so many activations per sample, for the whole batch."""
    return elements * (op.batch or runtime.batch) * dtype_bytes(op.dtype or runtime.dtype)
