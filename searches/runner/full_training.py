"""Training a network of a run fully, whatever the run judges by."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from searches.evaluators.registry import EVALUATORS
from searches.models import Run, Trial
from searches.objectives.fidelity import FULL
from searches.runner import candidates, engine

if TYPE_CHECKING:
    from searches.evaluators.base import Candidate


def recipe_of(run: Run) -> dict[str, Any]:
    """Settings of the full training of the run's networks.

    Those of the run's own training where it has one, but for its length, which is that of full
    training unless the run itself trains fully.
    """
    cls = EVALUATORS[FULL].settings_class()
    if cls is None or engine.proxies_of(run.evaluator):
        return {}
    kept = {field.name for field in fields(cls)}
    kept -= set() if run.evaluator == FULL else {"epochs"}
    return {name: value for name, value in run.evaluator_settings.items() if name in kept}


def candidate_of(run: Run, trial: Trial, recipe: dict[str, Any]) -> "Candidate":
    """The trial's network at the beginning of its full training.

    Its seed is none of the search's: a run that trains fully is repeated, not looked up.
    """
    card = EVALUATORS[FULL]
    settings = engine.settings_of(card, recipe)
    trainer = card.load()(engine.task_of(run), settings, engine.seed_of(run.seed, "trainer"))
    seed = engine.seed_of(run.seed, "full training", trial.number)
    candidate: Candidate = trainer.candidate(engine.genes_of(trial), seed=seed)
    return candidate


def deliverable_of(run: Run, trial: Trial) -> "Candidate":
    """The candidate whose network a person gets: as it was judged, but never untrained."""
    if engine.proxies_of(run.evaluator):
        return candidate_of(run, trial, recipe_of(run))
    return candidates.candidate_of(run, trial)
