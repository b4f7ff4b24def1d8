"""An evaluator: the quality of a network whose weights are random."""

from typing import Any

from torch import nn

from searches.evaluators.base import Candidate, Evaluator
from searches.networks.families import build, configuration, family_of
from searches.objectives.fidelity import FULL
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import Genes
from searches.training.base import Progress, Tick, always
from searches.training.task import Split, Task


class UntrainedCandidate(Candidate):
    """There is nothing to do before it can be judged."""

    def __init__(self, network: nn.Module, task: Task):
        self.net, self.task = network.eval(), task

    @property
    def progress(self) -> Progress:
        return Progress(1, 1, done=True)

    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        tick()
        return self.progress

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """The weights follow from the seed."""

    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        resolution = configuration(self.net)["resolution"]
        return self.task.quality(
            self.net, split, resolution=resolution, provenance="proxy", tick=tick
        )

    def network(self) -> nn.Module:
        return self.net


class Untrained(Evaluator):
    """Judges every architecture by its first weights."""

    def prepare(self) -> None:
        return None

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing is shared between candidates."""

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> UntrainedCandidate:
        task, family = self.task, family_of(self.task.space)
        config = family.config(task.space, genes, mean=task.mean, std=task.std)
        return UntrainedCandidate(build(family, config, seed=seed), task)
