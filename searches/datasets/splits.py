"""Train, search-validation and test, fixed by a seed when a data set is registered."""

import unicodedata
from collections import Counter

import numpy as np
import numpy.typing as npt

from searches.datasets.base import ImageData, Images, Labels, Limits, refuse

# Shares of what the person did not split.
VALIDATION_SHARE = 0.2
TEST_SHARE = 0.2

LONGEST_NAME = 100
UNSTORABLE = {"Cc", "Cs"}  # Unicode's control characters and halves of characters

Indices = npt.NDArray[np.intp]
Part = tuple[Images, Labels]


def split(
    train: Part,
    val: Part | None,
    test: Part | None,
    *,
    classes: tuple[str, ...],
    seed: int,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> ImageData:
    """A data set with all three splits; those that are missing are cut from the training part.

    Every class keeps its share in every split.

    Raises:
        DataRefused: a class has too few images.
    """
    _check_names(classes)
    _check_classes(train[1], classes, limits)
    rng = np.random.default_rng(seed)
    if test is None:
        train, test = _cut(train, TEST_SHARE, rng)
    if val is None:
        train, val = _cut(train, VALIDATION_SHARE, rng)
    return ImageData(*train, *val, *test, classes=classes)


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


def _check_classes(labels: Labels, classes: tuple[str, ...], limits: Limits) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    if len(classes) < 2:
        raise refuse("y_train", f"{len(classes)} class; at least 2 are needed.")
    if len(classes) > limits.n_classes:
        raise refuse("y_train", f"{len(classes)} classes; at most {limits.n_classes}.")
    few = [
        f"class “{name}” has {count} training images; at least {limits.per_class} are needed"
        for name, count in zip(classes, counts, strict=True)
        if count < limits.per_class
    ]
    if few:
        more = f" and {len(few) - 3} more classes" if len(few) > 3 else ""
        raise refuse("y_train", "; ".join(few[:3]) + more + ".")


def _cut(part: Part, share: float, rng: np.random.Generator) -> tuple[Part, Part]:
    """Two parts, the second with about `share` and at least one image of every class."""
    images, labels = part
    second: list[Indices] = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        second.append(members[: max(1, round(share * len(members)))])
    taken = np.zeros(len(labels), dtype=bool)
    taken[np.concatenate(second)] = True
    return (images[~taken], labels[~taken]), (images[taken], labels[taken])
