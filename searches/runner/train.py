"""The *train* stage: shared weights, one slice with a checkpoint at a time."""

import time
from typing import Any

from searches.models import Run, Supernet
from searches.runner import engine, slices
from searches.runner.slices import Outcome
from webnas.work.leases import Heartbeat

# Progress of a running slice is shown at most so often.
SHOW_EVERY_SECONDS = 2.0
# Architectures that a one-shot strategy is read off to: more than the budget, as limits leave
# some of them out and a run can be extended.
DERIVED_PER_TRIAL = 4
MOST_DERIVED = 2000
NONE_WITHIN = (
    "No network that the choices stand for is within the limits; others, drawn at random within "
    "them, are judged instead."
)


def train(run: Run, heartbeat: Heartbeat) -> Outcome:
    """Continue the supernet's training from its last checkpoint for one slice."""
    supernet = run.supernet
    is_trained = supernet is None or supernet.is_trained
    trainable = None if is_trained else engine.trainable_of(run)
    if supernet is None or trainable is None:
        return Outcome({"stage": Run.Stage.SEARCH, "message": ""})
    if supernet.checkpoint:
        trainable.restore(engine.load_checkpoint(supernet.checkpoint, supernet.sha256))
    started, shown = time.monotonic(), time.monotonic()

    def tick() -> bool:
        nonlocal shown
        if time.monotonic() - shown >= SHOW_EVERY_SECONDS:
            shown = time.monotonic()
            _show(run, trainable.progress)
        return heartbeat.tick()

    progress = trainable.advance(deadline=slices.deadline(), tick=tick)
    stored = engine.store_checkpoint(f"checkpoints/run-{run.pk}", trainable.state())
    outcome = _outcome(run, supernet, progress, stored, time.monotonic() - started)
    if not engine.is_one_shot(run):
        _add_report(outcome, supernet, supernet.report | trainable.report())
    elif progress.done:
        _add_derived(outcome, run, supernet, trainable)
    return outcome


def _add_report(outcome: Outcome, supernet: Supernet, report: dict[str, Any]) -> None:
    """Keep what a person sees of the training beside its figures."""
    store = outcome.store

    def store_all() -> None:
        store()
        Supernet.objects.filter(pk=supernet.pk).update(report=report)

    outcome.store = store_all


def _add_derived(outcome: Outcome, run: Run, supernet: Supernet, trainable: Any) -> None:
    """What a one-shot strategy has found: its choices, and the architectures they stand for."""
    n = min(MOST_DERIVED, DERIVED_PER_TRIAL * run.budget)
    costing, limits = engine.costing_of(run), engine.limits_of(run)
    derived = trainable.derive(n, lambda population: costing.violations(population, limits))
    report = trainable.report() | {"derived": [list(genes) for genes in derived]}
    is_outside = bool((costing.violations(derived, limits) > 0).all())
    _add_report(outcome, supernet, report)
    store = outcome.store

    def store_all() -> None:
        store()
        if report["stopped"]:
            slices.log(run.pk, f"The search stopped early: {report['stopped']}.")
        if report["warning"]:
            slices.log(run.pk, f"Doubtful choices: {report['warning']}.")
        if is_outside:
            slices.log(run.pk, NONE_WITHIN)

    outcome.store = store_all


def _show(run: Run, progress: Any) -> None:
    """Progress while the slice runs: figures for the page, of no consequence for the run."""
    figures = {**progress.figures, "total": progress.total}
    figures |= {"phase": progress.phase} if progress.phase else {}
    slices.note(run.pk, Run.Stage.TRAIN, progress.step, figures)


def _outcome(run: Run, supernet: Supernet, progress: Any, stored: Any, seconds: float) -> Outcome:
    old = supernet.checkpoint

    def store() -> None:
        Supernet.objects.filter(pk=supernet.pk).update(
            checkpoint=stored.name,
            sha256=stored.sha256,
            n_bytes=stored.n_bytes,
            step=progress.step,
            total_steps=progress.total,
            seconds=supernet.seconds + seconds,
            is_trained=progress.done,
        )
        _show(run, progress)
        if progress.done:
            slices.log(run.pk, f"Trained {progress.total} steps; the search begins.")

    phase = f"{progress.phase}: " if progress.phase else ""
    fields: dict[str, Any] = {"message": f"{phase}step {progress.step} of {progress.total}"}
    if progress.done:
        fields = {"stage": Run.Stage.SEARCH, "message": ""}
    forget = [old] if old else []
    return Outcome(fields, store=store, forget=forget, written=[stored.name])
