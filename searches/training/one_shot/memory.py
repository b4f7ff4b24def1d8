"""Activation memory of a step: what is saved for the backward pass, by number of candidates.

The claim that is measured: with binary gates it does not grow with the number of candidates, it
is bounded by the largest of them (Cai et al., ProxylessNAS, ICLR 2019, section 3.2). Weights grow
with their number all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from searches.networks.mixed import Gate, Mixture
from searches.training.one_shot.gates import FullMixture, TwoPaths
from searches.training.task import Task

BATCH_SIZE = 16


def saved_bytes(network: nn.Module, compute: Callable[[], Tensor]) -> int:
    """Bytes of all tensors that `compute` saves for its backward pass.

    Each storage counts once; parameters and buffers do not count.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in network.parameters()}
    own |= {tensor.untyped_storage().data_ptr() for tensor in network.buffers()}
    storages: dict[int, int] = {}
    kept: list[Tensor] = []  # alive, so that no address is given away twice

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage.nbytes()
            kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        compute()
    return sum(storages.values())


def memory_curve(network: Mixture, task: Task, *, resolution: int) -> dict[str, Any]:
    """Saved bytes of a step of the choices, for the first 2, 3, … candidates of each choice.

    Returns:
        `candidates`; `mixture`: with all of them at once; `two_paths`: the largest over the pairs
        that can be drawn; `batch`: number of samples.
    """
    indices = torch.arange(min(BATCH_SIZE, task.size("train")))
    inputs, targets = task.batch("train", indices, resolution)
    sizes = [len(choice.options) for choice in network.choices]
    counts = list(range(2, max(sizes) + 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def measure(gates: list[Gate]) -> int:
        for operation in network.mixed_operations():
            operation.gate = gates[operation.choice]
        return saved_bytes(network, lambda: task.loss(network(inputs), targets))

    mixture = [measure([_first(size, n) for size in sizes]) for n in counts]
    pairs = [max(measure([_pair(size, n, k) for size in sizes]) for k in range(n)) for n in counts]
    network.load_state_dict(before)  # running statistics of batch norms moved
    return {
        "candidates": counts,
        "mixture": mixture,
        "two_paths": pairs,
        "batch": len(indices),
    }


def _first(size: int, n: int) -> Gate:
    """The mixture of the first `n` candidates, or of all when there are fewer."""
    return _Some(min(size, n))


class _Some(FullMixture):
    def __init__(self, n: int):
        super().__init__(torch.full((n,), 1 / n, requires_grad=True))

    def __call__(self, x: Tensor, candidates: nn.ModuleList) -> Tensor:
        return super().__call__(x, candidates[: len(self.weights)])


def _pair(size: int, n: int, active: int) -> Gate:
    """Candidate `active` computes, the next one of the first `n` is looked at."""
    count = min(size, n)
    gates = torch.tensor([1.0, 0.0], requires_grad=True)
    return TwoPaths(active % count, (active + 1) % count, gates)
