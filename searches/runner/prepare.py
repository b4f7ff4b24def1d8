"""The *prepare* stage: wait for data and devices, fix the scale, test the limits together."""

from random import Random
from typing import Any

import numpy as np
from django.utils import timezone

from searches.datasets import known_table
from searches.models import DataSet, PinnedProfile, Run
from searches.objectives.limits import Limit
from searches.objectives.measures import COSTS
from searches.objectives.objectives import Objective
from searches.runner import engine, probing, slices
from searches.runner.costing import Costing, scale_between, scale_of
from searches.runner.measuring import measuring_of
from searches.runner.slices import Outcome
from searches.runner.versions import versions_of
from webnas.work.leases import Heartbeat


def prepare(run: Run, heartbeat: Heartbeat) -> Outcome:
    """One look at what the run waits for; the next stage once all of it is there."""
    waiting = _waits_for_data(run) or _waits_for_devices(run)
    if waiting is not None:
        return waiting
    costing = engine.costing_of(run)
    missing = _missing_costs(run, costing)
    if missing:
        return slices.ended(run, Run.Status.FAILED, missing)
    heartbeat.tick()
    refusal = _infeasible(run, costing)
    if refusal:
        return slices.ended(run, Run.Status.INFEASIBLE, refusal)
    return _begin(run, costing, heartbeat)


def _waits_for_data(run: Run) -> Outcome | None:
    if run.dataset.status == DataSet.Status.READY:
        return None
    if run.dataset.status == DataSet.Status.FAILED:
        reason = f"The data set “{run.dataset.name}” could not be read: {run.dataset.error}"
        return slices.ended(run, Run.Status.FAILED, reason)
    return Outcome({"message": "reading the data set"}, due_at=slices.in_a_while())


def _waits_for_devices(run: Run) -> Outcome | None:
    """Bind devices that had no version yet to their first one."""
    for pin in run.pinned.filter(version=None).select_related("device"):
        latest, measuring = pin.device.latest(), measuring_of(pin.device)
        if latest is not None:
            PinnedProfile.objects.filter(pk=pin.pk, version=None).update(version=latest)
        elif measuring is not None:
            return Outcome({"message": measuring.text}, due_at=_soon())
        else:
            reason = f"“{pin.device.name}” has no profile: {pin.device.error or 'never measured'}"
            return slices.ended(run, Run.Status.FAILED, reason)
    return None


def _soon() -> Any:
    return timezone.now() + slices.WAIT / 4


def _missing_costs(run: Run, costing: Costing) -> str:
    wanted: list[Objective | Limit] = [*engine.objectives_of(run), *engine.limits_of(run)]
    for asked in wanted:
        is_quality = asked.measure in engine.qualities_of(run)
        if not is_quality and not costing.knows(asked.measure, asked.device):
            device = _names(run).get(asked.device or 0, "")
            return f"The profile of “{device}” gives no {asked.measure}."
    return ""


def _infeasible(run: Run, costing: Costing) -> str:
    """Why no network meets all cost limits at once; empty when one does."""
    limits = engine.limits_of(run)
    rng = Random(engine.seed_of(run.seed, "feasible"))
    genes, violation = costing.most_feasible(limits, rng)
    if violation == 0:
        return ""
    found, names = costing.measures([genes])[0], _names(run)
    known = engine.known_measures(run)
    misses = "; ".join(
        limit.loosened(found[limit.key], COSTS, names.get(limit.device or 0, ""))
        for limit in limits
        if limit.key in found and limit.violation(found[limit.key])
    )
    asked = "; ".join(limit.text(known, names.get(limit.device or 0, "")) for limit in limits)
    return f"No network was found that meets all limits ({asked}). The nearest has: {misses}."


def _names(run: Run) -> dict[int, str]:
    """Names of the run's devices by number."""
    return dict(run.pinned.values_list("device_id", "device__name"))


def _begin(run: Run, costing: Costing, heartbeat: Heartbeat) -> Outcome:
    fields: dict[str, Any] = {
        "scale": _scale(run, costing, heartbeat),
        "versions": versions_of(run),
        "message": "",
    }
    if engine.needs_training(run) and run.supernet is None:
        supernet = engine.supernet_of(run)

        def store() -> None:
            supernet.save()
            Run.objects.filter(pk=run.pk).update(supernet=supernet)
            slices.log(run.pk, f"Prepared: {costing.space.size():.3g} networks; training next.")

        return Outcome(fields | {"stage": Run.Stage.TRAIN}, store=store)
    is_trained = run.supernet is None or run.supernet.is_trained
    stage = Run.Stage.SEARCH if is_trained else Run.Stage.TRAIN
    text = f"Prepared: {costing.space.size():.3g} networks; {stage} next."
    return Outcome(fields | {"stage": stage}, store=lambda: slices.log(run.pk, text))


def _scale(run: Run, costing: Costing, heartbeat: Heartbeat) -> dict[str, dict[str, float]]:
    """Ideal and reference of each objective; in a table the best and the worst of the column."""
    objectives, facts = engine.objectives_of(run), run.dataset.statistics
    if engine.is_tabular(run.target):
        ends = {o.key: known_table.ends_of(facts, o.measure) for o in objectives}
        return {o.key: scale_between(o, *ends[o.key]) for o in objectives}
    trivial = engine.target_card(run.target).trivial_quality(len(facts["classes"]))
    scale = {o.key: scale_of(o, costing, trivial=trivial) for o in objectives}
    if engine.proxies_of(run.evaluator):
        scale |= probing.scale_of_proxies(run, costing, heartbeat)
    return scale


def scaled(losses: np.ndarray, run: Run) -> np.ndarray:
    """Losses with the ideal at 0 and the reference at 1, as hypervolumes are computed."""
    from searches.objectives.fronts import normalise

    objectives = engine.objectives_of(run)
    ends = [
        [o.to_loss(run.scale[o.key][end]) for o in objectives] for end in ("ideal", "reference")
    ]
    return normalise(losses, *ends)
