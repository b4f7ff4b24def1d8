"""The handwritten digits that come with scikit-learn: real, small and offline."""

import numpy as np

from searches.datasets import splits
from searches.datasets.base import ImageData

SPLIT_SEED = 0


def digits() -> ImageData:
    """1,797 pictures of 8×8 in grey (UCI Optical Recognition of Handwritten Digits)."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # 17 grey levels, 0 to 16, spread over the range of a byte.
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)[..., None]  # [n, 8, 8, 1]
    classes = tuple(str(number) for number in range(10))
    labels = bunch.target.astype(np.int64)
    return splits.split((images, labels), None, None, classes=classes, seed=SPLIT_SEED)
