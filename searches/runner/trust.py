"""What the full trainings of a run say of its scores and of its front. Free of torch."""

import math
from collections.abc import Sequence
from typing import Any

from searches.models import FullTraining, Run, Trust
from searches.objectives import trust
from searches.objectives.measures import COSTS, Measure, MeasuredValue
from searches.objectives.trust import Scores, Truth
from searches.runner import engine
from searches.runner.verify import clearly_beaten

# What costs nothing to count, and has to be beaten.
BASELINES = ("macs", "parameters")


def truth_of(run: Run) -> Measure:
    """The quality that full training is judged by: the target's first."""
    return engine.target_card(run.target).qualities[0]


def scores_of(run: Run) -> list[Measure]:
    """The run's own measures of quality: those that are objectives first."""
    known = engine.qualities_of(run)
    wanted = [o.measure for o in engine.objectives_of(run) if o.measure in known]
    return [known[name] for name in dict.fromkeys([*wanted, *known])]


def consider(run: Run) -> None:
    """Compare orders and front anew, as of all trainings that have ended.

    Asked after the commit of each end: of two that end together, the later one sees the other.
    What counts fewer of them comes too late and is dropped.
    """
    rows = run.full_trainings.exclude(status=FullTraining.Status.WAITING)
    ended = list(rows.select_related("trial").defer("error", "trial__error").order_by("pk"))
    done = [training for training in ended if training.status == FullTraining.Status.DONE]
    found = {"order": order_of(run, done), "front": front_of(run, done)}
    stored = Trust.objects.filter(run=run, n_ended__lte=len(ended))
    if stored.update(report=found, n_ended=len(ended)):
        members = run.full_trainings.filter(pk__in=[t.pk for t in done if t.trial.on_front])
        fallen = members.filter(trial__number__in=found["front"]["fell_off"])
        members.update(fell_off=False)
        fallen.update(fell_off=True)


def order_of(run: Run, done: Sequence[FullTraining]) -> dict[str, Any]:
    """How the run's scores and the baselines order the sample, beside full training."""
    quality = truth_of(run)
    sample = [t for t in done if t.is_sampled and quality.name in t.measures]
    values = [MeasuredValue.from_json(t.measures[quality.name]) for t in sample]
    truth = Truth(
        quality.label,
        [_signed(quality, value.value) for value in values],
        [_error(value) for value in values],
    )
    scores = [_scores(measure, sample) for measure in scores_of(run)]
    scores += [_scores(COSTS[name], sample, is_baseline=True) for name in BASELINES]
    known = [score for score in scores if score is not None]
    if not known or known[0].is_baseline:
        return {}
    return trust.report(known, truth, seed=engine.seed_of(run.seed, "trust"))


def _scores(
    measure: Measure, sample: Sequence[FullTraining], *, is_baseline: bool = False
) -> Scores | None:
    """None where a network lacks the measure."""
    found = [t.trial.measures.get(measure.name, {}).get("value") for t in sample]
    if None in found:
        return None
    # More of a baseline is said to be better, although less of it is wanted.
    values = found if is_baseline else [_signed(measure, value) for value in found]
    return Scores(measure.name, measure.label, values, is_baseline)


def _signed(measure: Measure, value: float) -> float:
    return -value if measure.direction == "min" else value


def _error(value: MeasuredValue) -> float:
    low, high = value.spread or (value.value, value.value)
    return (high - low) / (2 * trust.Z90)


def front_of(run: Run, done: Sequence[FullTraining]) -> dict[str, Any]:
    """Which members of the front another one clearly beats once all are trained fully."""
    quality = truth_of(run)
    members = [t for t in done if t.trial.on_front and quality.name in t.measures]
    beaten = clearly_beaten([_fully(run, training) for training in members])
    fallen = [t.trial.number for t, is_beaten in zip(members, beaten, strict=True) if is_beaten]
    return {"n": len(members), "fell_off": fallen}


def _fully(run: Run, training: FullTraining) -> tuple[list[float], list[float]]:
    """Losses with quality as trained fully, and half of its 90 % interval; 0 for costs."""
    known, first = engine.qualities_of(run), truth_of(run).name
    losses, errors = [], []
    for objective, cost in zip(engine.objectives_of(run), training.trial.values, strict=False):
        if objective.measure not in known:
            losses.append(objective.to_loss(math.inf if cost is None else cost))
            errors.append(0.0)
            continue
        name = objective.measure if objective.measure in training.measures else first
        value = MeasuredValue.from_json(training.measures[name])
        measure = engine.target_card(run.target).quality(name)
        losses.append(-_signed(measure, value.value))
        errors.append(_error(value) * trust.Z90)
    return losses, errors
