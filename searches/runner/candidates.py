"""The candidate of a trial, from what the rows and files know of it."""

from typing import TYPE_CHECKING, Any

from searches.models import Run, Trial
from searches.runner import engine

if TYPE_CHECKING:
    from searches.evaluators.base import Candidate


def candidate_of(run: Run, trial: Trial) -> "Candidate":
    """The trial's candidate as far as its checkpoint says.

    Without one it goes on from the trial that it continues, or begins anew; what is lost of that
    is repeated, to the same result.
    """
    evaluator = engine.prepared_evaluator_of(run)
    candidate = evaluator.candidate(
        engine.genes_of(trial), seed=engine.trial_seed(run, trial), fidelity=trial.fidelity
    )
    if (parent := trial.data.get("parent")) is not None:
        candidate.inherit(lambda: candidate_of(run, _trial(trial.run_id, parent)))  # type: ignore[attr-defined]
    earlier = trial.data.get("earlier")
    if earlier:
        candidate.go_on_from(earlier, _state_before(trial) if not trial.checkpoint else None)
    if trial.checkpoint and (state := _state_in(trial.checkpoint)) is not None:
        candidate.restore(state)
    return candidate


def _trial(run_id: int, number: int) -> Trial:
    found: Trial = Trial.objects.get(run=run_id, number=number)
    return found


def _state_before(trial: Trial) -> dict[str, Any] | None:
    """State of the trial that this one continues."""
    before = Trial.objects.filter(run=trial.run_id, number=trial.data["resume_from"])
    return _state_in(before.values_list("checkpoint", flat=True).first() or "")


def _state_in(checkpoint: str) -> dict[str, Any] | None:
    """What a file holds; None when it is gone."""
    if not checkpoint:
        return None
    try:
        return engine.load_checkpoint(checkpoint)
    except FileNotFoundError:
        return None
