"""How far a run's scores can be trusted: what a person asks for, and what pages and API read."""

from collections.abc import Iterable
from random import Random
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from searches.evaluators.settings import FullSettings
from searches.models import FullTraining, Run, Trial, Trust
from searches.objectives import trust as ranking
from searches.objectives.fidelity import FULL
from searches.objectives.settings import SettingsError, build
from searches.runner import engine, full_training
from searches.runner import trust as rows_of_trust
from searches.runner.verify import spread
from searches.services import reading
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import files, leases

LEAST, MOST = 2, 200
# Messages sent at once; a worker that got one goes on with the others of the run.
NUDGES = 16
# Columns that pages show of a training.
_FEW = ("measures", "fell_off", "run", "trial__number", "trial__data")
NO_NETWORKS = "A table holds results, no networks that could be trained."
FRONT = "front"


def train_sample(
    *, run: Run, networks: int | Literal["front"], epochs: int | None = None
) -> Trust:
    """Queue full trainings: so many networks spread over the scores, or the whole front.

    What was trained stays: a larger number adds to the sample.

    Raises:
        RefusedRequest: naming the field, and what would be right.
        ConflictingRequest: other networks of the run are trained by another recipe.
    """
    if engine.is_tabular(run.target):
        raise RefusedRequest({"networks": [NO_NETWORKS]}, NO_NETWORKS)
    with transaction.atomic():
        if run.owner is not None:
            quotas.refuse_beyond(run.owner, 0, field="networks")
        trust = _recipe(run, epochs)
        if networks == FRONT:
            _add_front(run)
        else:
            _add_sample(run, _checked(networks))
    return trust


def _recipe(run: Run, epochs: int | None) -> Trust:
    """The run's recipe; it can change while no network was trained by it."""
    wanted = full_training.recipe_of(run) | ({} if epochs is None else {"epochs": epochs})
    try:
        build(FullSettings, wanted)
    except SettingsError as error:
        raise RefusedRequest(error.problems) from error
    trust, is_new = Trust.objects.get_or_create(run=run, defaults={"settings": wanted})
    if is_new or epochs is None or trust.settings == wanted:
        return trust
    if run.full_trainings.exists():
        message = (
            f"Other networks of this run are trained for {epochs_of(trust)} epochs, and what is "
            "compared has to be trained alike. Delete those trainings first."
        )
        raise ConflictingRequest({"epochs": [message]}, message)
    trust.settings = wanted
    trust.save(update_fields=["settings"])
    return trust


def epochs_of(trust: Trust) -> int:
    """How long a full training of the run takes."""
    return int(trust.settings.get("epochs", FullSettings().epochs))


def usual_epochs(run: Run) -> int:
    """How long it takes unless a person wants something else."""
    return int(full_training.recipe_of(run).get("epochs", FullSettings().epochs))


def _checked(networks: Any) -> int:
    if type(networks) is not int or not LEAST <= networks <= MOST:
        message = f"{networks!r}; a whole number from {LEAST} to {MOST}, or “{FRONT}”."
        raise RefusedRequest({"networks": [message]})
    return networks


def _add_sample(run: Run, n: int) -> None:
    scored = _scored(run)
    if len(scored) < n:
        message = f"{n} networks; the run has judged {len(scored)} different ones so far."
        raise RefusedRequest({"networks": [message]})
    trained = dict(run.full_trainings.values_list("trial", "is_sampled"))
    taken = {place for place, (pk, _) in enumerate(scored) if trained.get(pk)}
    rng = Random(engine.seed_of(run.seed, "trust", n))
    added = ranking.drawn([score for _, score in scored], taken, n, rng)
    chosen = [scored[place][0] for place in added]
    # Members of the front that are trained already count as drawn from now on.
    run.full_trainings.filter(trial__in=chosen).update(is_sampled=True)
    _queue(run, [pk for pk in chosen if pk not in trained], is_sampled=True)


def _scored(run: Run) -> list[tuple[int, float]]:
    """Trials with their score, each architecture once, in the order of the search."""
    name = rows_of_trust.scores_of(run)[0].name
    measures = [objective.measure for objective in engine.objectives_of(run)]
    done = run.trials.filter(status=Trial.Status.DONE, fidelity=FULL).order_by("number")
    if name in measures:
        column = f"value_{measures.index(name)}"
    else:
        column, done = "score", done.annotate(score=reading.value_of(name))
    found: dict[str, tuple[int, float]] = {}
    for pk, architecture, score in done.values_list("pk", "architecture_hash", column):
        if score is not None:
            found.setdefault(architecture, (pk, score))
    return list(found.values())


def _add_front(run: Run) -> None:
    members = spread(list(reading.front(run).only("pk", "value_0", "number")))
    if not members:
        raise RefusedRequest({"networks": ["The run has no front yet."]})
    known = set(run.full_trainings.values_list("trial", flat=True))
    _queue(run, [trial.pk for trial in members if trial.pk not in known], is_sampled=False)


def _queue(run: Run, trials: list[int], *, is_sampled: bool) -> None:
    now = timezone.now()
    FullTraining.objects.bulk_create(
        FullTraining(run=run, trial_id=pk, is_sampled=is_sampled, due_at=now) for pk in trials
    )
    # What was stopped, or failed for a reason that may be gone, gets another chance.
    again = run.full_trainings.exclude(status=FullTraining.Status.DONE).filter(due_at=None)
    fresh = {"status": FullTraining.Status.WAITING, "attempts": 0, "error": "", "ended_at": None}
    again.update(due_at=now, nudged_at=None, **fresh)
    due = run.full_trainings.filter(due_at__isnull=False).order_by("pk")
    for pk in due.values_list("pk", flat=True)[:NUDGES]:
        leases.nudge_on_commit(FullTraining, pk)


def stop(*, run: Run) -> None:
    """Begin no further training; what is half done is kept, and goes on when asked for again."""
    run.full_trainings.filter(due_at__isnull=False).update(due_at=None)


def forget(*, run: Run) -> None:
    """Remove all full trainings of a run, and what they said."""
    rows = run.full_trainings.order_by()
    names = list(rows.exclude(checkpoint="").values_list("checkpoint", flat=True))
    with transaction.atomic():
        rows.delete()
        Trust.objects.filter(run=run).delete()
        transaction.on_commit(lambda: files.remove_all(names), robust=True)


def state_of(run: Run) -> dict[str, Any]:
    """How far the full trainings are, and what they say so far; two queries."""
    trust = Trust.objects.filter(run=run).first()
    status = FullTraining.Status
    counts = run.full_trainings.order_by().aggregate(
        asked=Count("pk"),
        sampled=Count("pk", filter=Q(is_sampled=True)),
        done=Count("pk", filter=Q(status=status.DONE)),
        failed=Count("pk", filter=Q(status__in=(status.FAILED, status.LOST))),
        due=Count("pk", filter=Q(due_at__isnull=False)),
    )
    words = "none" if not counts["asked"] else "training" if counts["due"] else "stopped"
    if counts["asked"] and counts["done"] + counts["failed"] == counts["asked"]:
        words = "done"
    report = trust.report if trust else {}
    return {
        "status": words,
        "epochs": epochs_of(trust) if trust else usual_epochs(run),
        "counts": counts,
        "order": report.get("order", {}),
        "front": report.get("front", {}),
    }


def trained(run: Run) -> list[FullTraining]:
    """All full trainings with their trials, in the order of the search."""
    rows = run.full_trainings.select_related("trial").defer("trial__error")
    return list(rows.order_by("trial__number"))


def of_trials(run: Run, trials: Iterable[Trial]) -> list[FullTraining]:
    """Finished trainings of these trials; one query."""
    done = run.full_trainings.filter(status=FullTraining.Status.DONE)
    return list(done.filter(trial__in=[trial.pk for trial in trials]))


def of_front(run: Run) -> dict[int, FullTraining]:
    """Finished trainings of members of the front, by the trial's number; one query."""
    done = run.full_trainings.filter(status=FullTraining.Status.DONE, trial__on_front=True)
    return {t.trial.number: t for t in done.select_related("trial").only(*_FEW)}
