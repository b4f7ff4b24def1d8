"""One number for the controller from several objectives; larger is better, 0 is the least.

Source: Tan et al.: MnasNet: Platform-Aware Neural Architecture Search for Mobile, CVPR 2019,
section 3: reward = quality * product over the costs of (cost / target)^w, where w is alpha up to
the target and beta beyond it. Soft: alpha = beta = -0.07, by which twice the latency is worth
5 % of the accuracy. Hard: alpha = 0, beta = -1.

Departures: quality is measured from what a trivial guesser reaches (0) to perfect (1), so that
any measure will do; of several qualities the geometric mean counts. Targets are, as nobody knows
good ones beforehand, a quantile of the costs of random architectures within the limits. Without
knowledge of the aims, or of the costs, the reward is the mean over the objectives of the loss
normalised by the range seen so far: 1 for the least, 0 for the largest.
A failed evaluation has reward 0. A result that violates limits is divided by 1 + violation.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from searches.strategies.base import Aim, Floats, Problem, Result
from searches.strategies.feasible import Drawer

EXPONENTS = {"soft": (-0.07, -0.07), "hard": (0.0, -1.0)}
FAILED = 0.0
N_DRAWS = 64
PATIENCE = 512
# A cost of zero would be worth infinitely much.
LEAST_SHARE = 1e-3


class Reward:
    """The reward of each result of a problem.

    Attributes:
        targets: [n_objectives] of the costs, NaN for qualities; None before `aim_at_costs`.
        least, most: [n_objectives] losses seen so far; infinite before the first.
    """

    def __init__(self, problem: Problem, kind: str):
        self.problem = problem
        self.alpha, self.beta = EXPONENTS[kind]
        self.targets: Floats | None = None
        self.least: Floats = np.full(problem.n_objectives, np.inf)
        self.most: Floats = np.full(problem.n_objectives, -np.inf)
        self.is_cost = np.array([_is_cost(aim) for aim in problem.aims], dtype=bool)
        is_known = problem.costs is not None or not self.is_cost.any()
        self.is_scaled = bool(problem.aims) and is_known

    def aim_at_costs(self, rng: Random, quantile: float) -> None:
        """Set the targets by random draws, unless they are set or nothing has any."""
        costs_of = self.problem.costs
        has_any = self.is_scaled and self.is_cost.any()
        if self.targets is not None or not has_any or costs_of is None:
            return
        drawn = Drawer(self.problem, rng, set(), PATIENCE).draw(N_DRAWS)
        drawn = drawn or [self.problem.space.sample(rng) for _ in range(N_DRAWS)]
        costs = np.asarray(costs_of(drawn), dtype=np.float64)
        self.targets = np.full(len(self.is_cost), np.nan)
        for column in np.flatnonzero(self.is_cost):
            known = costs[np.isfinite(costs[:, column]), column]
            aim = self.problem.aims[column]
            middle = (aim.ideal + aim.reference) / 2
            self.targets[column] = np.quantile(known, quantile) if len(known) else middle

    def of(self, results: Sequence[Result]) -> list[float]:
        """The reward of each result; the ranges seen grow by them first."""
        done = [r.losses for r in results if r.losses is not None]
        if done and not self.is_scaled:
            self._see(np.array(done, dtype=np.float64))
        return [self._one(result) for result in results]

    def state(self) -> dict[str, Any]:
        return {
            "targets": None if self.targets is None else _to_json(self.targets),
            "least": _to_json(self.least),
            "most": _to_json(self.most),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become what `state` was taken from."""
        targets = state["targets"]
        self.targets = None if targets is None else _from_json(targets, np.nan)
        self.least = _from_json(state["least"], np.inf)
        self.most = _from_json(state["most"], -np.inf)

    def _see(self, losses: Floats) -> None:
        """Grow the ranges by finite losses, [n, n_objectives]."""
        low = np.where(np.isfinite(losses), losses, np.inf).min(axis=0)
        high = np.where(np.isfinite(losses), losses, -np.inf).max(axis=0)
        self.least, self.most = np.minimum(self.least, low), np.maximum(self.most, high)

    def _one(self, result: Result) -> float:
        if result.losses is None:
            return FAILED
        losses = np.array(result.losses, dtype=np.float64)
        value = self._product(losses) if self.is_scaled else self._mean(losses)
        return value / (1 + result.violation) if np.isfinite(value) else FAILED

    def _mean(self, losses: Floats) -> float:
        """Mean share of the way from the largest loss seen to the least."""
        width = self.most - self.least
        shares = (self.most - losses) / np.where(width > 0, width, 1.0)
        return float(np.where(width > 0, shares, 1.0).mean())

    def _product(self, losses: Floats) -> float:
        """Quality times the share that the costs leave of it (Tan et al. 2019, equation 2)."""
        qualities = [
            _quality(aim, loss)
            for aim, loss, is_cost in zip(self.problem.aims, losses, self.is_cost, strict=True)
            if not is_cost
        ]
        value = float(np.prod(qualities)) ** (1 / len(qualities)) if qualities else 1.0
        if self.targets is None:
            return value
        shares = losses[self.is_cost] / self.targets[self.is_cost]
        shares = np.maximum(shares, LEAST_SHARE)
        exponents = np.where(shares <= 1, self.alpha, self.beta)
        return value * float(np.prod(shares**exponents))


def _is_cost(aim: Aim) -> bool:
    """Whether the aim has a target; a cost to be made large has negative losses and none."""
    return not aim.is_quality and aim.ideal >= 0 and aim.reference > 0


def _quality(aim: Aim, loss: float) -> float:
    """1 at the ideal, 0 at the reference and beyond."""
    width = aim.reference - aim.ideal
    return max(0.0, (aim.reference - loss) / width) if width > 0 else 1.0


def _to_json(numbers: Floats) -> list[float | None]:
    """JSON has no word for what is not finite."""
    return [float(number) if np.isfinite(number) else None for number in numbers]


def _from_json(numbers: list[float | None], missing: float) -> Floats:
    return np.array([missing if number is None else number for number in numbers])
