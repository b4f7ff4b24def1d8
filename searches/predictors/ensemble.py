"""Many predictors of one loss: they agree on what is known and differ where little is.

Source: White, Neiswanger, Savani: BANANAS: Bayesian Optimization with Neural Architectures for
Neural Architecture Search, AAAI 2021: an ensemble whose members disagree where little is known.
Departure: members are functions drawn from a Gaussian process (`process`) instead of neural
networks that begin at different weights: with a few hundred results at most they rank
architectures at least as well, take milliseconds, and their spread is calibrated.
"""

from dataclasses import dataclass

import numpy as np

from searches.predictors.features import Encoding, Features, Floats
from searches.predictors.process import Draws, Kernel
from searches.predictors.scale import Scale


@dataclass(frozen=True)
class Known:
    """What predictors learn from.

    Attributes:
        features: n architectures.
        losses: [n] of one objective.
        front: [k] those among them that are on the front.
        ideal: a loss below which there is none.
        span: distance of a bad loss from the ideal.
    """

    features: Features
    losses: Floats
    front: Floats
    ideal: float
    span: float

    def scale(self) -> Scale:
        return Scale(self.losses, self.front, ideal=self.ideal, span=self.span)


class Ensemble:
    """Predictors of a loss; the same seed makes the same ones.

    Args:
        encoding: of the features.
        parameters: of the kernel, as `process.fitted` finds them.
        known: what the members agree on.
        n_members: how many.
        rng: source of all randomness.
    """

    def __init__(
        self,
        encoding: Encoding,
        parameters: Floats,
        known: Known,
        *,
        n_members: int,
        rng: np.random.Generator,
    ):
        self._scale = known.scale()
        targets = self._scale.to_score(known.losses)
        kernel = Kernel(encoding, parameters)
        self._draws = Draws(kernel, known.features, targets, n_functions=n_members, rng=rng)

    def predict(self, features: Features) -> Floats:
        """Losses that the members expect: [n, n_members]."""
        return self._scale.to_loss(self._draws(features))


def grades(violations: Floats) -> Floats:
    """What is learned of limits: [n] -1 where they are met, else from 0.5 to 1.5 by rank."""
    met = violations <= 0
    order = np.unique(violations[~met], return_inverse=True)[1]
    found = np.full(len(violations), -1.0)
    found[~met] = 0.5 + (order + 1) / (order.max(initial=0) + 1)
    return found


class Judges:
    """Predictors of whether limits on measured qualities are met.

    Args:
        encoding: of the features.
        parameters: of the kernel, as `process.fitted` finds them for the grades.
        features: n architectures.
        known: [n] their `grades`.
        n_members: how many.
        rng: source of all randomness.
    """

    def __init__(
        self,
        encoding: Encoding,
        parameters: Floats,
        features: Features,
        known: Floats,
        *,
        n_members: int,
        rng: np.random.Generator,
    ):
        self._mean = float(known.mean())
        kernel = Kernel(encoding, parameters)
        self._draws = Draws(kernel, features, known - self._mean, n_functions=n_members, rng=rng)

    def excess(self, features: Features) -> Floats:
        """Above 0 where a member expects that a limit is not met: [n, n_members]."""
        return np.asarray(self._draws(features) + self._mean)
