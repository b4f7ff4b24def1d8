"""Making a chosen network: weights as judged, perhaps trained further, then the files."""

import logging
import re
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from searches.models import ChosenModel, ModelFile, Run
from searches.objectives.fidelity import FULL
from searches.objectives.measures import to_json
from searches.runner import engine, full_training, slices
from searches.runner.versions import code_version
from webnas.disk import is_no_space
from webnas.work import files, leases
from webnas.work.leases import Heartbeat, Lease, LeaseLost

if TYPE_CHECKING:
    from torch import nn

    from searches.evaluators.base import Candidate
    from searches.export.bundle import Bundle
    from searches.training.base import Trainable

logger = logging.getLogger(__name__)

# Which file of a bundle answers which `format` of a download.
FORMATS = {
    "model.onnx": "onnx",
    "model.pt2": "pt2",
    "model.safetensors": "safetensors",
    "network.py": "source",
    "model_card.json": "card",
}


NO_SPACE = (
    "No space left on the workers' disk. What was trained is kept: free some space and try again."
)


@dataclass
class Making:
    """One slice's view of a model that is being made."""

    lease: Lease
    model: ChosenModel
    run: Run
    heartbeat: Heartbeat

    @property
    def folder(self) -> str:
        return f"models/{self.model.pk}"


def advance(lease: Lease) -> None:
    """One slice: train, or export when the weights are there."""
    model = ChosenModel.objects.select_related("trial").get(pk=lease.pk)
    run = Run.objects.select_related("dataset", "space", "supernet").get(pk=model.trial.run_id)
    with Heartbeat(lease) as heartbeat:
        _make(Making(lease, model, run, heartbeat))


def _make(making: Making) -> None:
    from searches.export.parity import ParityError

    if making.lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        reason = "Its worker was lost again and again."
        _end(making, ChosenModel.Status.LOST, error=reason, checkpoint=making.model.checkpoint)
        return
    try:
        _slice(making)
    except ParityError as refusal:
        fields = {"error": str(refusal), "report": refusal.report}
        _end(making, ChosenModel.Status.REFUSED, **fields)
    except LeaseLost:
        logger.warning("Model %s is in other hands", making.model.pk)
    except Exception as error:  # this model cannot be made; the worker goes on
        logger.exception("Model %s failed", making.model.pk)
        fields = {"error": traceback.format_exc()}
        if is_no_space(error):
            fields = {"error": NO_SPACE, "checkpoint": making.model.checkpoint}
        _end(making, ChosenModel.Status.FAILED, **fields)


def _slice(making: Making) -> None:
    """Phases: `judge` repeats the trial's evaluation, `tune` trains further, then export."""
    saved = making.model.checkpoint
    state: dict[str, Any] = {"phase": "judge", "inner": None}
    if saved:
        state = engine.load_checkpoint(saved)
    candidate = full_training.deliverable_of(making.run, making.model.trial)
    if state["phase"] == "judge":
        if state["inner"] is not None:
            candidate.restore(state["inner"])
        if not _advance(making, candidate, "judge"):
            return
        state = {"phase": "tune", "inner": None, "judged": candidate.state()}
    else:
        candidate.restore(state["judged"])
    epochs = making.model.settings.get("fine_tune_epochs", 0)
    if not epochs:
        _export(making, candidate.network(), _qualities(making, candidate))
        return
    tuner = _tuner(making, candidate, epochs)
    if state["inner"] is not None:
        tuner.restore(state["inner"])
    if _advance(making, tuner, "tune", judged=state["judged"]):
        _export(making, tuner.network(), _qualities(making, tuner))


def _tuner(making: Making, candidate: "Candidate", epochs: int) -> Any:
    from searches.training.fine_tune import FineTune
    from searches.training.settings import FineTuneSettings

    seed = engine.seed_of(making.run.seed, making.model.trial.number, "tune")
    return FineTune(
        candidate.network(),
        engine.task_of(making.run),
        FineTuneSettings(epochs=epochs),
        seed,
        provenance="inherited" if engine.shares_weights(making.run) else "fully trained",
    )


def _advance(
    making: Making, trainable: "Trainable", phase: str, judged: dict[str, Any] | None = None
) -> bool:
    """Train for one slice; False when there is more to do, and the state is stored."""
    _show(making, ChosenModel.Status.TRAINING, {"phase": phase})
    progress = trainable.advance(deadline=slices.deadline(), tick=making.heartbeat.tick)
    shown = {"phase": phase, "step": progress.step, "total": progress.total}
    if progress.done:
        _show(making, ChosenModel.Status.TRAINING, shown)
        return True
    state = {"phase": phase, "inner": trainable.state()}
    if judged is not None:
        state["judged"] = judged
    stored = engine.store_checkpoint(making.folder, state)
    old = making.model.checkpoint
    with files.removed_on_error(stored.name), transaction.atomic():
        fields = {"checkpoint": stored.name, "progress": shown, "due_at": timezone.now()}
        if not making.lease.release(**fields):
            raise LeaseLost
        leases.nudge_on_commit(ChosenModel, making.model.pk)
        transaction.on_commit(lambda: files.remove(old), robust=True)
    return False


def _show(making: Making, status: str, progress: dict[str, Any]) -> None:
    making.lease.write(status=status, progress=progress)


def _qualities(making: Making, judged: Any) -> dict[str, Any]:
    """Quality of the network as it is exported, on both held-out splits."""
    tick = making.heartbeat.tick
    found = to_json(judged.quality("validation", tick=tick))
    tested = to_json(judged.quality("test", tick=tick))
    return found | {f"{name}:test": value for name, value in tested.items()}


def _export(making: Making, network: "nn.Module", qualities: dict[str, Any]) -> None:
    from searches.export import bundle

    _show(making, ChosenModel.Status.EXPORTING, {"phase": "export"})
    making.heartbeat.tick()
    started = time.monotonic()
    card = card_of(making, qualities)
    made = bundle.export(
        network,
        engine.task_of(making.run),
        card=card,
        tick=making.heartbeat.tick,
    )
    logger.info("Exported model %s in %.1f s", making.model.pk, time.monotonic() - started)
    _store(making, made)


def card_of(making: Making, qualities: dict[str, Any]) -> dict[str, Any]:
    """What the model card says: where this network comes from and what it is known to do."""
    trial, run = making.model.trial, making.run
    pins = run.pinned.select_related("version__device")
    return {
        "name": making.model.name,
        "metrics": trial.measures | qualities,
        "architecture": engine.space_of(run).describe(engine.genes_of(trial)),
        "run": {"id": run.pk, "name": run.name, "trial": trial.number, "seed": run.seed},
        "space": {"name": run.space.name, "sha256": engine.space_of(run).content_hash()},
        "data_set": {"name": run.dataset.name, "sha256": run.dataset.sha256},
        "classes": run.dataset.statistics["classes"],
        "device_profiles": [
            {
                "device": pin.device_id,
                "name": pin.version.device.name,
                "version": pin.version.number,
                "sha256": pin.version.content_sha256,
                "provenance": pin.version.provenance,
            }
            for pin in pins
            if pin.version
        ],
        "training": {
            # A supernet that the run only reused was made by another recipe than the run's.
            **(run.supernet.recipe if run.supernet else engine.recipe_of(run)),
            **_own_training(run),
            "fine_tune_epochs": making.model.settings.get("fine_tune_epochs", 0),
            "supernet_sha256": run.supernet.sha256 if run.supernet else None,
        },
        "versions": run.versions | {"exported_by": code_version()},
    }


def _own_training(run: Run) -> dict[str, Any]:
    """The recipe of a network that its run did not train."""
    if not engine.proxies_of(run.evaluator):
        return {}
    return {"evaluator": FULL, "evaluator_settings": full_training.recipe_of(run)}


def _store(making: Making, made: "Bundle") -> None:
    """All files under new names, then all rows at once."""
    contents = [
        (FORMATS[name], name, content) for name, content in made.files.items() if name in FORMATS
    ]
    contents.append(("bundle", f"{_slug(making.model)}.zip", made.zip()))
    with ExitStack() as stored:
        rows = []
        for content in contents:
            rows.append(_file(making, *content))
            stored.enter_context(files.removed_on_error(rows[-1].file))
        with transaction.atomic():
            if not _end(making, ChosenModel.Status.READY, card=made.card, report=made.report):
                raise LeaseLost
            ModelFile.objects.bulk_create(rows)


def _slug(model: ChosenModel) -> str:
    words = re.findall(r"[a-z0-9]+", model.name.lower())
    return "-".join(words)[:80] or f"model-{model.pk}"


def _file(making: Making, format_name: str, filename: str, content: bytes) -> ModelFile:
    stored = files.write(making.folder, f"-{filename}", content)
    return ModelFile(
        model=making.model,
        format=format_name,
        filename=filename,
        file=stored.name,
        sha256=stored.sha256,
        n_bytes=stored.n_bytes,
    )


def _end(making: Making, status: str, **fields: Any) -> bool:
    """Store how it ended; the state of its training goes unless `fields` keep it."""
    old = making.model.checkpoint
    ended = {"status": status, "due_at": None, "ended_at": timezone.now(), "checkpoint": ""}
    ended |= {"progress": {}} | fields
    with transaction.atomic():
        has_ended = making.lease.release(**ended)
        if has_ended and ended["checkpoint"] != old:
            transaction.on_commit(lambda: files.remove(old), robust=True)
    return has_ended
