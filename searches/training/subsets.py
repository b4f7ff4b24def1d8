"""Training on a part of the data: the first samples of an order that is the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import torch
from torch import Tensor

from searches.training.seeds import generator


class Phase(NamedTuple):
    """From a step on, a share of the data."""

    start: int
    share: float


def phase_at(phases: Sequence[Phase], step: int) -> Phase:
    """The last phase that has begun; phases are in order, the first starts at 0."""
    return [phase for phase in phases if phase.start <= step][-1]


def samples_of(phase: Phase, n: int, *, batch_size: int, step: int, seed: int) -> Tensor:
    """Which samples the batch of a step consists of.

    Smaller shares are parts of larger ones. Within a phase every sample of the share comes at
    most once per pass, in a new order each time.

    Args:
        phase: That the step is in.
        n: Samples in all.
        batch_size: At most; a share of fewer samples is one batch.
        step: Of the training.
        seed: Of the training.

    Returns:
        [B] int64.
    """
    chosen = torch.randperm(n, generator=generator("share of the data"))[: ceil(phase.share * n)]
    size = min(batch_size, len(chosen))
    turn, position = divmod(step - phase.start, len(chosen) // size)
    order = torch.randperm(len(chosen), generator=generator(seed, "share", phase.start, turn))
    return chosen[order[position * size : (position + 1) * size]]
