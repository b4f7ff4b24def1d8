"""PPO: the controller trained by the clipped objective, in several steps per batch.

Source: Schulman et al.: Proximal Policy Optimization Algorithms, arXiv 1707.06347, 2017,
sections 3 and 5; Tan et al. (MnasNet, CVPR 2019) search with it.

Departures: the moving baseline stands in for a learned value function, so there is no value
loss; a batch is small and is used whole, without minibatches.
"""

from collections.abc import Sequence
from random import Random

from torch import Tensor

from searches.spaces.base import Gene
from searches.strategies.reinforcement import surrogates
from searches.strategies.reinforcement.learner import Learner
from searches.strategies.reinforcement.policy_gradient import PolicyGradient
from searches.strategies.settings.reinforcement import PpoSettings


class PpoLearner(Learner):
    """Several steps per batch, each choice's probability kept near that of its drawing."""

    def __init__(self, genes: Sequence[Gene], settings: PpoSettings, rng: Random):
        super().__init__(genes, settings, rng)
        self.epochs, self.clip = settings.epochs, settings.clip

    def _update(self, genes: Tensor, old: Tensor, advantages: Tensor) -> None:
        for _ in range(self.epochs):
            logs, entropies = self.controller(genes)
            self._step(surrogates.clipped(logs, old, advantages, self.clip), entropies)


class Ppo(PolicyGradient[PpoSettings]):
    """The controller learns by PPO."""

    def _new_learner(self) -> Learner:
        return PpoLearner(self.problem.space.genes, self.settings, self.rng)
