"""Folders of pictures, `class/name.png`, in a zip archive or on the worker's disk.

All pictures are brought to one size: that of the first one by name, or a stated side. They are in
colour as soon as one of them is. A top folder with `train`, `val` and `test` inside keeps the
person's own split. Equal pictures under equal names give equal data, however they came.
"""

import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from searches.datasets import archives, pictures, splits
from searches.datasets.base import ImageData, Images, Labels, Limits, refuse

SPLIT_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
# What archives and systems leave behind; not a mistake of the person. So are hidden files.
IGNORED = ("__MACOSX", "Thumbs.db", "desktop.ini")
EXTRA_ENTRIES = 10_000  # of an archive: folders, and what is ignored
# Pictures are packed already. Those below a MiB may be of one colour and not packed at all.
MAX_RATIO = 200
UNSUSPICIOUS_BYTES = 2**20


@dataclass(frozen=True)
class Picture:
    """A picture to be read: where it lies, and which class and split its folders name."""

    place: str
    class_name: str
    split: str
    open: Callable[[], BinaryIO]


def read_zip(file: BinaryIO, *, seed: int, limits: Limits = Limits()) -> ImageData:  # noqa: B008
    """The data set of an uploaded zip archive; nothing is ever unpacked onto the disk.

    Raises:
        DataRefused: naming the member and what is wrong with it.
    """
    most = limits.n_images + EXTRA_ENTRIES
    with archives.opened(file, limits, most_entries=most) as archive:
        members = [member for member in archive.infolist() if _counts(member.filename)]
        if len(members) > limits.n_images:
            raise refuse("file", f"{len(members):,} files; at most {limits.n_images:,}.")
        archives.check(members, limits)
        found = [_member(archive, member, limits) for member in members]
        return _build(found, seed, limits, most_pixels=limits.upload_pixels)


def read_folder(
    root: Path,
    *,
    seed: int,
    limits: Limits = Limits(),  # noqa: B008
    tick: Callable[[], bool] = lambda: True,
) -> ImageData:
    """The data set of a folder on this machine; links that lead out of it are refused.

    `root` is a resolved path that the caller has allowed; `tick` is called before every file, and
    stops the reading when it says False.

    Raises:
        DataRefused: naming the file and what is wrong with it.
    """
    if not root.is_dir():
        raise refuse("folder", f"{root} is no folder on this worker.")
    found: list[Picture] = []
    for path in _walk(root):
        if not tick():
            raise refuse("folder", "Reading was stopped.")
        if len(found) == limits.n_images:
            raise refuse("folder", f"More than {limits.n_images:,} files.")
        place = path.relative_to(root).as_posix()
        resolved = path.resolve()
        if not resolved.is_relative_to(root):
            raise refuse(place, "This link leads out of the folder.")
        found.append(_picture(place, partial(_open_file, resolved, place, limits, tick)))
    return _build(found, seed, limits)


def _walk(root: Path) -> Iterator[Path]:
    """All files that count; links to folders are not followed, and not passed over in silence."""
    for folder, folders, names in os.walk(root, onerror=_unreadable):
        folders[:] = [name for name in folders if _counts(name)]
        for name in folders:
            if (path := Path(folder, name)).is_symlink():
                place = path.relative_to(root).as_posix()
                raise refuse(place, "This is a link to a folder; a plain folder is needed.")
        yield from (Path(folder, name) for name in names if _counts(name))


def _unreadable(error: OSError) -> None:
    raise refuse("folder", f"{error.filename} cannot be read: {error.strerror}.")


def _open_file(path: Path, place: str, limits: Limits, tick: Callable[[], bool]) -> BinaryIO:
    if not tick():
        raise refuse("folder", "Reading was stopped.")
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
            raise refuse(place, "This is no plain file.")
        _check_bytes(place, found.st_size, limits)
        return path.open("rb")
    except OSError as error:
        raise refuse(place, f"This file cannot be read: {error.strerror}.") from None


def _counts(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = (part for part in parts if part.startswith(".") and part != "..")
    return (
        not name.endswith("/") and not any(part in IGNORED for part in parts) and not any(hidden)
    )


def _check_bytes(place: str, n_bytes: int, limits: Limits) -> None:
    if n_bytes > limits.file_bytes:
        raise refuse(place, f"{n_bytes:,} bytes; at most {limits.file_bytes:,} a file.")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> Picture:
    _check_bytes(member.filename, member.file_size, limits)
    if member.file_size > max(UNSUSPICIOUS_BYTES, MAX_RATIO * member.compress_size):
        message = "This file is packed more tightly than any picture can be."
        raise refuse(member.filename, message)
    return _picture(member.filename, lambda: BytesIO(archives.content(archive, member)))


def _picture(place: str, opened: Callable[[], BinaryIO]) -> Picture:
    """Class and split of a path: `cat/1.png`, `train/cat/1.png`, `top/train/cat/1.png`."""
    folders = PurePosixPath(place).parts[:-1]
    if not folders:
        raise refuse(place, "This file lies in no class folder; class/name.png is needed.")
    if not place.lower().endswith(pictures.SUFFIXES):
        known = ", ".join(pictures.SUFFIXES)
        raise refuse(place, f"This file is no image by its name. Known: {known}.")
    named = [
        SPLIT_NAMES[folder.lower()] for folder in folders[:-1] if folder.lower() in SPLIT_NAMES
    ]
    return Picture(place, folders[-1], named[-1] if named else "", opened)


def _build(
    found: Sequence[Picture], seed: int, limits: Limits, *, most_pixels: int | None = None
) -> ImageData:
    if not found:
        raise refuse("file", "No pictures were found; class/name.png is needed.")
    classes = tuple(sorted({picture.class_name for picture in found}))
    if len(classes) > limits.n_classes:
        raise refuse("file", f"{len(classes)} class folders; at most {limits.n_classes}.")
    _check_splits(found)
    ordered = sorted(found, key=lambda picture: PurePosixPath(picture.place).parts)
    channels = _channels(ordered, limits, most_pixels)
    size = _size(ordered[0], limits)
    _check_memory(len(found), size, channels, limits)
    parts = {
        split: _part([p for p in ordered if p.split == split], classes, size, channels, limits)
        for split in ("", "train", "val", "test")
    }
    train = parts["train"] or parts[""]
    if train is None:
        raise refuse("file", "There are no training pictures.")
    return splits.split(
        train, parts["val"], parts["test"], classes=classes, seed=seed, limits=limits
    )


def _check_splits(found: Sequence[Picture]) -> None:
    named = {picture.split for picture in found}
    if "" in named and len(named) > 1:
        stray = next(picture for picture in found if not picture.split)
        raise refuse(stray.place, "Some pictures lie in train, val or test, this one does not.")


def _channels(found: Sequence[Picture], limits: Limits, most_pixels: int | None) -> int:
    """Three as soon as one picture is in colour; all headers are read before any is decoded."""
    headers = [_header(picture, limits) for picture in found]
    n_pixels = sum(header.n_pixels for header in headers)
    if most_pixels is not None and n_pixels > most_pixels:
        together = f"{n_pixels:,} pixels in all pictures together"
        raise refuse("file", f"{together}; at most {most_pixels:,}.")
    return 1 if all(header.is_grey for header in headers) else 3


def _header(picture: Picture, limits: Limits) -> pictures.Header:
    with picture.open() as stream:
        return pictures.header(stream, picture.place, limits)


def _size(first: Picture, limits: Limits) -> tuple[int, int]:
    """Width and height of all: those of the first, within the limits."""
    with first.open() as stream:
        width, height = pictures.decoded(stream, first.place, limits).size
    scale = min(1.0, limits.side / max(width, height))
    return max(4, round(width * scale)), max(4, round(height * scale))


def _check_memory(n_images: int, size: tuple[int, int], channels: int, limits: Limits) -> None:
    n_bytes = n_images * size[0] * size[1] * channels
    if n_bytes > limits.unpacked_bytes:
        raise refuse(
            "file",
            f"{n_images:,} pictures of {size[0]}×{size[1]} need {n_bytes:,} bytes; "
            f"at most {limits.unpacked_bytes:,}. Scale them down first.",
        )


def _part(
    found: Sequence[Picture],
    classes: tuple[str, ...],
    size: tuple[int, int],
    channels: int,
    limits: Limits,
) -> tuple[Images, Labels] | None:
    if not found:
        return None
    images = np.empty((len(found), size[1], size[0], channels), dtype=np.uint8)
    least = 2 * max(size)  # enough for a good scaling down, whichever way the picture is turned
    for position, picture in enumerate(found):
        with picture.open() as stream:
            whole = pictures.decoded(stream, picture.place, limits, least=least)
        images[position] = pictures.to_array(whole, size, channels)
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[picture.class_name] for picture in found], dtype=np.int64)
    return images, labels
