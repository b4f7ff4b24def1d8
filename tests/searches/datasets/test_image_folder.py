"""Folders and archives of pictures: what is taken, and what is refused with which words."""

import io
import stat
import zipfile

import numpy as np
import pytest
from PIL import Image

from searches.datasets import image_folder
from searches.datasets.base import DataRefused, Limits


def png(colour=(10, 20, 30), size=(8, 8), **options):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG", **options)
    return file.getvalue()


def pictures(n=6, top=""):
    return {
        f"{top}{name}/{i}.png": png((i, number, 0))
        for number, name in enumerate(("cat", "dog"))
        for i in range(n)
    }


def archive(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    file.seek(0)
    return file


def refusal(members, **limits):
    file = members if isinstance(members, io.BytesIO) else archive(members)
    with pytest.raises(DataRefused) as error:
        image_folder.read_zip(file, seed=0, limits=Limits(**limits))
    (place, (message,)) = next(iter(error.value.problems.items()))
    return place, message


def test_class_folders_become_classes_in_order_of_their_names():
    data = image_folder.read_zip(archive(pictures()), seed=0)
    assert data.classes == ("cat", "dog")
    assert (data.x_train[data.y_train == 1][..., 1] == 1).all()
    assert sum(data.statistics()["n"].values()) == 12


def test_folders_train_and_test_keep_the_persons_split():
    members = pictures(8, "set/train/") | pictures(3, "set/test/")
    data = image_folder.read_zip(archive(members), seed=0)
    assert data.statistics()["n"]["test"] == 6


def test_pictures_of_other_sizes_are_scaled_to_the_first():
    members = pictures() | {"cat/big.png": png(size=(64, 32))}
    assert image_folder.read_zip(archive(members), seed=0).x_train.shape[1:] == (8, 8, 3)


def test_what_systems_leave_behind_is_passed_over():
    members = pictures() | {"__MACOSX/cat/._0.png": b"x", "cat/.DS_Store": b"x"}
    assert sum(image_folder.read_zip(archive(members), seed=0).statistics()["n"].values()) == 12


def link():
    member = zipfile.ZipInfo("cat/link.png")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = archive(pictures())
    with zipfile.ZipFile(file, "a") as out:
        out.writestr(member, "/etc/passwd")
    file.seek(0)
    return file


def animation():
    file = io.BytesIO()
    frames = [Image.new("L", (8, 8), i * 50) for i in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


CASES = {
    "climbing": (pictures() | {"../cat/x.png": png()}, "../cat/x.png", "leads out"),
    "absolute": (pictures() | {"/cat/x.png": png()}, "/cat/x.png", "leads out"),
    "no class": (pictures() | {"x.png": png()}, "x.png", "no class folder"),
    "text": (pictures() | {"cat/notes.txt": b"hello"}, "cat/notes.txt", "no image by its name"),
    "fake": (pictures() | {"cat/0a.png": b"hello"}, "cat/0a.png", "no image that can be read"),
    "damaged": (pictures() | {"cat/0a.png": png()[:50]}, "cat/0a.png", "damaged"),
    "animated": (pictures() | {"cat/0a.gif": animation()}, "cat/0a.gif", "animated"),
    "tiny": (pictures() | {"cat/0a.png": png(size=(2, 2))}, "cat/0a.png", "at least 4"),
    "mixed": (pictures() | {"train/cat/0.png": png()}, "cat/0.png", "this one does not"),
    "one class": ({k: v for k, v in pictures().items() if "cat" in k}, "y_train", "at least 2"),
    "few": (pictures(3), "y_train", "at least 5"),
    "empty": ({}, "file", "No pictures"),
    "bomb": (pictures() | {"cat/0a.png": b"\0" * 2_000_000}, "cat/0a.png", "packed more tightly"),
    "link": (link(), "cat/link.png", "link"),
    "no zip": (io.BytesIO(b"hello"), "file", "no zip"),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_archives_are_refused_with_place_and_reason(case):
    content, place, message = CASES[case]
    found = refusal(content)
    assert found[0] == place
    assert message in found[1]


def test_pixels_are_counted_before_they_are_decoded():
    bomb = pictures() | {"cat/0a.png": png(size=(5000, 4000))}
    assert "5000×4000 pixels" in refusal(bomb)[1]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"n_images": 5}, "12 files; at most 5"),
        ({"unpacked_bytes": 100}, "when unpacked"),
        ({"file_bytes": 20}, "at most 20 a file"),
        ({"n_classes": 1}, "2 class folders"),
    ],
)
def test_limits_are_kept(limits, message):
    assert message in refusal(pictures(), **limits)[1]


def test_a_folder_is_read_like_its_archive(tmp_path):
    for name, content in pictures().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    from_folder = image_folder.read_folder(tmp_path.resolve(), seed=0)
    from_zip = image_folder.read_zip(archive(pictures()), seed=0)
    assert from_folder.sha256() == from_zip.sha256()


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "outside.png").write_bytes(png())
    (tmp_path / "set" / "cat").mkdir(parents=True)
    (tmp_path / "set" / "cat" / "x.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(DataRefused, match="leads out"):
        image_folder.read_folder((tmp_path / "set").resolve(), seed=0)


def test_damaged_archives_never_crash():
    rng = np.random.default_rng(1)
    content = archive(pictures()).getvalue()
    for _ in range(200):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 3):
            damaged[position] = rng.integers(0, 256)
        try:
            image_folder.read_zip(io.BytesIO(bytes(damaged)), seed=0)
        except DataRefused as error:
            assert error.problems
