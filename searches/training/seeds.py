"""Random numbers that depend on what they are for, not on what was drawn before.

With a generator for each step, derived from the seed of the training and the number of the step,
no generator's state has to be stored: a training goes on anywhere as if it had never stopped.
"""

from __future__ import annotations

import hashlib
from random import Random

import torch


def derived_seed(*parts: int | str) -> int:
    """63 bits that differ for different parts, the same on every machine."""
    text = ":".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(*parts: int | str) -> torch.Generator:
    return torch.Generator().manual_seed(derived_seed(*parts))


def rng(*parts: int | str) -> Random:
    return Random(derived_seed(*parts))
