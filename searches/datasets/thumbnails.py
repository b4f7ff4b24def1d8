"""A picture of the samples, so that a person sees what they registered."""

from io import BytesIO

import numpy as np
from PIL import Image

from searches.datasets.features import FeatureData
from searches.datasets.kinds import Data
from searches.datasets.known_table import KnownTable
from searches.datasets.scatter import scatter, trade_off

COLUMNS, TILE, GAP = 8, 64, 4


def sample_sheet(data: Data, n: int = 32) -> bytes:
    """PNG of training images, class after class in turn; of rows of numbers a plot."""
    if isinstance(data, FeatureData):
        return scatter(data)
    if isinstance(data, KnownTable):
        return trade_off(data)
    order = _in_turn(data.y_train, n)
    rows = -(-len(order) // COLUMNS)
    step = TILE + GAP
    sheet = Image.new("RGB", (COLUMNS * step - GAP, rows * step - GAP), "#808080")
    for position, index in enumerate(order):
        pixels = data.x_train[index]
        picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        is_small = max(picture.size) < TILE
        method = Image.Resampling.NEAREST if is_small else Image.Resampling.BILINEAR
        tile = picture.convert("RGB").resize((TILE, TILE), method)
        sheet.paste(tile, ((position % COLUMNS) * step, (position // COLUMNS) * step))
    file = BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()


def _in_turn(labels: np.ndarray, n: int) -> list[int]:
    """Indices of n images: the first of each class, then the second of each, …"""
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    longest = max(len(member) for member in members)
    turns = (int(m[i]) for i in range(longest) for m in members if i < len(m))
    return [index for _, index in zip(range(n), turns, strict=False)]
