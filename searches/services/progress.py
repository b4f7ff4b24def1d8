"""How far a run is within its stage: the same figures for pages and REST."""

from dataclasses import dataclass

from searches.models import Run, Trial
from searches.runner.verify import VERIFIED_AT_MOST
from searches.services import waiting


@dataclass(frozen=True)
class Progress:
    """What is done of a stage; `total` is None while nobody can say."""

    done: int
    total: int | None
    text: str

    @property
    def share(self) -> float | None:
        return min(self.done / self.total, 1.0) if self.total else None


def progress_of(run: Run) -> Progress:
    """One query at most, when the pins and their devices are loaded."""
    if run.has_ended:
        return Progress(run.n_told, None, f"{run.n_told:,} networks judged")
    if run.stage == Run.Stage.TRAIN:
        return _training(run)
    if run.stage == Run.Stage.SEARCH:
        judged = run.n_told + _judged_in_batch(run)
        return Progress(judged, run.budget, f"{judged:,} of {run.budget:,} networks")
    if run.stage == Run.Stage.VERIFY:
        done = run.trials.filter(on_front=True, is_verified=True).count()
        total = min(run.n_front, VERIFIED_AT_MOST)
        return Progress(done, total, f"{done} of {total} verified")
    measuring = waiting.measuring_for(run)
    if measuring is not None:
        return Progress(measuring.done, measuring.total or None, measuring.text)
    return Progress(0, None, run.message or "waiting for a worker")


def _judged_in_batch(run: Run) -> int:
    unfinished = Trial.Status.WAITING
    fresh = run.trials.filter(number__gt=run.n_told, is_told=False)
    return fresh.exclude(status=unfinished).count()


def _training(run: Run) -> Progress:
    last = run.points.filter(stage=Run.Stage.TRAIN).order_by("-step").first()
    total = last.figures.get("total") if last else None
    if last is None or not total:
        return Progress(0, None, "starting the training")
    phase = f"{last.figures['phase']}: " if last.figures.get("phase") else ""
    return Progress(last.step, total, f"{phase}step {last.step:,} of {total:,}")
