"""Data with labels as webnas keeps it: six arrays in one file, split once and for all."""

import hashlib
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Moments = tuple[tuple[float, ...], tuple[float, ...]]

SPLITS = ("train", "val", "test")
ARRAYS = tuple(f"{axis}_{split}" for split in SPLITS for axis in "xy")
CHUNK_BYTES = 2**20  # counted at once: counting takes eight times as much memory


# What zipfile, numpy and Pillow raise on damaged or hostile files.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
    Warning,  # raised where warnings are errors
)

LONGEST_PLACE = 120


class DataRefused(Exception):
    """The data cannot be used.

    Args:
        problems: place (an array's name, a file in an archive) -> what is wrong, what would be
            right.
    """

    def __init__(self, problems: Mapping[str, list[str]]):
        self.problems = {
            _printable(place)[:LONGEST_PLACE]: [_printable(message) for message in messages]
            for place, messages in problems.items()
        }
        first = next(iter(self.problems.items()), ("data", ["refused"]))
        super().__init__(f"{first[0]}: {first[1][0]}")


def _printable(text: str) -> str:
    """The text without what no database, page or terminal takes."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def refuse(place: str, message: str) -> DataRefused:
    return DataRefused({place: [message]})


@dataclass(frozen=True)
class Limits:
    """What a data set may be at most; the defaults suit a server with some memory."""

    upload_bytes: int = 256 * 2**20
    unpacked_bytes: int = 2**30
    n_images: int = 200_000  # or rows
    n_classes: int = 1000
    side: int = 512
    file_bytes: int = 32 * 2**20  # of one picture in an archive
    pixels: int = 4096 * 4096  # of one picture before it is scaled down
    upload_pixels: int = 2**33  # of all pictures of an archive: a minute or two of decoding
    per_class: int = 5  # at least, so that every split gets some
    n_features: int = 4096
    n_cells: int = 20_000_000  # of a table of numbers: some seconds of reading


@dataclass(frozen=True)
class LabelledData:
    """A data set in memory.

    Attributes:
        kind: what it is made of, as targets ask for it.
        NAMES: the attributes that hold texts.
        x_train, x_val, x_test: [n, ...] inputs.
        y_train, y_val, y_test: [n] numbers of classes.
        classes: names, in the order of the numbers.
    """

    kind: ClassVar[str]
    NAMES: ClassVar[tuple[str, ...]] = ("classes",)

    x_train: npt.NDArray[Any]
    y_train: Labels
    x_val: npt.NDArray[Any]
    y_val: Labels
    x_test: npt.NDArray[Any]
    y_test: Labels
    classes: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """The stored form: an uncompressed .npz without pickled objects.

        Equal data gives equal bytes: numpy writes archive members with a fixed date, and the
        order in memory is made the same.
        """
        file = BytesIO()
        arrays: dict[str, Any] = {n: np.ascontiguousarray(getattr(self, n)) for n in ARRAYS}
        names: dict[str, Any] = {n: np.array(getattr(self, n), dtype=np.str_) for n in self.NAMES}
        np.savez(file, **names, **arrays)
        return file.getvalue()

    @classmethod
    def load(cls, file: BinaryIO) -> Self:
        """The data set of a stored file."""
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in ARRAYS}
            names: dict[str, Any] = {name: tuple(map(str, archive[name])) for name in cls.NAMES}
        return cls(**names, **arrays)

    def sha256(self) -> str:
        """Hash of the content: of the arrays and names, not of the file around them."""
        digest = hashlib.sha256()
        for position, name in enumerate(self.NAMES):
            digest.update(b"\1" * position + "\0".join(getattr(self, name)).encode())
        for name in ARRAYS:
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(str((array.shape, array.dtype)).encode())
            digest.update(array.data)
        return digest.hexdigest()

    def statistics(self) -> dict[str, Any]:
        """What a person wants to know of the data, as JSON."""
        counts = {
            split: np.bincount(getattr(self, f"y_{split}"), minlength=len(self.classes)).tolist()
            for split in SPLITS
        }
        return {
            "shape": list(self.x_train.shape[1:]),
            "classes": list(self.classes),
            "counts": counts,
            "n": {split: len(getattr(self, f"y_{split}")) for split in SPLITS},
        }


@dataclass(frozen=True)
class ImageData(LabelledData):
    """Images: x is [n, height, width, channels] bytes, 1 or 3 channels."""

    kind = "images"

    def moments(self) -> Moments:
        """Mean and standard deviation of the training images per channel, pixels in 0..1.

        Exact: computed in whole numbers from how often each of the 256 levels occurs.
        """
        counts = _level_counts(self.x_train)  # [C, 256]
        levels = range(256)
        means, deviations = [], []
        for channel in counts.tolist():
            n = sum(channel)
            total = sum(count * level for count, level in zip(channel, levels, strict=True))
            squares = sum(count * level**2 for count, level in zip(channel, levels, strict=True))
            means.append(total / (255 * n))
            deviations.append(math.sqrt(n * squares - total**2) / (255 * n))
        return tuple(means), tuple(deviations)

    def statistics(self) -> dict[str, Any]:
        """With `mean` and `std` as in `moments`."""
        mean, std = self.moments()
        return super().statistics() | {
            "mean": [round(value, 5) for value in mean],
            "std": [round(value, 5) for value in std],
        }


def _level_counts(images: Images) -> npt.NDArray[np.int64]:
    """How often each level occurs in each channel, [C, 256]."""
    n_channels = images.shape[-1]
    counts = np.zeros((n_channels, 256), dtype=np.int64)
    step = max(1, CHUNK_BYTES // math.prod(images.shape[1:]))
    for start in range(0, len(images), step):
        pixels = images[start : start + step].reshape(-1, n_channels)  # [n·H·W, C]
        for channel in range(n_channels):
            counts[channel] += np.bincount(pixels[:, channel], minlength=256)
    return counts
