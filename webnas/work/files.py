"""Files behind Django's storage: a new name each, current by a row's pointer."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from uuid import uuid4

from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from webnas.work.models import StoredName

logger = logging.getLogger(__name__)

KEEP_UNREFERENCED = timedelta(days=1)


@dataclass(frozen=True)
class StoredFile:
    name: str
    sha256: str
    n_bytes: int


def write(folder: str, suffix: str, content: bytes) -> StoredFile:
    """Store a new file, whole or not at all; it counts for nothing until a row names it."""
    name = f"{folder}/{uuid4().hex}{suffix}"
    with removed_on_error(name):  # a full disk leaves the part for which there was room
        default_storage.save(name, ContentFile(content))
    return StoredFile(name, hashlib.sha256(content).hexdigest(), len(content))


@contextmanager
def removed_on_error(*names: str) -> Iterator[None]:
    """Remove new files when what was to refer to them does not come about."""
    try:
        yield
    except BaseException:
        with suppress(OSError):  # the first error tells more
            remove_all(names)
        raise


def read(name: str) -> bytes:
    with default_storage.open(name) as file:
        content: bytes = file.read()
    return content


def remove(name: str) -> None:
    if name:
        default_storage.delete(name)


def remove_all(names: Iterable[str]) -> None:
    for name in names:
        remove(name)


def referenced() -> set[str]:
    """Names of all files that some row points to."""
    names: set[str] = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, StoredName):
                rows = model._default_manager.exclude(**{field.attname: ""})
                names.update(rows.values_list(field.attname, flat=True))
    return names


def stored(folder: str = "") -> Iterator[str]:
    """Names of all files in the storage, folder by folder."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for file in files:
        yield str(PurePosixPath(folder) / file)
    for inner in folders:
        yield from stored(str(PurePosixPath(folder) / inner))


def remove_unreferenced() -> int:
    """Delete files older than a day that no row names; returns how many."""
    before = timezone.now() - KEEP_UNREFERENCED
    # Listed first, asked second: a file stored in between is young and stays in any case.
    old = [name for name in stored() if default_storage.get_modified_time(name) < before]
    unreferenced = set(old) - referenced() if old else set()
    for name in unreferenced:
        default_storage.delete(name)
    if unreferenced:
        logger.info("Removed %d files that nothing refers to", len(unreferenced))
    return len(unreferenced)
