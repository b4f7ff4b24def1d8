"""Reading a registered folder, on a worker that can see it; and storing what was read."""

import logging
import traceback
from pathlib import Path
from typing import Any

from django.conf import settings

from searches.datasets import image_folder
from searches.datasets.base import DataRefused, ImageData, Limits
from searches.datasets.thumbnails import sample_sheet
from searches.models import DataSet
from webnas.work import files
from webnas.work.leases import Heartbeat, Lease

logger = logging.getLogger(__name__)


def limits() -> Limits:
    return Limits(upload_bytes=settings.WEBNAS_UPLOAD_BYTES)


def stored_columns(data: ImageData) -> dict[str, Any]:
    """Write the data set's files; the columns point to them."""
    stored = files.write("datasets", ".npz", data.to_bytes())
    sheet = files.write("datasets", ".png", sample_sheet(data))
    return {
        "file": stored.name,
        "sheet": sheet.name,
        "sha256": data.sha256(),
        "n_bytes": stored.n_bytes + sheet.n_bytes,
        "statistics": data.statistics(),
        "status": DataSet.Status.READY,
    }


def is_allowed(folder: Path) -> bool:
    """Whether the folder, all links followed, lies in one that the operator opened."""
    resolved = folder.resolve()
    return any(resolved.is_relative_to(root) for root in settings.WEBNAS_DATA_ROOTS)


def read(lease: Lease) -> None:
    """One slice: the whole folder."""
    dataset = DataSet.objects.get(pk=lease.pk)
    if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        _fail(lease, "Its worker was lost again and again.")
        return
    heartbeat = Heartbeat(lease)
    try:
        columns = stored_columns(_read(dataset, heartbeat))
    except DataRefused as refusal:
        _fail(lease, str(refusal))
    except Exception:  # a folder that cannot be read must not stop the worker
        logger.exception("Data set %s could not be read", dataset.pk)
        _fail(lease, traceback.format_exc())
    else:
        lease.release(due_at=None, error="", **columns)


def _read(dataset: DataSet, heartbeat: Heartbeat) -> ImageData:
    folder = Path(dataset.folder)
    if not is_allowed(folder):
        raise DataRefused({"folder": [f"{folder} is not below a folder of WEBNAS_DATA_ROOTS."]})
    return image_folder.read_folder(
        folder.resolve(), seed=dataset.split_seed, limits=limits(), tick=heartbeat.tick
    )


def _fail(lease: Lease, reason: str) -> None:
    lease.release(due_at=None, status=DataSet.Status.FAILED, error=reason)
