"""Measurements of cell nuclei that come with scikit-learn: real, small and offline.

W. Street, W. Wolberg, O. Mangasarian, "Nuclear feature extraction for breast tumor diagnosis",
1993: the Breast Cancer Wisconsin (Diagnostic) data set of UCI.
"""

import numpy as np

from searches.datasets.base import Limits
from searches.datasets.features import FeatureData, assemble

SPLIT_SEED = 0


def breast_cancer() -> FeatureData:
    """569 tumours, each 30 numbers: is it malignant or benign?"""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    rows = bunch.data.astype(np.float32), bunch.target.astype(np.int64)
    return assemble(
        (rows, None, None),
        classes=tuple(map(str, bunch.target_names)),
        columns=(*map(str, bunch.feature_names), "diagnosis"),
        seed=SPLIT_SEED,
        limits=Limits(),
    )
