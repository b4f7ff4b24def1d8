"""Rows of numbers with a class each: tables as people have them in spreadsheets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from searches.datasets import splits
from searches.datasets.base import LabelledData, Labels, Limits, Moments, refuse
from searches.datasets.splits import LONGEST_NAME, Part

Features = npt.NDArray[np.float32]
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class FeatureData(LabelledData):
    """Rows: x is [n, n_features] float32, as measured.

    Attributes:
        columns: names of the features in order, and last that of the class.
    """

    kind = "features"
    NAMES: ClassVar[tuple[str, ...]] = ("classes", "columns")

    columns: tuple[str, ...]

    def moments(self) -> Moments:
        """Mean and standard deviation of each feature over the training rows.

        Exactly 0 is the deviation of a feature that has one value only.
        """
        values = self.x_train.astype(np.float64)  # [n, n_features]
        varies = values.min(axis=0) < values.max(axis=0)
        deviations = np.where(varies, values.std(axis=0), 0.0)
        return tuple(values.mean(axis=0).tolist()), tuple(deviations.tolist())

    def statistics(self) -> dict[str, Any]:
        """With the features' names and training rows' mean, deviation, minimum and maximum."""
        mean, std = self.moments()
        return super().statistics() | {
            "features": list(self.columns[:-1]),
            "target": self.columns[-1],
            "mean": _rounded(mean),
            "std": _rounded(std),
            "min": _rounded(self.x_train.min(axis=0)),
            "max": _rounded(self.x_train.max(axis=0)),
        }


def _rounded(values: Sequence[float] | Features) -> list[float]:
    """Six digits: what a person can read."""
    return [float(f"{value:.6g}") for value in values]


def assemble(
    parts: tuple[Part, Part | None, Part | None],
    *,
    classes: tuple[str, ...],
    columns: tuple[str, ...],
    seed: int,
    limits: Limits,
) -> FeatureData:
    """The data set of rows that were read, with the missing splits cut.

    Args:
        parts: rows and labels for training, validation and test; None for what is missing.
        classes: names, in the order of the labels.
        columns: names of the features, then of the class.
        seed: of the split.
        limits: what a data set may be at most.

    Raises:
        DataRefused: naming the column or class.
    """
    check_columns(columns)
    train, val, test = parts
    splits.check_classes(train[1], classes, limits, place=columns[-1], samples="rows")
    train, val, test = splits.parts(train, val, test, seed=seed)
    return FeatureData(*train, *val, *test, classes=classes, columns=columns)


def check_columns(columns: tuple[str, ...]) -> None:
    """Refuse columns without a name, or with the same one."""
    for position, name in enumerate(columns, start=1):
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            message = f"A name of 1 to {LONGEST_NAME} printable characters is needed."
            raise refuse(f"column {position}", message)
    name, count = Counter(columns).most_common(1)[0]
    if count > 1:
        raise refuse(f"column “{name}”", f"{count} columns have this name; one may.")


def check_size(place: str, n_rows: int, n_features: int, limits: Limits) -> None:
    """Refuse too many rows, columns or cells."""
    if n_rows > limits.n_images:
        raise refuse(place, f"{n_rows:,} rows; at most {limits.n_images:,}.")
    if not 1 <= n_features <= limits.n_features:
        raise refuse(place, f"{n_features:,} features; 1 to {limits.n_features:,} are possible.")
    if n_rows * n_features > limits.n_cells:
        raise refuse(
            place, f"{n_rows:,} rows of {n_features:,} numbers; at most {limits.n_cells:,} in all."
        )


def of_arrays(
    arrays: dict[str, npt.NDArray[Any]],
    labels: dict[str, Labels],
    names: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    seed: int,
    limits: Limits,
) -> FeatureData:
    """The data set of an .npz whose inputs are rows.

    Args:
        arrays: x_train, and x_val and x_test where they are there: [n, n_features].
        labels: y_train and so on, for the same splits.
        names: of the classes; of the features, empty for numbers.
        seed: of the split.
        limits: what a data set may be at most.

    Raises:
        DataRefused: naming the array, row and column.
    """
    classes, features = names
    n_features = arrays["x_train"].shape[1] if arrays["x_train"].ndim == 2 else 0
    columns = (*(features or map(str, range(n_features))), "class")
    if len(columns) != n_features + 1:
        raise refuse("features", f"{len(features)} names for {n_features} columns of x_train.")
    found: list[Part | None] = []
    for split in ("train", "val", "test"):
        name = f"x_{split}"
        part = None
        if name in arrays:
            part = _numbers(name, arrays[name], columns, limits), labels[f"y_{split}"]
        found.append(part)
    train, val, test = found
    if train is None:
        raise refuse("x_train", "This array is missing.")
    parts = (train, val, test)
    return assemble(parts, classes=classes, columns=columns, seed=seed, limits=limits)


def _numbers(
    name: str, array: npt.NDArray[Any], columns: tuple[str, ...], limits: Limits
) -> Features:
    n_features = len(columns) - 1
    if array.ndim != 2 or array.shape[1] != n_features:
        shape = f"Its shape is {list(array.shape)}"
        raise refuse(name, f"{shape}; [n, {n_features}] is needed, as for x_train.")
    if array.dtype.kind not in "iufb":
        raise refuse(name, f"dtype is {array.dtype}; numbers are needed.")
    check_size(name, len(array), n_features, limits)
    if len(array) == 0:
        raise refuse(name, "No rows.")
    values: npt.NDArray[np.float64] = array.astype(np.float64)
    wrong = ~(np.abs(values) <= LARGEST)  # NaN is wrong, too
    if wrong.any():
        row, column = (int(index) for index in np.argwhere(wrong)[0])
        place = f"{name}, row {row}, column “{columns[column]}”"
        raise refuse(place, f"{values[row, column]}: a finite number is needed.")
    return values.astype(np.float32)
