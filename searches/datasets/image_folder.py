"""Folders of pictures, `class/name.png`, in a zip archive or on the worker's disk.

All pictures are brought to one size: that of the first one, or a stated side. A top folder with
`train`, `val` and `test` inside keeps the person's own split.
"""

import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
from PIL import Image

from searches.datasets import pictures, splits
from searches.datasets.base import DAMAGED, ImageData, Images, Labels, Limits, refuse

SPLIT_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
# What archives and systems leave behind; not a mistake of the person.
IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db", ".gitkeep")
# Text packs a thousandfold at most in honest archives; pictures hardly at all.
MAX_RATIO = 200


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
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if _counts(member.filename)]
            _check_archive(members, limits)
            found = [_member(archive, member, limits) for member in members]
            return _build(found, seed, limits)
    except zipfile.BadZipFile as error:
        raise refuse("file", f"The archive is damaged or no zip: {error}.") from None
    except DAMAGED as error:
        raise refuse("file", f"The archive is damaged or cannot be read: {error}.") from None


def read_folder(
    root: Path,
    *,
    seed: int,
    limits: Limits = Limits(),  # noqa: B008
    tick: Callable[[], bool] = lambda: True,
) -> ImageData:
    """The data set of a folder on this machine; links that lead out of it are refused.

    `root` is a resolved path that the caller has allowed; a `tick` that says False stops it.

    Raises:
        DataRefused: naming the file and what is wrong with it.
    """
    if not root.is_dir():
        raise refuse("folder", f"{root} is no folder on this worker.")
    found = []
    for path in _walk(root, limits):
        resolved = path.resolve()
        place = path.relative_to(root).as_posix()
        if not resolved.is_relative_to(root):
            raise refuse(place, "This link leads out of the folder.")
        found.append(_picture(place, partial(_open_file, resolved)))
        if not tick():
            raise refuse("folder", "Reading was stopped.")
    return _build(found, seed, limits)


def _open_file(path: Path) -> BinaryIO:
    return path.open("rb")


def _walk(root: Path, limits: Limits) -> Iterator[Path]:
    n_files = 0
    for path in sorted(root.rglob("*")):
        if not path.is_file() or not _counts(path.relative_to(root).as_posix()):
            continue
        n_files += 1
        if n_files > limits.n_images:
            raise refuse("folder", f"More than {limits.n_images:,} files.")
        yield path


def _counts(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not name.endswith("/") and not any(part in IGNORED for part in parts)


def _check_archive(members: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    if len(members) > limits.n_images:
        raise refuse("file", f"{len(members):,} files; at most {limits.n_images:,}.")
    total = sum(member.file_size for member in members)
    if total > limits.unpacked_bytes:
        raise refuse("file", f"{total:,} bytes when unpacked; at most {limits.unpacked_bytes:,}.")
    for member in members:
        _check_member(member, limits)


def _check_member(member: zipfile.ZipInfo, limits: Limits) -> None:
    place = member.filename[:120]
    path = PurePosixPath(member.filename)
    is_outside = path.is_absolute() or ".." in path.parts or "\\" in member.filename
    if is_outside or (path.parts and path.parts[0].endswith(":")):
        raise refuse(place, "This path leads out of the archive; class/name.png is needed.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise refuse(place, "This is a link; plain files are needed.")
    if member.file_size > limits.file_bytes:
        raise refuse(place, f"{member.file_size:,} bytes; at most {limits.file_bytes:,} a file.")
    if member.file_size > MAX_RATIO * max(member.compress_size, 64):
        raise refuse(place, "This file is packed more tightly than any picture can be.")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> Picture:
    def opened() -> BinaryIO:
        with archive.open(member) as stream:
            content = stream.read(limits.file_bytes + 1)
        if len(content) > limits.file_bytes:
            raise refuse(member.filename[:120], "This file is larger than its header says.")
        return BytesIO(content)

    return _picture(member.filename, opened)


def _picture(place: str, opened: Callable[[], BinaryIO]) -> Picture:
    """Class and split of a path: `cat/1.png`, `train/cat/1.png`, `top/train/cat/1.png`."""
    folders = PurePosixPath(place).parts[:-1]
    if not folders:
        raise refuse(place[:120], "This file lies in no class folder; class/name.png is needed.")
    if not place.lower().endswith(pictures.SUFFIXES):
        known = ", ".join(pictures.SUFFIXES)
        raise refuse(place[:120], f"This file is no image by its name. Known: {known}.")
    named = [
        SPLIT_NAMES[folder.lower()] for folder in folders[:-1] if folder.lower() in SPLIT_NAMES
    ]
    return Picture(place[:120], folders[-1][:100], named[-1] if named else "", opened)


def _build(found: Sequence[Picture], seed: int, limits: Limits) -> ImageData:
    if not found:
        raise refuse("file", "No pictures were found; class/name.png is needed.")
    classes = tuple(sorted({picture.class_name for picture in found}))
    if len(classes) > limits.n_classes:
        raise refuse("file", f"{len(classes)} class folders; at most {limits.n_classes}.")
    _check_splits(found)
    size, channels = _form(found, limits)
    _check_memory(len(found), size, channels, limits)
    parts = {
        split: _part([p for p in found if p.split == split], classes, size, channels, limits)
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


def _form(found: Sequence[Picture], limits: Limits) -> tuple[tuple[int, int], int]:
    """Size (width, height) and channels of all: those of the first, within the limits.

    Colour as soon as one of the first pictures has colour.
    """
    opened = [_open(picture, limits) for picture in found[:16]]
    width, height = opened[0].size
    scale = min(1.0, limits.side / max(width, height))
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    return size, 3 if any(picture.mode == "RGB" for picture in opened) else 1


def _check_memory(n_images: int, size: tuple[int, int], channels: int, limits: Limits) -> None:
    n_bytes = n_images * size[0] * size[1] * channels
    if n_bytes > limits.unpacked_bytes:
        raise refuse(
            "file",
            f"{n_images:,} pictures of {size[0]}×{size[1]} need {n_bytes:,} bytes; "
            f"at most {limits.unpacked_bytes:,}. Scale them down first.",
        )


def _open(picture: Picture, limits: Limits) -> Image.Image:
    with picture.open() as stream:
        return pictures.open_picture(stream, picture.place, limits)


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
    for position, picture in enumerate(found):
        images[position] = pictures.to_array(_open(picture, limits), size, channels)
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[picture.class_name] for picture in found], dtype=np.int64)
    return images, labels
