"""What data sets are made of, by the name under which targets ask for it."""

from collections.abc import Mapping
from typing import BinaryIO

from searches.datasets.base import ImageData, LabelledData
from searches.datasets.features import FeatureData

KINDS: Mapping[str, type[LabelledData]] = {data.kind: data for data in (ImageData, FeatureData)}


def load(kind: str, file: BinaryIO) -> LabelledData:
    """The data set of a stored file."""
    return KINDS[kind].load(file)
