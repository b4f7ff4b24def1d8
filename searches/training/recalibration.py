"""Statistics of batch norm, measured anew for one network.

Shared weights were trained with the statistics of whatever subnet was active, so the running
averages fit none of them (Cai et al., ICLR 2020; Guo et al., ECCV 2020, section 3.4).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from searches.training.seeds import generator
from searches.training.task import Task


@torch.no_grad()
def recalibrate(
    network: nn.Module, task: Task, *, resolution: int, n_images: int = 2000, batch_size: int = 200
) -> None:
    """Set the running statistics to those over a fixed set of unaugmented training images.

    Means and variances are weighted by the size of the batches, and the spread between the
    batches' means is added to the variance (law of total variance): negligible for batches of
    200, not for small ones.

    Args:
        network: Is left in evaluation mode.
        task: Where the images come from.
        resolution: Of the images.
        n_images: At most so many; all when the training split has fewer.
        batch_size: Images at a time; the last batch may be larger by less than one batch.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    sums = [norm.weight.new_zeros(3, norm.num_features) for norm in norms]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0  # the running statistics are then those of the last batch alone
    network.train()
    chosen = _chosen(task.size("train"), n_images)
    for indices in chosen.tensor_split(max(1, len(chosen) // batch_size)):
        network(task.batch("train", indices, resolution)[0])
        for norm, total in zip(norms, sums, strict=True):
            mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
            total += len(indices) * torch.stack([mean, mean * mean, variance])
    for norm, total, momentum in zip(norms, sums, momenta, strict=True):
        mean, square, variance = total / len(chosen)
        norm.get_buffer("running_mean").copy_(mean)
        norm.get_buffer("running_var").copy_(variance + square - mean * mean)
        norm.momentum = momentum
    network.eval()


def _chosen(n: int, n_images: int) -> Tensor:
    """Always the same samples of a split of size `n`, so that all candidates are treated alike."""
    return torch.randperm(n, generator=generator("recalibration"))[:n_images]
