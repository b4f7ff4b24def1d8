"""REINFORCE: the controller of Zoph and Le, trained by the policy gradient of Williams.

Sources: Williams: Simple statistical gradient-following algorithms for connectionist
reinforcement learning, Machine Learning 8, 1992; Zoph and Le: Neural Architecture Search with
Reinforcement Learning, ICLR 2017, section 3.2.

Departures: the bonus for entropy is differentiated (Mnih et al.: Asynchronous Methods for Deep
Reinforcement Learning, ICML 2016, section 4), not added to the reward. Results of an older
controller are weighted by the ratio of the probabilities, so that late ones do not mislead.
"""

from torch import Tensor

from searches.strategies.reinforcement import surrogates
from searches.strategies.reinforcement.learner import Learner
from searches.strategies.reinforcement.policy_gradient import PolicyGradient
from searches.strategies.settings.reinforcement import ReinforceSettings


class ReinforceLearner(Learner):
    """One step per batch along the gradient of the expected reward."""

    def _update(self, genes: Tensor, old: Tensor, advantages: Tensor) -> None:
        logs, entropies = self.controller(genes)
        self._step(surrogates.reinforce(logs, old, advantages), entropies)


class Reinforce(PolicyGradient[ReinforceSettings]):
    """The controller learns by REINFORCE."""

    def _new_learner(self) -> Learner:
        return ReinforceLearner(self.problem.space.genes, self.settings, self.rng)
