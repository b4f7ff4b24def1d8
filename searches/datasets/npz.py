"""The documented .npz: `x_train` and `y_train`, and whichever other splits the person has.

x_*: [n, height, width] or [n, height, width, channels] with 1 or 3 channels; bytes, or floats in
0..1. y_*: [n] whole numbers from 0. `classes` (optional): names in the order of the numbers.
"""

import zipfile
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from searches.datasets import splits
from searches.datasets.base import DAMAGED, SPLITS, ImageData, Images, Labels, Limits, refuse

KNOWN = {f"{axis}_{split}" for axis in "xy" for split in SPLITS} | {"classes"}
# Floats become bytes chunk by chunk, so that memory stays bounded.
CHUNK = 4096


def read(file: BinaryIO, *, seed: int, limits: Limits = Limits()) -> ImageData:  # noqa: B008
    """The data set of an uploaded .npz.

    Raises:
        DataRefused: naming the array, what is wrong with it, and what would be right.
    """
    arrays = _arrays(file, limits)
    for name in ("x_train", "y_train"):
        if name not in arrays:
            found = ", ".join(sorted(arrays)) or "nothing"
            raise refuse(name, f"This array is missing; the file holds {found}.")
    parts = {split: _part(arrays, split, limits) for split in SPLITS}
    train = parts["train"]
    if train is None:
        raise refuse("x_train", "This array is missing.")
    _check_same_shape(parts)
    classes = _classes(arrays.get("classes"), parts)
    return splits.split(
        train, parts["val"], parts["test"], classes=classes, seed=seed, limits=limits
    )


def _arrays(file: BinaryIO, limits: Limits) -> dict[str, npt.NDArray[Any]]:
    """All known arrays, read only after their declared sizes were checked."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check_sizes(archive, limits)
            names = [member.filename.removesuffix(".npy") for member in archive.infolist()]
            unknown = sorted(set(names) - KNOWN)
            if unknown:
                known = ", ".join(sorted(KNOWN))
                raise refuse(unknown[0][:80], f"This array is not known. Known: {known}.")
            return {name: _array(archive, name, limits) for name in names}
    except zipfile.BadZipFile:
        raise refuse("file", "This is no .npz file: numpy.savez writes one.") from None
    except DAMAGED as error:
        raise refuse("file", f"The archive is damaged or cannot be read: {error}.") from None


def _check_sizes(archive: zipfile.ZipFile, limits: Limits) -> None:
    total = sum(member.file_size for member in archive.infolist())
    if total > limits.unpacked_bytes:
        raise refuse("file", f"{total:,} bytes when unpacked; at most {limits.unpacked_bytes:,}.")


def _array(archive: zipfile.ZipFile, name: str, limits: Limits) -> npt.NDArray[Any]:
    """One array; its header decides whether it is read at all."""
    declared = archive.getinfo(_member(archive, name)).file_size
    with archive.open(_member(archive, name)) as stream:
        try:
            shape, dtype = _header(stream)
        except DAMAGED as error:
            raise refuse(name, f"This is no numpy array: {error}.") from None
        if dtype.hasobject:
            raise refuse(
                name, "Pickled objects are never read; save plain numbers (or text for classes)."
            )
        n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize if shape else dtype.itemsize
        if n_bytes > min(limits.unpacked_bytes, declared):
            raise refuse(name, f"Its header says {n_bytes:,} bytes; the file has {declared:,}.")
    with archive.open(_member(archive, name)) as stream:
        try:
            array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        except DAMAGED as error:
            raise refuse(name, f"This array cannot be read: {error}.") from None
    return array


def _member(archive: zipfile.ZipFile, name: str) -> str:
    return name + ".npy" if name + ".npy" in archive.namelist() else name


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"format version {version} is not known")
    shape, _, dtype = readers[version](stream)
    return shape, dtype


def _part(
    arrays: dict[str, npt.NDArray[Any]], split: str, limits: Limits
) -> tuple[Images, Labels] | None:
    x_name, y_name = f"x_{split}", f"y_{split}"
    if x_name not in arrays and y_name not in arrays:
        return None
    for name, other in ((x_name, y_name), (y_name, x_name)):
        if name not in arrays:
            raise refuse(name, f"This array is missing; {other} is there.")
    images = _images(x_name, arrays[x_name], limits)
    labels = _labels(y_name, arrays[y_name])
    if len(images) != len(labels):
        raise refuse(y_name, f"{len(labels)} labels for {len(images)} images of {x_name}.")
    return images, labels


def _images(name: str, array: npt.NDArray[Any], limits: Limits) -> Images:
    shaped = _shaped(name, array, limits)
    if shaped.dtype == np.uint8:
        return np.ascontiguousarray(shaped)
    if shaped.dtype.kind != "f":
        right = "uint8 (0 to 255) or float (0 to 1)"
        raise refuse(name, f"dtype is {shaped.dtype}; {right} is needed.")
    images = np.empty(shaped.shape, dtype=np.uint8)
    for start in range(0, len(shaped), CHUNK):
        images[start : start + CHUNK] = _bytes(name, shaped[start : start + CHUNK], start)
    return images


def _shaped(name: str, array: npt.NDArray[Any], limits: Limits) -> npt.NDArray[Any]:
    right = "[n, height, width] or [n, height, width, channels] with 1 or 3 channels"
    shaped = array[..., None] if array.ndim == 3 else array
    if shaped.ndim != 4 or shaped.shape[3] not in (1, 3):
        raise refuse(name, f"Its shape is {list(array.shape)}; {right} is needed.")
    n_images, height, width, _ = shaped.shape
    if not 1 <= n_images <= limits.n_images:
        raise refuse(name, f"{n_images:,} images; 1 to {limits.n_images:,} are possible.")
    if not (4 <= height <= limits.side and 4 <= width <= limits.side):
        raise refuse(name, f"{height}×{width} pixels; 4 to {limits.side} on each side.")
    return shaped


def _bytes(name: str, chunk: npt.NDArray[Any], start: int) -> Images:
    finite = np.isfinite(chunk)
    if not finite.all():
        row = start + int(np.flatnonzero(~finite.all(axis=(1, 2, 3)))[0])
        raise refuse(name, f"Image {row} holds NaN or infinity; numbers from 0 to 1 are needed.")
    low, high = float(chunk.min()), float(chunk.max())
    if low < 0 or high > 1:
        raise refuse(name, f"Values from {low:.4g} to {high:.4g}; floats must lie in 0 to 1.")
    return np.asarray((chunk * 255).round(), dtype=np.uint8)


def _labels(name: str, array: npt.NDArray[Any]) -> Labels:
    if array.ndim != 1:
        raise refuse(name, f"Its shape is {list(array.shape)}; [n] is needed.")
    if array.dtype.kind not in "iu":
        raise refuse(name, f"dtype is {array.dtype}; whole numbers are needed.")
    if len(array) and (array.min() < 0 or array.max() >= 2**31):
        raise refuse(name, f"Labels from {array.min()} to {array.max()}; they start at 0.")
    return array.astype(np.int64)


def _check_same_shape(parts: dict[str, tuple[Images, Labels] | None]) -> None:
    shapes = {f"x_{split}": part[0].shape[1:] for split, part in parts.items() if part}
    for name, shape in shapes.items():
        if shape != shapes["x_train"]:
            expected = list(shapes["x_train"])
            raise refuse(name, f"Images are {list(shape)}, those of x_train {expected}.")


def _decoded(names: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Names that were saved as bytes, which is how numpy saves ASCII text on request."""
    try:
        return np.char.decode(names, "utf-8")
    except UnicodeDecodeError as error:
        raise refuse("classes", f"These bytes are no UTF-8: {error}.") from None


def _classes(
    names: npt.NDArray[Any] | None, parts: dict[str, tuple[Images, Labels] | None]
) -> tuple[str, ...]:
    labels = [part[1] for part in parts.values() if part]
    highest = max((int(part.max()) for part in labels if len(part)), default=-1)
    if names is None:
        train = parts["train"]
        seen = len(np.unique(train[1])) if train else 0
        if highest >= max(seen, 1) * 10:
            raise refuse("y_train", f"The highest label is {highest}, but {seen} classes occur.")
        return tuple(str(number) for number in range(highest + 1))
    if names.dtype.kind == "S":
        names = _decoded(names)
    if names.ndim != 1 or names.dtype.kind != "U":
        raise refuse("classes", f"dtype {names.dtype}, shape {list(names.shape)}; text is needed.")
    found = tuple(str(name)[:100] for name in names)
    if len(set(found)) != len(found):
        raise refuse("classes", "A name is there twice.")
    if highest >= len(found):
        raise refuse("classes", f"{len(found)} names, but the highest label is {highest}.")
    return found
