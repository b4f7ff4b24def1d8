"""Choosing networks, and letting them go again."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from searches.models import ChosenModel, Run, Trial
from searches.runner import engine
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import files, leases

MAX_FINE_TUNE_EPOCHS = 1000
NO_NETWORKS = "A table holds results, no networks to train or download."


def choose(
    *,
    owner: User,
    run: Run,
    number: int,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
) -> ChosenModel:
    """Queue the making of a model from a trial that was judged, within the owner's quotas.

    `settings` may hold `fine_tune_epochs`, 0 to 1000: how long the network is trained on alone.
    """
    trial = run.trials.filter(number=number).first()
    if trial is None:
        raise RefusedRequest({"trial": [f"Run {run.pk} has no trial {number}."]})
    if trial.status != Trial.Status.DONE:
        raise ConflictingRequest({}, f"Trial {number} is {trial.get_status_display()}, not done.")
    if engine.is_tabular(run.target):
        raise RefusedRequest({"trial": [NO_NETWORKS]}, NO_NETWORKS)
    checked = _checked_settings(settings or {})
    title = name.strip() or f"{run.name} #{number}"
    if len(title) > 120:
        raise RefusedRequest({"name": [f"{len(title)} characters; at most 120."]})
    try:
        with transaction.atomic():
            return _queue(owner, trial, name=title, settings=checked)
    except IntegrityError as error:  # the database asks at the end whether the trial is there
        if Trial.objects.filter(pk=trial.pk).exists():
            raise
        message = f"Run {run.pk} was deleted while you chose from it."
        raise ConflictingRequest({}, message) from error


def _queue(owner: User, trial: Trial, *, name: str, settings: dict[str, Any]) -> ChosenModel:
    # How large the files get shows only when they are made: refused is who is beyond already.
    quotas.refuse_beyond(owner, 0, field="trial")
    _refuse_too_many(owner)
    model = ChosenModel.objects.create(
        owner=owner, trial=trial, name=name, settings=settings, due_at=timezone.now()
    )
    leases.nudge_on_commit(ChosenModel, model.pk)
    return model


def retry_model(*, model: ChosenModel) -> None:
    """Make a model again that could not be made, from what is there of its training.

    A model that was refused would be refused again: its file does not do what its network does.
    """
    now = timezone.now()
    fresh: dict[str, Any] = {"status": ChosenModel.Status.QUEUED, "due_at": now, "nudged_at": None}
    fresh |= {"error": "", "report": {}, "ended_at": None, "attempts": 0}
    with transaction.atomic():
        if model.owner is not None:
            quotas.refuse_beyond(model.owner, 0, field="model")
            _refuse_too_many(model.owner)
        rows = ChosenModel.objects.filter(pk=model.pk, status__in=ChosenModel.RETRIABLE)
        if not rows.update(**fresh):
            model.refresh_from_db(fields=["status"])
            message = f"A model that is {model.get_status_display().lower()} is not made again."
            raise ConflictingRequest({}, message)
        leases.nudge_on_commit(ChosenModel, model.pk)
    model.refresh_from_db()


def _refuse_too_many(owner: User) -> None:
    unfinished = ChosenModel.objects.owned_by(owner).exclude(status__in=ChosenModel.ENDED).count()
    if unfinished >= django_settings.WEBNAS_QUOTA_MODELS:
        most = django_settings.WEBNAS_QUOTA_MODELS
        raise ConflictingRequest(
            {}, f"{unfinished} models are being made; {most} are allowed at once."
        )


def _checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(settings) - {"fine_tune_epochs"})
    if unknown:
        raise RefusedRequest({name: ["Unknown. Known: fine_tune_epochs."] for name in unknown})
    epochs = settings.get("fine_tune_epochs", 0)
    is_count = isinstance(epochs, int) and not isinstance(epochs, bool)
    if not is_count or not 0 <= epochs <= MAX_FINE_TUNE_EPOCHS:
        message = f"{epochs!r}; a whole number from 0 to {MAX_FINE_TUNE_EPOCHS}."
        raise RefusedRequest({"fine_tune_epochs": [message]})
    return {"fine_tune_epochs": epochs}


def delete_model(*, model: ChosenModel) -> None:
    """Remove a model and its files; a worker that is making it finds its row gone."""
    names = [file.file for file in model.files.all()] + [model.checkpoint]
    with transaction.atomic():
        model.delete()
        transaction.on_commit(lambda: files.remove_all(names))
