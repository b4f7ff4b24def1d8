"""Data sets: uploaded, registered, built in."""

from typing import BinaryIO

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from searches.datasets import archives, image_folder, npz
from searches.datasets.base import DataRefused, ImageData
from searches.models import DataSet, Supernet
from searches.runner import folder as folders
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, ForbiddenRequest, RefusedRequest
from webnas.work import files, leases

DIGITS = "Handwritten digits"


def upload_dataset(
    *, owner: User, name: str, file: BinaryIO, filename: str, seed: int = 0
) -> DataSet:
    """Read, check, split and store an .npz or a zip of pictures.

    Raises:
        RefusedRequest: naming the array or file, what is wrong and what would be right.
    """
    title = _free_name(owner, name)
    _check_upload(file)
    source, data = _read(file, filename, seed)
    columns = folders.stored_columns(data)
    try:
        with transaction.atomic():
            quotas.refuse_beyond(owner, columns["n_bytes"])
            dataset: DataSet = DataSet.objects.create(
                owner=owner, name=title, source=source, split_seed=seed, **columns
            )
    except BaseException as error:
        files.remove_all(folders.files_of(columns))
        if isinstance(error, IntegrityError):  # the name was taken since we looked
            raise _taken(title) from None
        raise
    return dataset


def _free_name(owner: User, name: str) -> str:
    title = name.strip()
    if not 1 <= len(title) <= 120:
        raise RefusedRequest({"name": [f"{len(title)} characters; 1 to 120 are needed."]})
    if DataSet.objects.owned_by(owner).filter(name=title).exists():
        raise _taken(title)
    return title


def _taken(title: str) -> RefusedRequest:
    return RefusedRequest({"name": [f"You have a data set called “{title}”."]})


def _check_upload(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    if size > settings.WEBNAS_UPLOAD_BYTES:
        message = f"{size:,} bytes; at most {settings.WEBNAS_UPLOAD_BYTES:,} an upload."
        raise RefusedRequest({"file": [message]}, message)


def _read(file: BinaryIO, filename: str, seed: int) -> tuple[str, ImageData]:
    is_npz = filename.lower().endswith(".npz") or archives.is_npz(file)
    file.seek(0)
    try:
        if is_npz:
            return DataSet.Source.NPZ, npz.read(file, seed=seed, limits=folders.limits())
        return DataSet.Source.ZIP, image_folder.read_zip(file, seed=seed, limits=folders.limits())
    except DataRefused as refusal:
        raise RefusedRequest(refusal.problems, "The data set was refused.") from None


def register_folder(*, owner: User, name: str, folder: str, seed: int = 0) -> DataSet:
    """Register a folder that the workers can see; one of them reads it."""
    if not owner.is_staff:
        raise ForbiddenRequest({"folder": ["Only staff may register folders; upload a zip."]})
    title = _free_name(owner, name)
    if not folders.is_allowed(folder):
        allowed = ", ".join(map(str, settings.WEBNAS_DATA_ROOTS)) or "none (WEBNAS_DATA_ROOTS)"
        message = f"{folder[:200]} is not below an allowed folder. Allowed: {allowed}."
        raise RefusedRequest({"folder": [message]})
    try:
        with transaction.atomic():
            dataset: DataSet = DataSet.objects.create(
                owner=owner,
                name=title,
                source=DataSet.Source.FOLDER,
                folder=folder,
                split_seed=seed,
                due_at=timezone.now(),
            )
            leases.nudge_on_commit(DataSet, dataset.pk)
    except IntegrityError:
        raise _taken(title) from None
    return dataset


def delete_dataset(*, dataset: DataSet) -> None:
    """Remove a data set and its files, unless something was learnt from it."""
    names = list(dataset.runs.values_list("name", flat=True)[:5])
    if names:
        raise ConflictingRequest({}, f"Runs use this data set: {', '.join(names)}.")
    if Supernet.objects.filter(dataset=dataset).exists():
        raise ConflictingRequest({}, "A supernet was trained on this data set.")
    stored = [dataset.file, dataset.sheet]
    try:
        with transaction.atomic():
            dataset.delete()
            transaction.on_commit(lambda: files.remove_all(stored))
    except (ProtectedError, IntegrityError):  # a run took it between the two statements
        raise ConflictingRequest({}, "A run uses this data set.") from None


def add_builtin() -> None:
    """The digits of scikit-learn; nothing happens when they are there."""
    if DataSet.objects.filter(owner=None, source=DataSet.Source.BUILTIN).exists():
        return
    from searches.datasets.digits import digits

    columns = folders.stored_columns(digits())
    DataSet.objects.create(owner=None, name=DIGITS, source=DataSet.Source.BUILTIN, **columns)
