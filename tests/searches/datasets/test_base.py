"""The stored form of a data set, its moments, and how refusals are worded."""

import tracemalloc

import numpy as np
import pytest

from searches.datasets.base import DataRefused, ImageData, refuse


def data(images):
    labels = np.zeros(len(images), np.int64)
    return ImageData(images, labels, images[:1], labels[:1], images[:1], labels[:1], ("a", "b"))


@pytest.mark.parametrize("shape", [(700, 24, 24, 3), (5, 9, 4, 1)])
def test_moments_are_those_of_all_pixels_of_a_channel(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    images[..., 0] //= 3
    mean, std = data(images).moments()
    pixels = images.reshape(-1, shape[-1]) / 255
    assert mean == pytest.approx(pixels.mean(0), rel=1e-12)
    assert std == pytest.approx(pixels.std(0), rel=1e-12)


def test_constant_images_deviate_by_nothing_at_all():
    assert data(np.full((9, 5, 5, 1), 77, np.uint8)).moments() == ((77 / 255,), (0.0,))


def test_statistics_take_little_memory_beside_the_images():
    images = np.zeros((3000, 64, 64, 3), np.uint8)  # 35 MiB
    tracemalloc.start()
    data(images).statistics()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 2


def test_a_refusal_shows_no_character_that_cannot_be_stored():
    refusal = refuse("a\udcff\0" + "b" * 200, "“\x1b[31m” is wrong.")
    assert refusal.problems == {"a\ufffd\ufffd" + "b" * 117: ["“\ufffd[31m” is wrong."]}


def test_a_refusal_reads_as_place_and_reason():
    assert str(DataRefused({"x_train": ["Too dark.", "Too small."]})) == "x_train: Too dark."
