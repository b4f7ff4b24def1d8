"""Data sets: uploaded, registered, built in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone

from searches.datasets import archives, feature_csv, image_folder, known_table, npz
from searches.datasets.base import DataRefused, LabelledData
from searches.datasets.kinds import Data
from searches.datasets.known_table import KnownTable
from searches.models import DataSet, Run, Space, Supernet
from searches.runner import folder as folders
from searches.services import spaces
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, ForbiddenRequest, RefusedRequest
from webnas.work import files, leases

DIGITS = "Handwritten digits"
BREAST_CANCER = "Breast cancer, measured cells"
TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Upload:
    """A file that a person sent, and how it is to be read.

    Attributes:
        seed: of the split.
        target: column of a CSV that holds the class; the last one unless given. With it a CSV
            is never read as a table of known results.
    """

    file: BinaryIO
    filename: str
    seed: int = 0
    target: str = ""


def upload_dataset(*, owner: User, name: str, upload: Upload) -> DataSet:
    """Read, check, split and store an .npz, a CSV or a zip of pictures.

    A table of known results brings its search space, of the same name.

    Raises:
        RefusedRequest: naming the array, cell or file, what is wrong and what would be right.
    """
    title = _free_name(owner, name)
    _check_upload(upload.file)
    source, data = _read(upload)
    if isinstance(data, KnownTable):
        _refuse_taken_space(owner, title)
    columns = folders.stored_columns(data)
    try:
        with transaction.atomic():
            quotas.refuse_beyond(owner, columns["n_bytes"])
            dataset: DataSet = DataSet.objects.create(
                owner=owner, name=title, source=source, split_seed=upload.seed, **columns
            )
            if isinstance(data, KnownTable):
                spaces.create_table_space(dataset=dataset)
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


def _refuse_taken_space(owner: User, title: str) -> None:
    if Space.objects.owned_by(owner).filter(name=title).exists():
        message = f"You have a space called “{title}”; a table brings a space of its own name."
        raise RefusedRequest({"name": [message]})


def _taken(title: str) -> RefusedRequest:
    return RefusedRequest({"name": [f"You have a data set called “{title}”."]})


def _check_upload(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    if size > settings.WEBNAS_UPLOAD_BYTES:
        message = f"{size:,} bytes; at most {settings.WEBNAS_UPLOAD_BYTES:,} an upload."
        raise RefusedRequest({"file": [message]}, message)


def _read(upload: Upload) -> tuple[str, Data]:
    file, seed, limits = upload.file, upload.seed, folders.limits()
    source = _source(upload)
    if upload.target and source != DataSet.Source.CSV:
        message = "Only a CSV has a column of the class; leave this empty."
        raise RefusedRequest({"target": [message]})
    try:
        if source == DataSet.Source.CSV:
            if not upload.target and _holds_results(file):
                return source, known_table.read(file, limits=limits)
            return source, feature_csv.read(file, target=upload.target, seed=seed, limits=limits)
        if source == DataSet.Source.NPZ:
            return source, npz.read(file, seed=seed, limits=limits)
        return source, image_folder.read_zip(file, seed=seed, limits=limits)
    except DataRefused as refusal:
        raise RefusedRequest(refusal.problems, "The data set was refused.") from None


def _holds_results(file: BinaryIO) -> bool:
    """Whether the first line of a CSV says which columns were measured."""
    with feature_csv.lines(file) as rows:
        return known_table.is_table(rows.header)


def _source(upload: Upload) -> str:
    """What the file is, by its name and its first bytes."""
    name = upload.filename.lower()
    is_npz = name.endswith(".npz") or archives.is_npz(upload.file)
    upload.file.seek(0)
    if is_npz:
        return DataSet.Source.NPZ
    return DataSet.Source.CSV if name.endswith(TABLES) else DataSet.Source.ZIP


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
    own_space = spaces.table_spaces(dataset)
    runs = Run.objects.filter(Q(dataset=dataset) | Q(space__in=own_space))
    names = list(runs.values_list("name", flat=True)[:5])
    if names:
        raise ConflictingRequest({}, f"Runs use this data set: {', '.join(names)}.")
    if Supernet.objects.filter(dataset=dataset).exists():
        raise ConflictingRequest({}, "A supernet was trained on this data set.")
    stored = [dataset.file, dataset.sheet]
    try:
        with transaction.atomic():
            own_space.delete()
            dataset.delete()
            transaction.on_commit(lambda: files.remove_all(stored))
    except (ProtectedError, IntegrityError):  # a run took it between the two statements
        raise ConflictingRequest({}, "A run uses this data set.") from None


def add_builtin() -> None:
    """Digits and cell measurements of scikit-learn; nothing happens to those that are there."""
    from searches.datasets.breast_cancer import breast_cancer
    from searches.datasets.digits import digits

    there = set(DataSet.objects.filter(owner=None).values_list("name", flat=True))
    builtin: dict[str, Callable[[], LabelledData]] = {
        DIGITS: digits,
        BREAST_CANCER: breast_cancer,
    }
    for name, load in builtin.items():
        if name not in there:
            columns = folders.stored_columns(load())
            DataSet.objects.create(owner=None, name=name, source=DataSet.Source.BUILTIN, **columns)
