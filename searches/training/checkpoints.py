"""States of Trainables as bytes; what is read back can hold data only, no code."""

from __future__ import annotations

import io
import pickle
import warnings
from typing import Any

import torch


class UnreadableCheckpoint(Exception):
    """The bytes hold no state: cut short, damaged, or something else."""


def dumps(state: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def loads(data: bytes) -> dict[str, Any]:
    """The state that `dumps` was given.

    Raises:
        UnreadableCheckpoint: The bytes are not such a state.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # about files that are refused anyway
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        raise UnreadableCheckpoint(str(error)) from error
    if not isinstance(state, dict):
        raise UnreadableCheckpoint(f"holds a {type(state).__name__} instead of a state")
    return state
