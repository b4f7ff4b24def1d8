"""What REINFORCE and PPO share: a controller proposes, and learns from batches of results.

Nothing is proposed twice, and nothing outside the limits. So the controller's proposals come from
its distribution *given* that the architecture is new and within. The normaliser of this
conditional distribution is left out of the gradient: it would multiply the mean advantage, which
the baseline keeps near zero.

When a bounded number of draws does not give enough, random architectures fill up
(`feasible.Drawer`). If the controller has collapsed onto what was proposed before, it does not
learn from these. If the limits bar its draws, it learns from them as if it had drawn them, from
their log-probability at that time: a departure from the policy gradient, without which it would
never find its way to where networks are within the limits. The best of an earlier run, which are
proposed first, teach it in the same way.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

import torch
from torch import Tensor

from searches.spaces.base import Genes
from searches.strategies.base import Problem, Result
from searches.strategies.feasible import LARGEST_BATCH, Drawer, inherited, refuse
from searches.strategies.reinforcement import tensors
from searches.strategies.reinforcement.learner import Learner
from searches.strategies.reinforcement.reward import Reward
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.reinforcement import ControllerSettings

S = TypeVar("S", bound=ControllerSettings)


@dataclass(frozen=True)
class Lesson:
    """A result that waits for an update; `logs` [n_genes] are those of its drawing."""

    genes: Genes
    logs: Tensor
    reward: float


class PolicyGradient(SamplingStrategy[S]):
    """Proposes what the controller draws; updates it whenever enough results have come.

    Attributes:
        drawn: log-probabilities [n_genes] at the time of drawing, of what is pending.
        lessons: told results, fewer than make an update.
    """

    def __init__(self, problem: Problem, settings: S, rng: Random):
        super().__init__(problem, settings, rng)
        self.learner = self._new_learner()
        self.reward = Reward(problem, settings.reward)
        self.drawn: dict[Genes, Tensor] = {}
        self.lessons: list[Lesson] = []

    @abstractmethod
    def _new_learner(self) -> Learner:
        """The controller at the start, seeded by `self.rng`."""

    def _choose(self, n: int) -> list[Genes]:
        self.reward.aim_at_costs(self.rng, self.settings.target_quantile)
        drawer = Drawer(self.problem, self.rng, self.seen, self.settings.attempts * n)
        taught = [] if self.seen else self._inherited(n, drawer)
        own, is_barred = self._draw(n - len(taught), drawer)
        taught += own
        random = drawer.draw(n - len(taught))
        if is_barred:
            taught, random = taught + random, []
        if taught:
            logs = self.learner.logs_of(taught)
            self.drawn |= dict(zip(taught, logs, strict=True))
        return self._checked(taught + random)

    def _inherited(self, n: int, drawer: Drawer) -> list[Genes]:
        """The best of an earlier run, when there was one."""
        return drawer.take(inherited(self.problem), n)

    def _draw(self, n: int, drawer: Drawer) -> tuple[list[Genes], bool]:
        """New architectures within the limits, of a bounded number of the controller's draws.

        Returns:
            At most `n`, and whether more draws were outside the limits than were known.
        """
        space, found = self.problem.space, list[Genes]()
        left, size, surplus = self.settings.attempts * n, n, 0
        while len(found) < n and left > 0:
            size = min(size, left, LARGEST_BATCH)
            draws = [space.canonical(genes) for genes in self.learner.draw(size)]
            n_known = sum(genes in self.seen for genes in draws)
            found += drawer.take(draws, n - len(found))
            n_outside = sum(genes not in self.seen for genes in draws)
            surplus += n_outside - n_known
            left, size = left - size, 2 * size
        return found, surplus > 0

    def _checked(self, found: list[Genes]) -> list[Genes]:
        if not found and not self.pending:
            self.is_exhausted = True
            if not self.seen:
                refuse(self.problem)
        return found

    def _learn(self, results: Sequence[Result]) -> None:
        for result, reward in zip(results, self.reward.of(results), strict=True):
            logs = self.drawn.pop(result.genes, None)
            if logs is not None:
                self.lessons.append(Lesson(result.genes, logs, reward))
        size = self.settings.batch
        while len(self.lessons) >= size:
            ready, self.lessons = self.lessons[:size], self.lessons[size:]
            logs_of = torch.stack([lesson.logs for lesson in ready])
            rewards = [lesson.reward for lesson in ready]
            self.learner.learn([lesson.genes for lesson in ready], logs_of, rewards)

    def _own_state(self) -> dict[str, Any]:
        return {
            "learner": self.learner.state(),
            "reward": self.reward.state(),
            "drawn": _packed(list(self.drawn), list(self.drawn.values())),
            "lessons": {
                **_packed([x.genes for x in self.lessons], [x.logs for x in self.lessons]),
                "rewards": [lesson.reward for lesson in self.lessons],
            },
        }

    def _restore_own(self, state: dict[str, Any], history: Sequence[Result]) -> None:
        self.learner.restore(state["learner"])
        self.reward.restore(state["reward"])
        self.drawn = dict(_unpacked(state["drawn"]))
        rewards = state["lessons"]["rewards"]
        self.lessons = [
            Lesson(genes, logs, reward)
            for (genes, logs), reward in zip(_unpacked(state["lessons"]), rewards, strict=True)
        ]


def _packed(population: list[Genes], logs: list[Tensor]) -> dict[str, Any]:
    """JSON of architectures with the log-probabilities [n_genes] of each."""
    stacked = torch.stack(logs) if logs else torch.zeros(0)
    return {"genes": [list(genes) for genes in population], "logs": tensors.encode(stacked)}


def _unpacked(data: dict[str, Any]) -> list[tuple[Genes, Tensor]]:
    return list(zip(map(tuple, data["genes"]), tensors.decode(data["logs"]), strict=True))
