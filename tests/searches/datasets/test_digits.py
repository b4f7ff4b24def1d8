"""The built-in digits, their statistics and their sheet of samples."""

import io

import numpy as np
import pytest
from PIL import Image

from searches.datasets.digits import digits
from searches.datasets.thumbnails import sample_sheet


@pytest.fixture(scope="module")
def data():
    return digits()


def test_all_digits_are_there_once(data):
    from sklearn.datasets import load_digits

    ours = np.concatenate([data.x_train, data.x_val, data.x_test]).reshape(-1, 64)
    theirs = np.round(load_digits().data * (255 / 16)).astype(np.uint8)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))


def test_the_splits_hold_every_class_in_its_share(data):
    statistics = data.statistics()
    assert statistics["n"] == {"train": 1151, "val": 287, "test": 359}
    for counts in statistics["counts"].values():
        assert max(counts) - min(counts) <= 0.15 * max(counts)


def test_mean_and_deviation_are_those_of_the_training_pixels(data):
    pixels = data.x_train.astype(float) / 255
    assert data.statistics()["mean"][0] == pytest.approx(pixels.mean(), abs=1e-5)
    assert data.statistics()["std"][0] == pytest.approx(pixels.std(), abs=1e-5)


def test_the_sheet_shows_every_class_in_turn(data):
    sheet = Image.open(io.BytesIO(sample_sheet(data, 20)))
    assert sheet.size == (8 * 68 - 4, 3 * 68 - 4)
