"""Tensors as JSON: base64 of the zlib-compressed bytes of float32 numbers, and their shape."""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor


def encode(tensor: Tensor) -> dict[str, Any]:
    """JSON of a float32 tensor, exact to the bit.

    Raises:
        TypeError: another type would lose precision, or waste space.
    """
    if tensor.dtype != torch.float32:
        raise TypeError(f"A float32 tensor is needed, not {tensor.dtype}.")
    numbers = tensor.detach().cpu().contiguous().numpy().astype("<f4")
    packed = zlib.compress(numbers.tobytes())
    return {"shape": list(tensor.shape), "data": base64.b64encode(packed).decode("ascii")}


def decode(data: Mapping[str, Any]) -> Tensor:
    """The inverse of `encode`.

    Raises:
        ValueError: the bytes are not those of a tensor of this shape.
    """
    shape = [int(length) for length in data["shape"]]
    n_bytes = 4 * int(np.prod(shape, dtype=np.int64))
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(base64.b64decode(data["data"], validate=True), n_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"The tensor's bytes cannot be unpacked: {error}.") from error
    if len(raw) != n_bytes:
        raise ValueError(f"A tensor of shape {shape} has {n_bytes} bytes, not {len(raw)}.")
    return torch.from_numpy(np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(shape))


def encode_all(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """JSON of named tensors."""
    return {name: encode(tensor) for name, tensor in tensors.items()}


def decode_all(data: Mapping[str, Any]) -> dict[str, Tensor]:
    """The inverse of `encode_all`."""
    return {name: decode(tensor) for name, tensor in data.items()}


def encode_generator(generator: torch.Generator) -> str:
    """The state of a random generator as text."""
    return base64.b64encode(zlib.compress(generator.get_state().numpy().tobytes())).decode("ascii")


def restore_generator(generator: torch.Generator, text: str) -> None:
    """Set the generator to the state that `encode_generator` took."""
    raw = zlib.decompress(base64.b64decode(text, validate=True))
    generator.set_state(torch.from_numpy(np.frombuffer(raw, dtype=np.uint8).copy()))
