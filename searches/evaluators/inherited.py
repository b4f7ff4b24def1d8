"""Judging by weights handed on from a network that was judged before, and a short training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import nn

from searches.evaluators.base import Candidate, Evaluator
from searches.evaluators.settings import InheritedSettings
from searches.networks.families import build, configuration, family_of
from searches.networks.inheritance.handing_on import Inheritance, hand_on
from searches.objectives.fidelity import FULL
from searches.objectives.measures import MeasuredValue
from searches.spaces.base import Genes
from searches.training.base import Progress, Tick, always
from searches.training.learning_from import TaughtTraining
from searches.training.seeds import derived_seed, generator
from searches.training.task import Split, Task

# What a child has less of than its parent; then the parent teaches it.
SHRINKING = frozenset({"fewer layers", "narrower", "smaller kernels"})


class InheritedCandidate(Candidate):
    """A founder, trained from scratch; or, once `inherit` was called, a child.

    A child asks for its parent when it needs it, so that one that goes on from its own state
    needs none. A parent without weights is trained first: what a lineage is does not depend on
    which of its files are left.

    Attributes:
        inheritance: what was handed on; None of a founder.
    """

    def __init__(self, task: Task, settings: InheritedSettings, genes: Genes, *, seed: int):
        self.task, self.settings, self.genes, self.seed = task, settings, genes, seed
        self.inheritance: Inheritance | None = None
        self._find_parent: Callable[[], InheritedCandidate] | None = None
        self._parent: InheritedCandidate | None = None
        self._training: TaughtTraining | None = None

    def inherit(self, find_parent: Callable[[], InheritedCandidate]) -> None:
        """Be the child of a candidate, which `find_parent` brings as far as it was stored."""
        self._find_parent = find_parent

    @property
    def is_child(self) -> bool:
        return self._find_parent is not None

    @property
    def recipe(self) -> InheritedSettings:
        """Settings with the epochs and the rate of this candidate."""
        settings = self.settings
        if self.is_child:
            return settings
        rate, epochs = settings.founder_learning_rate, settings.founder_epochs
        return replace(settings, epochs=epochs, learning_rate=rate)

    def advance(self, *, deadline: float, tick: Tick) -> Progress:
        if self._needs_parent() and not self.parent().progress.done:
            self.parent().advance(deadline=deadline, tick=tick)
            if not self.parent().progress.done:
                return self.progress
        return self.training().advance(deadline=deadline, tick=tick)

    def _needs_parent(self) -> bool:
        """Whether its weights, or what it teaches, are wanted now."""
        if self._training is not None:
            return self._training.awaits_teacher and not self._training.progress.done
        return self.is_child

    @property
    def progress(self) -> Progress:
        if self._training is not None:
            return self._training.progress
        return Progress(0, self.recipe.epochs, done=False)

    def parent(self) -> InheritedCandidate:
        """The parent, perhaps not trained yet.

        Raises:
            LookupError: It is a founder.
        """
        if self._find_parent is None:
            raise LookupError("a founder has no parent")
        self._parent = self._parent or self._find_parent()
        return self._parent

    def training(self) -> TaughtTraining:
        """The candidate's own training; its parent, if it has one, is trained."""
        if self._training is None:
            network = self._fresh()
            if self.is_child:
                self.inheritance = self._hand_on(network)
            self._training = self._train(network)
        return self._training

    def state(self) -> dict[str, Any]:
        found, state = self.inheritance, dict[str, Any]()
        if self._parent is not None and not self._parent.progress.done:
            state["parent"] = self._parent.state()
        if self._training is not None:
            told = found and {"share": found.share, "operators": list(found.operators)}
            state |= {"training": self._training.state(), "inheritance": told}
        return state

    def restore(self, state: dict[str, Any]) -> None:
        if "parent" in state:
            self.parent().restore(state["parent"])
        if "training" in state:
            told = state["inheritance"]
            self.inheritance = told and Inheritance(told["share"], tuple(told["operators"]))
            self._training = self._train(self._fresh())
            self._training.restore(state["training"])

    def quality(self, split: Split, *, tick: Tick = always) -> dict[str, MeasuredValue]:
        return self.training().quality(split, tick=tick)

    def network(self) -> nn.Module:
        return self.training().network()

    def story(self) -> dict[str, Any]:
        found = self.inheritance
        told = {"share": found.share, "operators": list(found.operators)} if found else {}
        return {"epochs": self.recipe.epochs, **told}

    def _fresh(self) -> nn.Module:
        task, family = self.task, family_of(self.task.space)
        config = family.config(task.space, self.genes, mean=task.mean, std=task.std)
        return build(family, config, seed=derived_seed(self.seed, "weights"))

    def _hand_on(self, network: nn.Module) -> Inheritance:
        space, family, parent = self.task.space, family_of(self.task.space), self.parent()
        larger = family.enlarged(parent.network(), configuration(network))
        return hand_on(
            family.pieces(space, parent.genes, larger),
            family.pieces(space, self.genes, network),
            generator=generator(self.seed, "inheritance"),
            noise=self.settings.noise,
        )

    def _train(self, network: nn.Module) -> TaughtTraining:
        training = TaughtTraining(network, self.task, self.recipe, seed=self.seed)
        found = self.inheritance
        if found is not None:
            training.provenance = "inherited"
            if self.settings.distillation and SHRINKING & set(found.operators):
                training.learn_from(lambda: self.parent().network(), self.settings.distillation)
        return training


class InheritedEvaluator(Evaluator):
    """Every network is the child of one that was judged before, except for the first."""

    settings: InheritedSettings

    def prepare(self) -> None:
        return None

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing is shared by all candidates."""

    def candidate(self, genes: Genes, *, seed: int, fidelity: str = FULL) -> InheritedCandidate:
        return InheritedCandidate(self.task, self.settings, genes, seed=seed)
