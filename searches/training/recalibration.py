"""Statistics of batch norm, measured anew for one network.

Shared weights were trained with the statistics of whatever subnet was active, so the running
averages fit none of them (Cai et al., ICLR 2020; Guo et al., ECCV 2020, section 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from searches.training.base import Tick, always
from searches.training.seeds import generator
from searches.training.task import Task

BATCH_SIZE = 200
Norm = nn.BatchNorm1d | nn.BatchNorm2d


@torch.no_grad()
def recalibrate(
    network: nn.Module,
    task: Task,
    *,
    resolution: int,
    n_images: int = 2000,
    batch_size: int = BATCH_SIZE,
    tick: Tick = always,
) -> bool:
    """Set the running statistics to those over a fixed set of unaugmented training images.

    A network without batch norm is ready as it is.

    Means and variances are weighted by the size of the batches, and the spread between the
    batches' means is added to the variance (law of total variance): negligible for batches of
    200, not for small ones.

    Args:
        network: Is left in evaluation mode.
        task: Where the images come from.
        resolution: Of the images.
        n_images: At most so many; all when the training split has fewer.
        batch_size: Images at a time; the batches may be larger by less than this.
        tick: Called after every batch; when it returns False the statistics stay as they were.

    Returns:
        Whether it was done, not stopped.
    """
    norms = _norms(network)
    if not norms:
        network.eval()
        return True
    chosen = _chosen(task.size("train"), n_images)
    sums = [norm.get_buffer("running_mean").new_zeros(3, norm.num_features) for norm in norms]
    with _statistics_of_one_batch(network, norms):
        for indices in chosen.tensor_split(max(1, len(chosen) // batch_size)):
            network(task.batch("train", indices, resolution)[0])
            for norm, total in zip(norms, sums, strict=True):
                mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
                total += len(indices) * torch.stack([mean, mean * mean, variance])
            if not tick():
                return False
    for norm, total in zip(norms, sums, strict=True):
        mean, square, variance = total / len(chosen)
        norm.get_buffer("running_mean").copy_(mean)
        norm.get_buffer("running_var").copy_(variance + square - mean * mean)
    return True


def _norms(network: nn.Module) -> list[Norm]:
    """Every batch norm that keeps statistics, with or without weights of its own."""
    found = [module for module in network.modules() if isinstance(module, Norm)]
    return [norm for norm in found if norm.running_mean is not None]


@contextmanager
def _statistics_of_one_batch(network: nn.Module, norms: list[Norm]) -> Iterator[None]:
    """Running statistics are those of the last batch alone; afterwards all is as before."""
    before = [(norm.momentum, norm.get_buffer("running_mean").clone()) for norm in norms]
    variances = [norm.get_buffer("running_var").clone() for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    network.train()
    try:
        yield
    finally:
        network.eval()
        for norm, (momentum, mean), variance in zip(norms, before, variances, strict=True):
            norm.momentum = momentum
            norm.get_buffer("running_mean").copy_(mean)
            norm.get_buffer("running_var").copy_(variance)


def _chosen(n: int, n_images: int) -> Tensor:
    """Always the same samples of a split of size `n`, so that all candidates are treated alike."""
    return torch.randperm(n, generator=generator("recalibration"))[:n_images]
