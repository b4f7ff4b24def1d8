"""Rows of numbers in memory, from .npz files, and the built-in ones; their statistics, picture."""

import io

import numpy as np
import pytest
from PIL import Image

from searches.datasets import npz
from searches.datasets.base import DataRefused, Limits
from searches.datasets.breast_cancer import breast_cancer
from searches.datasets.features import FeatureData
from searches.datasets.scatter import HEIGHT, WIDTH, projected
from searches.datasets.thumbnails import sample_sheet

ROWS = np.random.default_rng(0).normal(size=(60, 4))


def archive(**changes):
    content = {"x_train": ROWS, "y_train": np.arange(60) % 3} | changes
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in content.items() if array is not None})
    file.seek(0)
    return file


def refusal(**changes):
    with pytest.raises(DataRefused) as error:
        npz.read(archive(**changes), seed=0)
    (place, (message,)) = next(iter(error.value.problems.items()))
    return place, message


@pytest.fixture(scope="module")
def built_in():
    return breast_cancer()


def test_rows_of_an_npz_are_split_and_named():
    data = npz.read(archive(features=np.array(list("wxyz"))), seed=0)
    assert isinstance(data, FeatureData)
    assert data.columns == ("w", "x", "y", "z", "class")
    assert data.statistics()["n"] == {"train": 39, "val": 9, "test": 12}
    rows = np.concatenate([data.x_train, data.x_val, data.x_test])
    assert sorted(rows[:, 0]) == sorted(ROWS[:, 0].astype(np.float32))


def test_whole_numbers_bytes_and_truths_are_numbers():
    for dtype in (np.uint8, np.int64, bool, np.float16):
        data = npz.read(archive(x_train=ROWS.astype(dtype)), seed=0)
        assert data.x_train.dtype == np.float32
        assert data.columns[:2] == ("0", "1")


def test_the_persons_own_splits_are_kept():
    own = {"x_test": ROWS[:9] + 100, "y_test": np.arange(9) % 3}
    data = npz.read(archive(**own), seed=0)
    assert (data.x_test == (ROWS[:9] + 100).astype(np.float32)).all()


BAD = ROWS.copy()
BAD[7, 2] = np.nan
HUGE = ROWS * 1e300
LABELS = np.arange(60) % 3
TEXT = np.full((60, 4), "1")


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"x_train": BAD}, "x_train, row 7, column “2”", "nan: a finite number"),
        ({"x_train": HUGE}, "x_train, row 0, column “0”", "a finite number"),
        ({"x_train": TEXT}, "x_train", "numbers are needed"),
        ({"x_train": ROWS[:, :0]}, "x_train", "0 features"),
        ({"features": np.array(["a", "b"])}, "features", "2 names for 4 columns"),
        ({"features": np.array(list("aabc"))}, "column “a”", "2 columns have this name"),
        ({"x_test": ROWS[:, :2], "y_test": LABELS}, "x_test", "[n, 4] is needed"),
        ({"x_test": ROWS}, "y_test", "x_test is there"),
        ({"y_train": np.zeros(59, int)}, "y_train", "59 labels for 60 rows"),
        ({"y_train": np.zeros(60, int)}, "class", "1 class"),
    ],
)
def test_wrong_arrays_are_refused_by_name_with_the_reason(changes, place, message):
    found = refusal(**changes)
    assert found[0] == place
    assert message in found[1]


def test_names_of_features_beside_images_are_refused():
    images = np.zeros((60, 8, 8), np.uint8)
    assert refusal(x_train=images, features=np.array(["a"]))[0] == "features"


def test_too_many_cells_are_refused():
    with pytest.raises(DataRefused, match="60 rows of 4 numbers; at most 200 in all"):
        npz.read(archive(), seed=0, limits=Limits(n_cells=200))


def test_moments_are_those_of_the_training_rows(built_in):
    mean, std = built_in.moments()
    rows = built_in.x_train.astype(np.float64)
    assert mean == pytest.approx(rows.mean(0))
    assert std == pytest.approx(rows.std(0))
    assert built_in.statistics()["max"][3] == pytest.approx(rows[:, 3].max(), rel=1e-5)


def test_a_feature_of_one_value_deviates_by_nothing_at_all():
    constant = np.full((60, 1), 0.1)  # its mean of 39 is not exactly 0.1 in floats
    assert npz.read(archive(x_train=constant), seed=0).moments()[1] == (0.0,)


def test_the_built_in_rows_are_those_of_the_source(built_in):
    from sklearn.datasets import load_breast_cancer

    theirs = load_breast_cancer()
    ours = np.concatenate([built_in.x_train, built_in.x_val, built_in.x_test])
    labels = np.concatenate([built_in.y_train, built_in.y_val, built_in.y_test])
    expected = theirs.data.astype(np.float32)
    assert sorted(map(tuple, ours.tolist())) == sorted(map(tuple, expected.tolist()))
    by_row = {
        tuple(row.tolist()): label for row, label in zip(expected, theirs.target, strict=True)
    }
    assert all(by_row[tuple(row.tolist())] == y for row, y in zip(ours, labels, strict=True))
    assert built_in.classes == ("malignant", "benign")
    assert built_in.statistics()["n"] == {"train": 365, "val": 91, "test": 113}


def test_the_picture_shows_the_main_directions(built_in):
    from sklearn.decomposition import PCA

    picture = Image.open(io.BytesIO(sample_sheet(built_in)))
    assert picture.size == (WIDTH, HEIGHT)
    rows = built_in.x_train.astype(np.float64)
    rows = (rows - rows.mean(0)) / rows.std(0)
    expected = PCA(2).fit_transform(rows)
    np.testing.assert_allclose(np.abs(projected(built_in)), np.abs(expected), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("n_features", [1, 2, 50])
def test_any_number_of_features_and_classes_can_be_drawn(n_features):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 12
    rows = rng.normal(size=(60, n_features))
    columns = tuple(f"{i}" for i in range(n_features + 1))
    data = FeatureData(
        *(rows.astype(np.float32), labels) * 3,
        classes=tuple(f"a long name of a class {i}" for i in range(12)),
        columns=columns,
    )
    assert Image.open(io.BytesIO(sample_sheet(data))).size == (WIDTH, HEIGHT)
