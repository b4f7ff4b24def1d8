"""Architectures from the final distribution of the choices: a whole front, not one network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import torch
from torch import Generator, Tensor

from searches.networks.mixed import Mixture
from searches.spaces.base import Genes
from searches.strategies.base import Violations

# Trade-off weights: how many logits the whole span of a cost is worth. Below 0: dearer networks.
TRADE_OFFS = tuple(sign * 2.0**power for power in range(-2, 10) for sign in (1, -1))
# Draws for each architecture wanted; a distribution near one-hot repeats itself.
ATTEMPTS = 20
CHUNK = 64  # draws whose costs are looked up at once


def derive(
    mixture: Mixture,
    alphas: Sequence[Tensor],
    costs: Sequence[Sequence[Tensor]],
    n: int,
    *,
    generator: Generator,
    violations: Callable[[Sequence[Genes]], Violations],
) -> list[Genes]:
    """At most `n` different architectures.

    First the preferred one, whatever it costs. Then, as far as they are within the limits, those
    preferred when a cost counts more or less (the logits are shifted by a trade-off weight times
    the cost of each option), and samples of the distribution, shifted likewise (Gumbel's trick
    draws exactly by the probabilities).

    Args:
        mixture: which decodes.
        alphas: per choice [n_options].
        costs: per cost and choice [n_options], as a share of the cost's span over the space.
        n: how many.
        generator: source of the samples.
        violations: [n] excess over the limits; 0 = within.
    """
    found: dict[Genes, None] = {mixture.decode(_softmax(alphas)): None}

    def keep(logits: Sequence[Sequence[Tensor]]) -> None:
        decoded = [mixture.decode(_softmax(rows)) for rows in logits]
        new = [genes for genes in dict.fromkeys(decoded) if genes not in found]
        if new:
            within = zip(new, violations(new), strict=True)
            found.update({genes: None for genes, excess in within if excess <= 0})

    def sample(attempt: int) -> list[Tensor]:
        logits: Sequence[Tensor] = alphas
        if costs:
            cost = costs[attempt % len(costs)]
            logits = _shifted(alphas, cost, TRADE_OFFS[attempt % len(TRADE_OFFS)])
        return [_noisy(row, generator) for row in logits]

    keep([_shifted(alphas, cost, weight) for cost in costs for weight in TRADE_OFFS])
    for start in range(0, ATTEMPTS * n, CHUNK):
        if len(found) >= n:
            break
        keep([sample(attempt) for attempt in range(start, start + CHUNK)])
    return list(islice(found, n))


def _softmax(logits: Sequence[Tensor]) -> list[Tensor]:
    return [torch.softmax(row, 0) for row in logits]


def _shifted(alphas: Sequence[Tensor], cost: Sequence[Tensor], weight: float) -> list[Tensor]:
    return [alpha - weight * row for alpha, row in zip(alphas, cost, strict=True)]


def _noisy(logits: Tensor, generator: Generator) -> Tensor:
    exponential = torch.empty_like(logits).exponential_(generator=generator)
    return logits - exponential.clamp_min(torch.finfo(logits.dtype).tiny).log()
