"""What the controller minimises: functions whose gradient is that of the expected reward.

Sources: Williams: Simple statistical gradient-following algorithms for connectionist
reinforcement learning, Machine Learning 8, 1992 (REINFORCE); Schulman et al.: Proximal Policy
Optimization Algorithms, arXiv 1707.06347, 2017.

All take log-probabilities [n, n_genes] with 0 where a gene is inactive, and advantages [n]: the
reward, which comes at the end of an architecture, less the baseline. There is no discount and no
critic, so every choice of an architecture has the same advantage (PPO's estimator, equation 11,
with gamma = lambda = 1 and the baseline for the value of every state).
"""

import torch
from torch import Tensor

# Ratios above this would let one late result outweigh all others.
LARGEST_RATIO = 5.0


def importance(new: Tensor, old: Tensor) -> Tensor:
    """[n] p(architecture) now, over what it was when drawn; at most `LARGEST_RATIO`.

    The weight makes the gradient right for results of an older policy (exactly, below the bound).
    It is a constant to the gradient.
    """
    log_ratio = (new - old).sum(-1).detach()
    return log_ratio.exp().clamp(max=LARGEST_RATIO)


def reinforce(new: Tensor, old: Tensor, advantages: Tensor) -> Tensor:
    """Its gradient is that of minus the expected reward (Williams 1992, theorem 1)."""
    return -(importance(new, old) * advantages * new.sum(-1)).mean()


def clipped(new: Tensor, old: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """The clipped objective of PPO, negated (Schulman et al. 2017, equation 7), per choice.

    Its gradient is zero for a choice whose probability has already moved by more than `clip` in
    the direction that the advantage asks for.
    """
    ratio = (new - old).exp()  # [n, n_genes]; 1 where inactive, without a gradient
    gains = advantages[:, None]
    bounded = ratio.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratio * gains, bounded * gains).sum(-1).mean()
