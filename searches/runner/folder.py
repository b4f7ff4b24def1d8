"""Reading a registered folder, on a worker that can see it; and storing what was read."""

import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from searches.datasets import image_folder
from searches.datasets.base import DataRefused, ImageData, Limits
from searches.datasets.kinds import Data
from searches.datasets.thumbnails import sample_sheet
from searches.models import DataSet
from webnas.accounts import quotas
from webnas.refusals import RefusedRequest
from webnas.work import files
from webnas.work.leases import Heartbeat, Lease

logger = logging.getLogger(__name__)


def limits() -> Limits:
    return Limits(upload_bytes=settings.WEBNAS_UPLOAD_BYTES)


def stored_columns(data: Data) -> dict[str, Any]:
    """Write the data set's files; the columns point to them."""
    stored = files.write("datasets", ".npz", data.to_bytes())
    with files.removed_on_error(stored.name):
        sheet = files.write("datasets", ".png", sample_sheet(data))
    return {
        "kind": data.kind,
        "file": stored.name,
        "sheet": sheet.name,
        "sha256": data.sha256(),
        "n_bytes": stored.n_bytes + sheet.n_bytes,
        "statistics": data.statistics(),
        "status": DataSet.Status.READY,
    }


def files_of(columns: Mapping[str, Any]) -> list[str]:
    return [columns["file"], columns["sheet"]]


def is_allowed(folder: str) -> bool:
    """Whether the folder, all links followed, lies in one that the operator opened."""
    try:
        resolved = Path(folder).resolve()
    except (OSError, ValueError):  # a loop of links, a NUL
        return False
    is_below = any(resolved.is_relative_to(root) for root in settings.WEBNAS_DATA_ROOTS)
    return Path(folder).is_absolute() and is_below


def read(lease: Lease) -> None:
    """One slice: the whole folder."""
    dataset = DataSet.objects.select_related("owner").get(pk=lease.pk)
    if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        _fail(lease, "Its worker was lost again and again.")
        return
    with Heartbeat(lease) as heartbeat:
        _read_and_store(lease, dataset, heartbeat)


def _read_and_store(lease: Lease, dataset: DataSet, heartbeat: Heartbeat) -> None:
    try:
        columns = stored_columns(_read(dataset, heartbeat))
        _store(lease, dataset, columns)
    except DataRefused as refusal:
        if heartbeat.tick():
            _fail(lease, str(refusal))
        else:  # the worker stops: read it again later
            lease.release()
    except Exception:  # a folder that cannot be read must not stop the worker
        logger.exception("Data set %s could not be read", dataset.pk)
        _fail(lease, traceback.format_exc())


def _store(lease: Lease, dataset: DataSet, columns: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            if dataset.owner is not None:
                quotas.refuse_beyond(dataset.owner, columns["n_bytes"], field="folder")
            is_stored = lease.release(due_at=None, error="", **columns)
    except RefusedRequest as refusal:
        files.remove_all(files_of(columns))
        _fail(lease, refusal.detail)
        return
    if not is_stored:
        files.remove_all(files_of(columns))


def _read(dataset: DataSet, heartbeat: Heartbeat) -> ImageData:
    if not is_allowed(dataset.folder):
        message = f"{dataset.folder} is not below a folder of WEBNAS_DATA_ROOTS."
        raise DataRefused({"folder": [message]})
    return image_folder.read_folder(
        Path(dataset.folder).resolve(),
        seed=dataset.split_seed,
        limits=limits(),
        tick=heartbeat.tick,
    )


def _fail(lease: Lease, reason: str) -> None:
    lease.release(due_at=None, status=DataSet.Status.FAILED, error=reason)
