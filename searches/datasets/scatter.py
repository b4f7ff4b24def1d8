"""Pictures of rows: where classes lie on the two main directions, or what a table knows."""

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from searches.datasets.features import FeatureData
from searches.datasets.known_table import KnownTable

WIDTH, HEIGHT, MARGIN = 540, 272, 14
LEGEND = 150  # of the width
SCALE = 3  # drawn larger, then smoothed
SHOWN = 600  # rows
NAMED = 10  # classes in the legend
LONGEST = 20  # characters of a name
# Told apart by people who see colours otherwise: Okabe and Ito, 2008.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#b8a800")

Floats = npt.NDArray[np.float64]


def scatter(data: FeatureData) -> bytes:
    """PNG of training rows by their first two principal components, a colour for each class."""
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "#fafaf7")
    draw = ImageDraw.Draw(image)
    places = projected(data)
    for (x, y), label in zip(_on_paper(places), data.y_train[:SHOWN], strict=True):
        box = [SCALE * (value + shift) for shift in (-3, 3) for value in (x, y)]
        draw.ellipse(box, fill=COLOURS[label % len(COLOURS)], outline="#fafaf7", width=SCALE // 2)
    _legend(draw, data.classes)
    file = BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def projected(data: FeatureData) -> Floats:
    """[n, 2] of the first training rows, each feature in units of its deviation."""
    mean, deviation = (np.array(values) for values in data.moments())
    rows = (data.x_train[:SHOWN] - mean) / np.where(deviation > 0, deviation, 1.0)
    rows -= rows.mean(axis=0)
    directions = np.linalg.svd(rows, full_matrices=False)[2][:2]  # [at most 2, n_features]
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])  # not left to the solver
    places = np.zeros((len(rows), 2))
    places[:, : len(directions)] = rows @ (signs[:, None] * directions).T
    return places


def trade_off(table: KnownTable) -> bytes:
    """PNG of a table's rows, the second measured column across and the first one up.

    Of a single column the values in ascending order.
    """
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "#fafaf7")
    draw = ImageDraw.Draw(image)
    for x, y in _on_paper(_known_pairs(table), legend=0):
        box = [SCALE * (value + shift) for shift in (-2, 2) for value in (x, y)]
        draw.ellipse(box, fill=COLOURS[0])
    file = BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _known_pairs(table: KnownTable) -> Floats:
    """[n, 2] at most SHOWN rows that have both values, spread evenly; [1, 2] when none has."""
    values = table.values[:, :2]
    if values.shape[1] == 1:
        ascending = np.sort(values[:, 0])
        values = np.stack([ascending, np.arange(len(ascending))], axis=1)
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        return np.zeros((1, 2))
    picked = np.linspace(0, len(values) - 1, min(len(values), SHOWN)).astype(int)
    return np.asarray(values[picked][:, ::-1], np.float64)


def _on_paper(places: Floats, legend: int = LEGEND) -> Floats:
    low, high = places.min(axis=0), places.max(axis=0)
    share = (places - low) / np.where(high > low, high - low, 1.0)
    size = np.array([WIDTH - legend - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    paper: Floats = MARGIN + np.array([0, 1]) * size + share * size * np.array([1, -1])
    return paper


def _legend(draw: ImageDraw.ImageDraw, classes: tuple[str, ...]) -> None:
    font = ImageFont.load_default(13 * SCALE)
    left = (WIDTH - LEGEND + 4) * SCALE
    for row, name in enumerate(classes[:NAMED]):
        top = (MARGIN + 22 * row) * SCALE
        dot = [left, top + 4 * SCALE, left + 9 * SCALE, top + 13 * SCALE]
        draw.ellipse(dot, fill=COLOURS[row % len(COLOURS)])
        text = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        draw.text((left + 15 * SCALE, top), text, fill="#333333", font=font)
    if len(classes) > NAMED:
        top = (MARGIN + 22 * NAMED) * SCALE
        draw.text((left, top), f"and {len(classes) - NAMED} more", fill="#333333", font=font)
