"""Images with labels as webnas keeps them: six arrays in one file, split once and for all."""

import hashlib
import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

SPLITS = ("train", "val", "test")
ARRAYS = tuple(f"{axis}_{split}" for split in SPLITS for axis in "xy")


# What zipfile and numpy raise on damaged or hostile archives.
DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class DataRefused(Exception):
    """The data cannot be used.

    Args:
        problems: place (an array's name, a file in an archive) -> what is wrong, what would be
            right.
    """

    def __init__(self, problems: Mapping[str, list[str]]):
        self.problems = {place: list(messages) for place, messages in problems.items()}
        first = next(iter(self.problems.items()), ("data", ["refused"]))
        super().__init__(f"{first[0]}: {first[1][0]}")


def refuse(place: str, message: str) -> DataRefused:
    return DataRefused({place: [message]})


@dataclass(frozen=True)
class Limits:
    """What a data set may be at most; the defaults suit a server with some memory."""

    upload_bytes: int = 256 * 2**20
    unpacked_bytes: int = 2**30
    n_images: int = 200_000
    n_classes: int = 1000
    side: int = 512
    file_bytes: int = 32 * 2**20  # of one picture in an archive
    per_class: int = 5  # at least, so that every split gets some

    @property
    def pixels(self) -> int:
        """Of one picture before it is scaled down."""
        return 4096 * 4096


@dataclass(frozen=True)
class ImageData:
    """A data set in memory.

    Attributes:
        x_train, x_val, x_test: [n, height, width, channels] bytes, 1 or 3 channels.
        y_train, y_val, y_test: [n] numbers of classes.
        classes: names, in the order of the numbers.
    """

    x_train: Images
    y_train: Labels
    x_val: Images
    y_val: Labels
    x_test: Images
    y_test: Labels
    classes: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """The stored form: an uncompressed .npz without pickled objects.

        Equal data gives equal bytes: numpy writes archive members with a fixed date.
        """
        file = BytesIO()
        arrays: dict[str, Any] = {
            f"{axis}_{split}": getattr(self, f"{axis}_{split}")
            for split in SPLITS
            for axis in "xy"
        }
        np.savez(file, classes=np.array(self.classes, dtype=np.str_), **arrays)
        return file.getvalue()

    @classmethod
    def load(cls, file: BinaryIO) -> "ImageData":
        """The data set of a stored file."""
        with np.load(file, allow_pickle=False) as archive:
            arrays = {
                f"{axis}_{split}": archive[f"{axis}_{split}"] for split in SPLITS for axis in "xy"
            }
            classes = tuple(str(name) for name in archive["classes"])
        return cls(classes=classes, **arrays)

    def sha256(self) -> str:
        """Hash of the content: of the arrays and names, not of the file around them."""
        digest = hashlib.sha256("\0".join(self.classes).encode())
        for name in ARRAYS:
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(str((array.shape, array.dtype)).encode())
            digest.update(array.data)
        return digest.hexdigest()

    def statistics(self) -> dict[str, Any]:
        """What a person wants to know of the data, as JSON.

        `mean` and `std` are those of the training images per channel, pixels in 0..1.
        """
        pixels = self.x_train.reshape(-1, self.x_train.shape[-1])
        counts = {
            split: np.bincount(getattr(self, f"y_{split}"), minlength=len(self.classes)).tolist()
            for split in SPLITS
        }
        return {
            "shape": list(self.x_train.shape[1:]),
            "classes": list(self.classes),
            "counts": counts,
            "n": {split: len(getattr(self, f"y_{split}")) for split in SPLITS},
            "mean": [round(float(m), 5) for m in pixels.mean(0, dtype=float) / 255],
            "std": [round(float(s), 5) for s in pixels.std(0, dtype=float) / 255],
        }
