"""What a person does with runs: start, pause, resume, cancel, extend, clone, rename, delete."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from searches.models import (
    ChosenModel,
    PinnedProfile,
    Run,
    RunEvent,
    Supernet,
    SupernetPredictor,
    Trial,
)
from searches.services import warm
from searches.services.exact import differences
from searches.services.requests import MAX_BUDGET, Checked, RunRequest, bounds, check
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import files, leases

RESUMABLE = (Run.Status.PAUSED, Run.Status.NO_SPACE, Run.Status.LOST, Run.Status.FAILED)


def preview_run(*, request: RunRequest) -> dict[str, Any]:
    """What is known before the start: size, reachable bounds, and what is wrong."""
    checked = check(request)
    space = checked.costing.space if checked.costing else None
    return {
        "size": str(space.size()) if space else "",
        "size_formula": space.size_formula() if space else "",
        "bounds": bounds(checked),
        "errors": checked.errors,
    }


def start_run(*, owner: User, request: RunRequest) -> Run:
    """Store the run and its pins; workers take it from there.

    Raises:
        RefusedRequest: naming each field that is wrong, the value and what would be right.
    """
    checked = check(request)
    if request.warm_start is not None and request.warm_start.owner_id != owner.pk:
        checked.add("warm_start", "This is not a run of yours.")
    if checked.errors:
        raise RefusedRequest(checked.errors, "The run was not started; see errors.")
    with transaction.atomic():
        # How much the weights take shows only later: refused is who is beyond already.
        quotas.refuse_beyond(owner, 0, field="non_field_errors")
        _refuse_too_many(owner)
        run = Run.objects.create(owner=owner, due_at=timezone.now(), **_columns(checked))
        _pin(run, checked)
        if request.warm_start is not None:
            warm.inherit(run, request.warm_start)
        RunEvent.objects.create(run=run, text="Queued.")
        leases.nudge_on_commit(Run, run.pk)
    return run


def _refuse_too_many(owner: User | None) -> None:
    """Inside the transaction that makes a run active; of two at once the second one waits."""
    if owner is None:
        return
    quotas.lock(owner)
    active = Run.objects.owned_by(owner).filter(status__in=Run.ACTIVE).count()
    if active >= settings.WEBNAS_QUOTA_RUNS:
        message = f"{active} runs are active; {settings.WEBNAS_QUOTA_RUNS} are allowed at once."
        raise ConflictingRequest({}, message)


def _columns(checked: Checked) -> dict[str, Any]:
    request = checked.request
    same = ("name", "target", "dataset", "space", "strategy", "evaluator", "budget", "seed")
    plain = ("target_settings", "strategy_settings", "evaluator_settings")
    return {
        **{name: getattr(request, name) for name in same},
        **{name: dict(getattr(request, name)) for name in plain},
        "objectives": [objective.to_json() for objective in checked.objectives],
        "limits": [limit.to_json() for limit in checked.limits],
        "batch": request.effective_batch(),
        "supernet": request.supernet,
        "warm_start": request.warm_start,
        "accepts_guesses": request.accept_guesses,
    }


def _pin(run: Run, checked: Checked) -> None:
    versions = checked.costing.versions if checked.costing else {}
    PinnedProfile.objects.bulk_create(
        PinnedProfile(run=run, device=device, version=versions.get(device.pk), position=position)
        for position, device in enumerate(checked.request.devices)
    )


def pause_run(*, run: Run) -> None:
    """Stop after the work in hand; everything that is known is kept."""
    _change(run, Run.ACTIVE, "paused", status=Run.Status.PAUSED, due_at=None)
    _silence(run)


def cancel_run(*, run: Run) -> None:
    """End for good; results so far stay."""
    allowed = (*Run.ACTIVE, Run.Status.PAUSED)
    now = timezone.now()
    _change(run, allowed, "cancelled", status=Run.Status.CANCELLED, due_at=None, ended_at=now)
    _silence(run)


def resume_run(*, run: Run) -> None:
    """Go on from the last checkpoint: after a pause, a lost worker, a full disk or a failure."""
    with transaction.atomic():
        _refuse_too_many(run.owner)
        _change(run, RESUMABLE, "resumed", **_revived())
        _judge_again(run)


def _judge_again(run: Run) -> None:
    """Give trials another chance that failed and that the strategy has not heard of yet."""
    untold = run.trials.filter(number__gt=run.n_told)
    given_up = untold.filter(status__in=[Trial.Status.FAILED, Trial.Status.LOST])
    given_up.update(status=Trial.Status.WAITING, attempts=0, error="")


def extend_run(*, run: Run, budget: int) -> None:
    """Search on with a larger budget."""
    if not run.budget < budget <= MAX_BUDGET:
        message = f"{budget} trials; more than {run.budget} and at most {MAX_BUDGET:,}."
        raise RefusedRequest({"budget": [message]})
    with transaction.atomic():
        _refuse_too_many(run.owner)
        allowed = (Run.Status.FINISHED, Run.Status.CANCELLED)
        begun = run.n_asked > 0
        stage = Run.Stage.SEARCH if begun else Run.Stage.PREPARE
        changes = _revived() | {"budget": budget, "stage": stage}
        _change(run, allowed, f"extended to {budget} trials", **changes)


def _revived() -> dict[str, Any]:
    now = timezone.now()
    fresh = {"error": "", "message": "", "ended_at": None, "attempts": 0, "nudged_at": None}
    return fresh | {"status": Run.Status.QUEUED, "due_at": now}


def _change(run: Run, allowed: tuple[str, ...], word: str, **columns: Any) -> None:
    """One conditional UPDATE: a run that has moved on meanwhile is not touched."""
    with transaction.atomic():
        if not Run.objects.filter(pk=run.pk, status__in=allowed).update(**columns):
            run.refresh_from_db(fields=["status"])
            message = f"A run that is {run.get_status_display().lower()} cannot be {word}."
            raise ConflictingRequest({}, message)
        RunEvent.objects.create(run=run, text=word.capitalize() + ".")
        if columns.get("due_at"):
            leases.nudge_on_commit(Run, run.pk)
    run.refresh_from_db()


def _silence(run: Run) -> None:
    Trial.objects.filter(run=run, due_at__isnull=False).update(due_at=None)


def request_of(run: Run) -> RunRequest:
    """The request that this run was started with."""
    pins = run.pinned.select_related("device").order_by("position")
    keys = {"measure", "device", "at_most", "at_least", "statistic"}
    return RunRequest(
        name=run.name,
        dataset=run.dataset,
        space=run.space,
        devices=[pin.device for pin in pins],
        objectives=[_only(item, {"measure", "device"}) for item in run.objectives],
        limits=[_only(item, keys) for item in run.limits],
        target=run.target,
        target_settings=run.target_settings,
        strategy=run.strategy,
        strategy_settings=run.strategy_settings,
        evaluator=run.evaluator,
        evaluator_settings=run.evaluator_settings,
        budget=run.budget,
        batch=run.batch,
        seed=run.seed,
        supernet=reused_supernet(run),
        warm_start=run.warm_start,
        accept_guesses=run.accepts_guesses,
    )


def reused_supernet(run: Run) -> Supernet | None:
    """The supernet that the run was started with; None when it has trained its own, or none."""
    net = run.supernet
    return net if net is not None and net.created_at < run.created_at else None


def _only(item: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name in keys and value is not None}


def clone_run(*, run: Run, owner: User, changes: Mapping[str, Any], is_exact: bool = False) -> Run:
    """A new run with the same choices but for `changes`, fields of RunRequest.

    An exact one is refused when a version differs of anything that shapes a result.
    """
    if is_exact:
        _refuse_inexact(run, changes)
    known = {field.name for field in fields(RunRequest)}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise RefusedRequest({name: ["This cannot be changed."] for name in unknown})
    request = replace(request_of(run), **{"name": f"{run.name} (copy)"[:120], **changes})
    if "budget" in changes and "batch" not in changes:
        request = replace(request, batch=min(run.batch, request.budget))
    clone = start_run(owner=owner, request=request)
    Run.objects.filter(pk=clone.pk).update(parent=run)
    clone.refresh_from_db()
    return clone


def _refuse_inexact(run: Run, changes: Mapping[str, Any]) -> None:
    changed = sorted(set(changes) - {"name"})
    if changed:
        message = "An exact copy has the choices of the run, but for its name."
        raise RefusedRequest({name: [message] for name in changed})
    found = differences(run)
    if found:
        message = f"An exact copy is not possible, as this differs: {'; '.join(found)}."
        raise ConflictingRequest({"exact": [message]}, message)


def rename_run(*, run: Run, name: str) -> None:
    if not name.strip() or len(name) > 120:
        raise RefusedRequest({"name": ["1 to 120 characters are needed."]})
    Run.objects.filter(pk=run.pk).update(name=name.strip())
    run.refresh_from_db(fields=["name"])


def delete_run(*, run: Run) -> None:
    """Remove the run with its trials; models that people chose from it must go first."""
    if run.is_active:
        raise ConflictingRequest({}, "Cancel the run before you delete it.")
    _refuse_chosen(run)
    try:
        with transaction.atomic():
            _delete(run)
    except IntegrityError as error:  # rows that came meanwhile; nothing was deleted
        _refuse_chosen(run)
        message = "The run came into use while it was deleted; try again."
        raise ConflictingRequest({}, message) from error


def _refuse_chosen(run: Run) -> None:
    names = list(ChosenModel.objects.filter(trial__run=run).values_list("name", flat=True)[:5])
    if names:
        raise ConflictingRequest({}, f"Models come from this run: {', '.join(names)}.")


def _delete(run: Run) -> None:
    supernet, trials = run.supernet, run.trials.order_by()
    weights = list(trials.exclude(checkpoint="").values_list("checkpoint", flat=True))
    trained = run.full_trainings.order_by()
    weights += trained.exclude(checkpoint="").values_list("checkpoint", flat=True)
    trained.delete()
    # One statement: Django would read all trials first to ask which models protect them. The
    # database asks, too, when the transaction ends.
    trials._raw_delete(trials.db)
    Run.objects.filter(pk=run.pk).delete()  # keeps the instance's key, should the end fail
    if supernet is not None and not supernet.runs.exists():
        weights.append(supernet.checkpoint)
        learned = SupernetPredictor.objects.filter(supernet=supernet)
        weights += learned.values_list("file", flat=True)
        supernet.delete()
    transaction.on_commit(lambda: files.remove_all(weights), robust=True)
