"""Reading the documented .npz: what is taken, and what is refused with which words."""

import io
import pickle
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from searches.datasets import archives, npz
from searches.datasets.base import DataRefused, ImageData, Limits


def arrays(n=60, n_classes=3, **changes):
    rng = np.random.default_rng(0)
    found = {
        "x_train": rng.integers(0, 256, (n, 8, 8, 3), dtype=np.uint8),
        "y_train": np.arange(n) % n_classes,
    }
    found |= changes
    return {name: array for name, array in found.items() if array is not None}


def archive(content, **options):
    file = io.BytesIO()
    np.savez(file, **content, **options)
    file.seek(0)
    return file


def refusal(content, **limits):
    file = content if isinstance(content, io.BytesIO) else archive(content)
    with pytest.raises(DataRefused) as error:
        npz.read(file, seed=0, limits=Limits(**limits))
    (place, (message,)) = next(iter(error.value.problems.items()))
    return place, message


def test_missing_splits_are_cut_from_training_with_every_class_in_each():
    data = npz.read(archive(arrays()), seed=0)
    assert data.statistics()["n"] == {"train": 39, "val": 9, "test": 12}
    assert all(min(counts) > 0 for counts in data.statistics()["counts"].values())


def test_no_image_is_in_two_splits_and_none_is_lost():
    marked = np.zeros((60, 8, 8, 1), np.uint8) + np.arange(60, dtype=np.uint8)[:, None, None, None]
    data = npz.read(archive(arrays(x_train=marked)), seed=5)
    marks = [int(x[0, 0, 0]) for part in (data.x_train, data.x_val, data.x_test) for x in part]
    assert sorted(marks) == list(range(60))


def test_the_split_depends_on_the_seed_alone():
    one, again, other = (npz.read(archive(arrays()), seed=s).sha256() for s in (1, 1, 2))
    assert one == again != other


def test_the_persons_own_test_split_is_kept():
    own = np.full((9, 8, 8, 3), 7, np.uint8)
    data = npz.read(archive(arrays(x_test=own, y_test=np.arange(9) % 3)), seed=0)
    assert (data.x_test == 7).all()
    assert len(data.x_test) == 9


def test_floats_and_grey_images_become_bytes_with_one_channel():
    grey = np.linspace(0, 1, 60 * 64).reshape(60, 8, 8)
    data = npz.read(archive(arrays(x_train=grey)), seed=0)
    assert data.x_train.shape[1:] == (8, 8, 1)
    assert data.x_train.dtype == np.uint8
    assert max(int(x.max()) for x in (data.x_train, data.x_val, data.x_test)) == 255


def test_a_stored_data_set_is_read_back_the_same():
    data = npz.read(archive(arrays(classes=np.array(["a", "b", "c"]))), seed=0)
    again = ImageData.load(io.BytesIO(data.to_bytes()))
    assert again.sha256() == data.sha256()
    assert again.classes == ("a", "b", "c")
    assert data.to_bytes() == again.to_bytes()


def test_names_saved_as_bytes_are_taken():
    data = npz.read(archive(arrays(classes=np.array([b"a", b"b", "\u00e9".encode()]))), seed=0)
    assert data.classes == ("a", "b", "\u00e9")


def test_the_small_cifar10_file_is_taken_as_it_is(shared_data):
    with (shared_data / "cifar10" / "cifar10_tiny.npz").open("rb") as file:
        data = npz.read(file, seed=0)
    assert data.statistics()["n"] == {"train": 800, "val": 200, "test": 500}
    assert "airplane" in data.classes


def test_the_order_in_memory_leaves_no_trace():
    plain = arrays() | {f"{axis}_test": arrays()[f"{axis}_train"] for axis in "xy"}
    columns_first = {name: np.asfortranarray(array) for name, array in plain.items()}
    one, other = (npz.read(archive(content), seed=0) for content in (plain, columns_first))
    assert one.to_bytes() == other.to_bytes()
    assert one.sha256() == other.sha256()


def test_floats_of_all_widths_come_back_as_the_bytes_they_were():
    levels = np.tile(np.arange(256, dtype=np.uint8).reshape(16, 16), (12, 1, 1))
    for dtype in (np.float16, np.float32, np.float64):
        floats = (levels / 255).astype(dtype)
        data = npz.read(archive({"x_train": floats, "y_train": np.arange(12) % 2}), seed=0)
        assert (data.x_train == levels[0, ..., None]).all()


X = arrays()["x_train"]
NAN = np.full((60, 8, 8), 0.5)
NAN[7, 1, 1] = np.nan

CASES = {
    "missing": (arrays(x_train=None), "x_train", "missing; the file holds y_train"),
    "labels missing": (arrays(y_train=None), "y_train", "missing"),
    "half a split": (arrays(x_test=X[:6]), "y_test", "x_test is there"),
    "dtype": (arrays(x_train=X.astype(np.int32)), "x_train", "dtype is int32; uint8"),
    "labels dtype": (arrays(y_train=np.ones(60)), "y_train", "whole numbers"),
    "NaN": (arrays(x_train=NAN), "x_train", "Image 7 holds NaN"),
    "range": (arrays(x_train=X / 1.0), "x_train", "must lie in 0 to 1"),
    "shape": (arrays(x_train=X[..., None]), "x_train", "[60, 8, 8, 3, 1]"),
    "channels": (arrays(x_train=X[..., :2]), "x_train", "1 or 3 channels"),
    "counts": (arrays(y_train=np.zeros(59, int)), "y_train", "59 labels for 60 images"),
    "one class": (arrays(n_classes=1), "y_train", "at least 2"),
    "few": (arrays(y_train=np.r_[np.arange(56) % 2, 2, 2, 2, 2]), "y_train", "“2” has 4"),
    "negative": (arrays(y_train=np.arange(60) - 1), "y_train", "start at 0"),
    "wild label": (arrays(y_train=np.r_[np.arange(59) % 3, 10**6]), "y_train", "highest label"),
    "unknown": (arrays(images=X), "images", "not known"),
    "other size": (
        arrays(x_test=X[:, :4], y_test=np.arange(60) % 3),
        "x_test",
        "those of x_train",
    ),
    "twice": (arrays(classes=np.array(["a", "a", "b"])), "classes", "twice"),
    "no text": (arrays(classes=np.array([b"a", b"b", b"\xff"])), "classes", "no UTF-8"),
    "nameless": (arrays(classes=np.array(["a", " ", "b"])), "classes", "0 characters"),
    "control character": (
        arrays(classes=np.array(["a", "b\0c", "d"])),
        "classes",
        "“b\ufffdc” holds",
    ),
    "half a character": (arrays(classes=np.array(["a", "\ud800", "d"])), "classes", "no text"),
    "no character": (
        arrays(classes=np.array([1, 2, 2**31 - 1], np.uint32).view("U1")),
        "classes",
        "no text",
    ),
    "many names": (
        arrays(classes=np.array(["a"] * 1001)),
        "classes",
        "1,001 names; at most 1,000",
    ),
    "few names": (arrays(classes=np.array(["a", "b"])), "classes", "2 names"),
    "empty": ({}, "x_train", "holds nothing"),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_arrays_are_refused_by_name_with_the_reason(case):
    content, place, message = CASES[case]
    found = refusal(content)
    assert found[0] == place
    assert message in found[1]


class Exploding:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def test_pickled_objects_are_refused_unread():
    objects = np.array([Exploding()] * 60, dtype=object)
    assert "never read" in refusal(arrays(y_train=objects))[1]


def test_a_bare_pickle_is_no_npz():
    assert refusal(io.BytesIO(pickle.dumps(Exploding()))) == (
        "file",
        "This is no .npz file: numpy.savez writes one.",
    )


def test_a_header_that_promises_more_than_the_file_holds_is_not_believed():
    file = io.BytesIO()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**12, 8, 8, 3)}
    )
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("x_train.npy", header.getvalue())
        out.writestr("y_train.npy", header.getvalue())
    assert "header says" in refusal(file)[1]


def test_names_without_width_cannot_be_without_number():
    header, file = io.BytesIO(), archive(arrays())
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<U0", "fortran_order": False, "shape": (10**12,)}
    )
    with zipfile.ZipFile(file, "a") as out:
        out.writestr("classes.npy", header.getvalue())
    assert refusal(file)[0] == "classes"


def test_entries_are_counted_before_they_are_parsed(monkeypatch):
    content = archive(arrays()).getvalue() + b"PK\1\2" * 200
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert refusal(io.BytesIO(content)) == ("file", "202 entries in the archive; at most 100.")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (archive(arrays()), True),
        (io.BytesIO(b""), False),
        (io.BytesIO(b"PK\3\4"), False),
        (io.BytesIO(b"x_train.npy"), False),
    ],
)
def test_an_npz_is_told_by_its_first_member(content, expected):
    assert archives.is_npz(content) is expected
    assert content.tell() == 0


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked():
    content = arrays(x_train=np.zeros((60, 64, 64, 3), np.uint8))
    file = io.BytesIO()
    np.savez_compressed(file, **content)
    assert "when unpacked" in refusal(file, unpacked_bytes=100_000)[1]


def test_too_many_images_are_refused():
    assert "1 to 50 are possible" in refusal(arrays(), n_images=50)[1]


@pytest.mark.parametrize("cut", [0, 10, 200, 5000])
def test_a_truncated_file_is_refused(cut):
    content = archive(arrays()).getvalue()
    assert refusal(io.BytesIO(content[:cut]))[0] == "file"


def test_damaged_bytes_are_refused_or_read_but_never_crash():
    rng = np.random.default_rng(1)
    content = bytearray(archive(arrays(n=20)).getvalue())
    for _ in range(300):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 3):
            damaged[position] = rng.integers(0, 256)
        with suppress(DataRefused):
            npz.read(io.BytesIO(bytes(damaged)), seed=0)
