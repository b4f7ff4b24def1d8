"""Architectures from the final distribution of the choices: a whole front, not one network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import torch
from torch import Generator, Tensor

from searches.networks.mixed import Mixture
from searches.spaces.base import Genes

# Trade-off weights: how many logits the whole span of a cost is worth. Below 0: dearer networks.
TRADE_OFFS = tuple(sign * 2.0**power for power in range(-2, 10) for sign in (1, -1))
# Draws for each architecture wanted; a distribution near one-hot repeats itself.
ATTEMPTS = 20


def derive(
    mixture: Mixture,
    alphas: Sequence[Tensor],
    costs: Sequence[Sequence[Tensor]],
    n: int,
    *,
    generator: Generator,
) -> list[Genes]:
    """At most `n` different architectures.

    First the preferred one, then those preferred when a cost counts more or less (the logits are
    shifted by a trade-off weight times the cost of each option), then samples of the
    distribution, shifted likewise (Gumbel's trick draws exactly by the probabilities).

    Args:
        mixture: which decodes.
        alphas: per choice [n_options].
        costs: per cost and choice [n_options], as a share of the cost's span over the space.
        n: how many.
        generator: source of the samples.
    """
    found: dict[Genes, None] = {mixture.decode(_softmax(alphas)): None}
    for cost in costs:
        for weight in TRADE_OFFS:
            if len(found) < n:
                found[mixture.decode(_softmax(_shifted(alphas, cost, weight)))] = None
    for attempt in range(ATTEMPTS * n):
        if len(found) >= n:
            break
        logits: Sequence[Tensor] = alphas
        if costs:
            cost = costs[attempt % len(costs)]
            logits = _shifted(alphas, cost, TRADE_OFFS[attempt % len(TRADE_OFFS)])
        found[mixture.decode(_softmax([_noisy(row, generator) for row in logits]))] = None
    return list(islice(found, n))


def _softmax(logits: Sequence[Tensor]) -> list[Tensor]:
    return [torch.softmax(row, 0) for row in logits]


def _shifted(alphas: Sequence[Tensor], cost: Sequence[Tensor], weight: float) -> list[Tensor]:
    return [alpha - weight * row for alpha, row in zip(alphas, cost, strict=True)]


def _noisy(logits: Tensor, generator: Generator) -> Tensor:
    exponential = torch.empty_like(logits).exponential_(generator=generator)
    return logits - exponential.clamp_min(torch.finfo(logits.dtype).tiny).log()
