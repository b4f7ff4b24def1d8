"""A small, real evaluator without torch: quality is a formula of the genes."""

import time
from dataclasses import dataclass, field

from searches.objectives.measures import MeasuredValue


@dataclass(frozen=True)
class FormulaSettings:
    steps: int = field(default=3, metadata={"help": "Steps of the pretended training."})
    judging_steps: int = field(default=1, metadata={"help": "Steps of the pretended judging."})
    is_rising: bool = field(default=False, metadata={"help": "Quality rises with each option."})
    fails_on: int = field(default=-1, metadata={"help": "First gene that cannot be judged."})


class Counted:
    """Trains by counting; each step is slow enough to be cut by a short slice."""

    def __init__(self, total: int):
        self.step, self.total = 0, total

    @property
    def progress(self):
        from searches.training.base import Progress

        done = self.step >= self.total
        return Progress(self.step, self.total, done, {"loss": 1 / (1 + self.step)})

    def advance(self, *, deadline, tick):
        while self.step < self.total:
            self.step += 1
            if not tick() or time.monotonic() >= deadline:
                break
        return self.progress

    def report(self):
        return {}

    def state(self):
        return {"step": self.step}

    def restore(self, state):
        self.step = state["step"]


class Judged(Counted):
    def __init__(self, genes, total, fails, is_rising=False):
        super().__init__(total)
        self.genes, self.fails, self.is_rising = genes, fails, is_rising

    def advance(self, *, deadline, tick):
        if self.fails:
            raise ArithmeticError("this network cannot be judged")
        return super().advance(deadline=deadline, tick=tick)

    def quality(self, split, *, tick):
        tick()
        share = (sum((i + 1) * g for i, g in enumerate(self.genes)) % 97) / 97
        if self.is_rising:
            share = sum(self.genes) / (3 * len(self.genes))
        value = share if split == "validation" else share * 0.99
        return {"accuracy": MeasuredValue(value, "", provenance="supernet", split=split)}


class FormulaEvaluator:
    """Stands in for the supernet: has shared weights to train, judges by a formula."""

    def __init__(self, task, settings, seed):
        self.settings, self.seed = settings, seed
        self.trained = None

    def prepare(self):
        return Counted(self.settings.steps)

    def restore(self, state):
        self.trained = state["step"]

    def candidate(self, genes, *, seed, fidelity="full"):
        assert self.trained == self.settings.steps, "judged before the training was over"
        fails = genes[0] == self.settings.fails_on
        return Judged(genes, self.settings.judging_steps, fails, self.settings.is_rising)


class TrainedAloneEvaluator(FormulaEvaluator):
    """Stands in for full training: each candidate has weights of its own."""

    def prepare(self):
        return None

    def candidate(self, genes, *, seed, fidelity="full"):
        return Judged(genes, self.settings.judging_steps, fails=False)
