"""The documented .npz: `x_train` and `y_train`, and whichever other splits the person has.

x_*: [n, height, width] or [n, height, width, channels] with 1 or 3 channels; bytes, or floats in
0..1. y_*: [n] whole numbers from 0. `classes` (optional): names in the order of the numbers.

With x_* of [n, n_features] they are rows of numbers; `features` (optional): names of the columns.
"""

import math
import zipfile
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from searches.datasets import archives, features, splits
from searches.datasets.archives import reason
from searches.datasets.base import (
    DAMAGED,
    SPLITS,
    Images,
    LabelledData,
    Labels,
    Limits,
    refuse,
)

KNOWN = {f"{axis}_{split}" for axis in "xy" for split in SPLITS} | {"classes", "features"}
# Floats become bytes chunk by chunk, so that memory stays bounded.
CHUNK_BYTES = 2**24
MOST_ENTRIES = 100  # looked at to find the first that is not known

Array = npt.NDArray[Any]


def read(file: BinaryIO, *, seed: int, limits: Limits = Limits()) -> LabelledData:  # noqa: B008
    """The data set of an uploaded .npz.

    Raises:
        DataRefused: naming the array, what is wrong with it, and what would be right.
    """
    arrays = _arrays(file, limits)
    for name in ("x_train", "y_train"):
        if name not in arrays:
            found = ", ".join(sorted(arrays)) or "nothing"
            raise refuse(name, f"This array is missing; the file holds {found}.")
    if arrays["x_train"].ndim == 2:
        return _rows(arrays, seed, limits)
    if "features" in arrays:
        raise refuse("features", "Names of columns; x_train holds images, not rows of numbers.")
    parts = {split: _part(arrays, split, limits) for split in SPLITS}
    train = parts["train"]
    if train is None:
        raise refuse("x_train", "This array is missing.")
    _check_same_shape(parts)
    labels = [part[1] for part in parts.values() if part]
    classes = _classes(arrays.get("classes"), labels, limits)
    return splits.split(
        train, parts["val"], parts["test"], classes=classes, seed=seed, limits=limits
    )


def _rows(arrays: dict[str, Array], seed: int, limits: Limits) -> features.FeatureData:
    """The data set whose inputs are rows of numbers."""
    labels = {}
    for split in SPLITS:
        if _is_there(arrays, split):
            labels[f"y_{split}"] = _labels(f"y_{split}", arrays[f"y_{split}"])
            _check_counts(split, arrays[f"x_{split}"], labels[f"y_{split}"], "rows")
    classes = _classes(arrays.get("classes"), list(labels.values()), limits)
    names = arrays.get("features")
    columns = () if names is None else _names("features", names, limits.n_features)
    return features.of_arrays(arrays, labels, (classes, columns), seed=seed, limits=limits)


def _arrays(file: BinaryIO, limits: Limits) -> dict[str, Array]:
    """All known arrays, read only after their declared sizes were checked."""
    file.seek(0)
    if not file.read(4).startswith(b"PK"):
        raise refuse("file", "This is no .npz file: numpy.savez writes one.")
    with archives.opened(file, limits, most_entries=MOST_ENTRIES) as archive:
        archives.check(archive.infolist(), limits)
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        unknown = sorted(set(entries) - KNOWN)
        if unknown:
            known = ", ".join(sorted(KNOWN))
            raise refuse(unknown[0], f"This array is not known. Known: {known}.")
        return {name: _array(archive, name, entry, limits) for name, entry in entries.items()}


def _array(archive: zipfile.ZipFile, name: str, entry: zipfile.ZipInfo, limits: Limits) -> Array:
    """One array; its header decides whether it is read at all."""
    try:
        with archive.open(entry) as stream:
            shape, dtype = _header(stream)
    except DAMAGED as error:
        raise refuse(name, f"This is no numpy array: {reason(error)}.") from None
    if dtype.hasobject:
        message = "Pickled objects are never read; save plain numbers (or text for classes)."
        raise refuse(name, message)
    n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize if shape else dtype.itemsize
    if n_bytes > min(limits.unpacked_bytes, entry.file_size):
        raise refuse(name, f"Its header says {n_bytes:,} bytes; the file has {entry.file_size:,}.")
    try:
        with archive.open(entry) as stream:
            array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    except DAMAGED as error:
        raise refuse(name, f"This array cannot be read: {reason(error)}.") from None
    return array


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


def _part(arrays: dict[str, Array], split: str, limits: Limits) -> tuple[Images, Labels] | None:
    if not _is_there(arrays, split):
        return None
    images = _images(f"x_{split}", arrays[f"x_{split}"], limits)
    labels = _labels(f"y_{split}", arrays[f"y_{split}"])
    _check_counts(split, images, labels, "images")
    return images, labels


def _is_there(arrays: dict[str, Array], split: str) -> bool:
    """Whether the file has the split; half of one is refused."""
    x_name, y_name = f"x_{split}", f"y_{split}"
    if x_name not in arrays and y_name not in arrays:
        return False
    for name, other in ((x_name, y_name), (y_name, x_name)):
        if name not in arrays:
            raise refuse(name, f"This array is missing; {other} is there.")
    return True


def _check_counts(split: str, inputs: Array, labels: Labels, noun: str) -> None:
    if len(inputs) != len(labels):
        message = f"{len(labels)} labels for {len(inputs)} {noun} of x_{split}."
        raise refuse(f"y_{split}", message)


def _images(name: str, array: Array, limits: Limits) -> Images:
    shaped = _shaped(name, array, limits)
    if shaped.dtype == np.uint8:
        return np.ascontiguousarray(shaped)
    if shaped.dtype.kind != "f":
        right = "uint8 (0 to 255) or float (0 to 1)"
        raise refuse(name, f"dtype is {shaped.dtype}; {right} is needed.")
    images = np.empty(shaped.shape, dtype=np.uint8)
    step = max(1, CHUNK_BYTES // (8 * math.prod(shaped.shape[1:])))
    for start in range(0, len(shaped), step):
        images[start : start + step] = _bytes(name, shaped[start : start + step], start)
    return images


def _shaped(name: str, array: Array, limits: Limits) -> Array:
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


def _bytes(name: str, chunk: Array, start: int) -> Images:
    finite = np.isfinite(chunk)
    if not finite.all():
        row = start + int(np.flatnonzero(~finite.all(axis=(1, 2, 3)))[0])
        raise refuse(name, f"Image {row} holds NaN or infinity; numbers from 0 to 1 are needed.")
    low, high = float(chunk.min()), float(chunk.max())
    if low < 0 or high > 1:
        raise refuse(name, f"Values from {low:.4g} to {high:.4g}; floats must lie in 0 to 1.")
    return np.multiply(chunk, 255, dtype=np.float64).round().astype(np.uint8)


def _labels(name: str, array: Array) -> Labels:
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


def _classes(names: Array | None, labels: list[Labels], limits: Limits) -> tuple[str, ...]:
    highest = max((int(part.max()) for part in labels if len(part)), default=-1)
    if names is None:
        seen = len(np.unique(labels[0]))
        if highest >= max(seen, 1) * 10:
            raise refuse("y_train", f"The highest label is {highest}, but {seen} classes occur.")
        return tuple(str(number) for number in range(highest + 1))
    found = _names("classes", names, limits.n_classes)
    if highest >= len(found):
        raise refuse("classes", f"{len(found)} names, but the highest label is {highest}.")
    return found


def _names(place: str, array: Array, most: int) -> tuple[str, ...]:
    if array.ndim != 1 or array.dtype.kind not in "US":
        raise refuse(place, f"dtype {array.dtype}, shape {list(array.shape)}; text is needed.")
    if len(array) > most:  # names of no width take no room, however many there are
        raise refuse(place, f"{len(array):,} names; at most {most:,}.")
    try:
        text = np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
        return tuple(str(name) for name in text)
    except UnicodeDecodeError as error:
        raise refuse(place, f"These bytes are no UTF-8: {error}.") from None
    except (ValueError, SystemError) as error:  # numpy gives numbers beyond Unicode to Python
        raise refuse(place, f"This is no text: {reason(error)}.") from None
