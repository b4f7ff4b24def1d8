"""Train, search-validation and test, fixed by a seed when a data set is registered."""

import unicodedata
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from searches.datasets.base import ImageData, Labels, Limits, refuse

# Shares of what the person did not split.
VALIDATION_SHARE = 0.2
TEST_SHARE = 0.2

LONGEST_NAME = 100
UNSTORABLE = {"Cc", "Cs"}  # Unicode's control characters and halves of characters

Indices = npt.NDArray[np.intp]
Part = tuple[npt.NDArray[Any], Labels]


def split(
    train: Part,
    val: Part | None,
    test: Part | None,
    *,
    classes: tuple[str, ...],
    seed: int,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> ImageData:
    """Images with all three splits; those that are missing are cut from the training part.

    Raises:
        DataRefused: a class has too few images.
    """
    check_classes(train[1], classes, limits)
    train, val, test = parts(train, val, test, seed=seed)
    return ImageData(*train, *val, *test, classes=classes)


def parts(
    train: Part, val: Part | None, test: Part | None, *, seed: int
) -> tuple[Part, Part, Part]:
    """All three splits, the missing ones cut from training; every class keeps its share."""
    rng = np.random.default_rng(seed)
    if test is None:
        train, test = _cut(train, TEST_SHARE, rng)
    if val is None:
        train, val = _cut(train, VALIDATION_SHARE, rng)
    return train, val, test


def _check_names(classes: tuple[str, ...]) -> None:
    for name in classes:
        if not 1 <= len(name.strip()) <= LONGEST_NAME:
            length = f"“{name[:LONGEST_NAME]}” has {len(name.strip())} characters"
            raise refuse("classes", f"{length}; 1 to {LONGEST_NAME} are needed in a class's name.")
        if not UNSTORABLE.isdisjoint(map(unicodedata.category, name)):
            raise refuse("classes", f"“{name}” holds characters that are no text.")
    for name, number in Counter(classes).items():
        if number > 1:
            raise refuse("classes", f"“{name}” is there twice; each class needs its own name.")


def check_classes(
    labels: Labels,
    classes: tuple[str, ...],
    limits: Limits,
    *,
    place: str = "y_train",
    samples: str = "images",
) -> None:
    """Refuse classes whose names are no names, or that are too many, too few or too small.

    Raises:
        DataRefused: at `place`, of these training `samples`.
    """
    _check_names(classes)
    counts = np.bincount(labels, minlength=len(classes))
    if len(classes) < 2:
        raise refuse(place, f"{len(classes)} class; at least 2 are needed.")
    if len(classes) > limits.n_classes:
        raise refuse(place, f"{len(classes)} classes; at most {limits.n_classes}.")
    few = [
        f"class “{name}” has {count} training {samples}; at least {limits.per_class} are needed"
        for name, count in zip(classes, counts, strict=True)
        if count < limits.per_class
    ]
    if few:
        more = f" and {len(few) - 3} more classes" if len(few) > 3 else ""
        raise refuse(place, "; ".join(few[:3]) + more + ".")


def _cut(part: Part, share: float, rng: np.random.Generator) -> tuple[Part, Part]:
    """Two parts, the second with about `share` and at least one sample of every class."""
    inputs, labels = part
    second: list[Indices] = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        second.append(members[: max(1, round(share * len(members)))])
    taken = np.zeros(len(labels), dtype=bool)
    taken[np.concatenate(second)] = True
    return (inputs[~taken], labels[~taken]), (inputs[taken], labels[taken])
