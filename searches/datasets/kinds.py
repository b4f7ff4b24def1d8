"""What data sets are made of, by the name under which targets ask for it."""

from collections.abc import Mapping
from typing import BinaryIO

from searches.datasets.base import ImageData, LabelledData
from searches.datasets.features import FeatureData
from searches.datasets.known_table import KnownTable

Data = LabelledData | KnownTable

KINDS: Mapping[str, type[Data]] = {
    data.kind: data for data in (ImageData, FeatureData, KnownTable)
}


def load(kind: str, file: BinaryIO) -> Data:
    """The data set of a stored file."""
    return KINDS[kind].load(file)
