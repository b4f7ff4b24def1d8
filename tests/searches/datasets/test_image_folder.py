"""Folders and archives of pictures: what is taken, and what is refused with which words."""

import io
import os
import stat
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from searches.datasets import image_folder
from searches.datasets.base import DataRefused, Limits


def png(colour=(10, 20, 30), size=(8, 8), mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG", compress_level=1)
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


def test_the_first_picture_by_name_sets_the_size_wherever_it_lies_in_the_archive():
    big, small = {"cat/9.png": png(size=(16, 16))}, pictures()
    for members in (big | small, small | big):
        assert image_folder.read_zip(archive(members), seed=0).x_train.shape[1:] == (8, 8, 3)


def test_the_order_in_the_archive_does_not_matter():
    members = pictures(8, "a-b/") | pictures(8, "a/")  # "-" comes before "/"
    turned_round = dict(reversed(members.items()))
    one, other = (image_folder.read_zip(archive(m), seed=0) for m in (members, turned_round))
    assert one.to_bytes() == other.to_bytes()


def test_grey_pictures_have_one_channel():
    members = {f"{c}/{i}.png": png(i, mode="L") for c in "ab" for i in range(6)}
    assert image_folder.read_zip(archive(members), seed=0).x_train.shape[1:] == (8, 8, 1)


def test_a_single_late_picture_in_colour_keeps_its_colour():
    members = {f"{c}/{i:02}.png": png(i, mode="L") for c in "ab" for i in range(20)}
    members["b/99.png"] = png((200, 10, 0))
    data = image_folder.read_zip(archive(members), seed=0)
    every = np.concatenate([data.x_train, data.x_val, data.x_test])
    assert (every == (200, 10, 0)).all(-1).any()
    assert (every == (7, 7, 7)).all(-1).any()


def test_what_systems_leave_behind_is_passed_over():
    members = pictures() | {
        "__MACOSX/cat/._0.png": b"x",
        "cat/.DS_Store": b"x",
        "dog/._1.png": b"x",
    }
    assert sum(image_folder.read_zip(archive(members), seed=0).statistics()["n"].values()) == 12


def link():
    member = zipfile.ZipInfo("cat/link.png")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = archive(pictures())
    with zipfile.ZipFile(file, "a") as out:
        out.writestr(member, "/etc/passwd")
    file.seek(0)
    return file


def encrypted():
    file = archive(pictures())
    content = bytearray(file.getvalue())
    position = content.index(b"PK\x01\x02")
    content[position + 8] |= 1
    return io.BytesIO(bytes(content))


def twice():
    file = archive(pictures())
    with zipfile.ZipFile(file, "a") as out, pytest.warns(UserWarning, match="Duplicate"):
        out.writestr("cat/0.png", png())
    return file


def packed_by(method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as out:
        out.writestr("cat/0.png", png())
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
    "encrypted": (encrypted(), "cat/0.png", "encrypted"),
    "bzip2": (packed_by(zipfile.ZIP_BZIP2), "cat/0.png", "method number 12; “deflate”"),
    "long name": (pictures() | {f"{'x' * 101}/0.png": png()}, "classes", "101 characters"),
    "no zip": (io.BytesIO(b"hello"), "file", "no zip"),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_archives_are_refused_with_place_and_reason(case):
    content, place, message = CASES[case]
    found = refusal(content)
    assert found[0] == place
    assert message in found[1]


def test_a_name_that_is_there_twice_is_refused():
    assert refusal(twice()) == ("cat/0.png", "This name is in the archive twice; once is right.")


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
        ({"upload_bytes": 1000}, "at most 1,000."),
        ({"upload_pixels": 700}, "768 pixels in all pictures together; at most 700"),
    ],
)
def test_limits_are_kept(limits, message):
    assert message in refusal(pictures(), **limits)[1]


def with_entries(n, *, claimed):
    """An archive of empty files whose end says that there are fewer."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 9, 1, *[0] * 6) + b"x"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, claimed, claimed, n * len(entry), 0, 0)
    return io.BytesIO(entry * n + end)


@pytest.mark.parametrize("claimed", [3, 65535])
def test_entries_are_counted_before_they_are_parsed_whatever_the_archive_says(
    claimed, monkeypatch
):
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert refusal(with_entries(220_000, claimed=claimed)) == (
        "file",
        "220,000 entries in the archive; at most 210,000.",
    )


def unpacked(members, folder):
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder.resolve()


def photograph(seed):
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((90, 60)).save(file, "JPEG")
    return file.getvalue()


def test_a_folder_is_read_like_its_archive(tmp_path):
    members = pictures() | {f"dog-s/{i}.jpg": photograph(i) for i in range(6)}
    from_folder = image_folder.read_folder(unpacked(members, tmp_path), seed=0)
    from_zip = image_folder.read_zip(archive(members), seed=0)
    assert from_folder.to_bytes() == from_zip.to_bytes()
    assert from_folder.sha256() == from_zip.sha256()


def folder_refusal(folder, **options):
    with pytest.raises(DataRefused) as error:
        image_folder.read_folder(folder, seed=0, **options)
    (place, (message,)) = next(iter(error.value.problems.items()))
    return place, message


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "outside.png").write_bytes(png())
    folder = unpacked(pictures(), tmp_path / "set")
    (folder / "cat" / "x.png").symlink_to(tmp_path / "outside.png")
    assert folder_refusal(folder) == ("cat/x.png", "This link leads out of the folder.")


def test_a_link_to_a_class_folder_is_refused_and_not_passed_over(tmp_path):
    folder = unpacked(pictures(), tmp_path)
    (folder / "cow").symlink_to(folder / "cat")
    assert folder_refusal(folder)[0] == "cow"


def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(tmp_path):
    folder = unpacked(pictures(), tmp_path)
    os.mkfifo(folder / "cat" / "x.png")
    assert folder_refusal(folder) == ("cat/x.png", "This is no plain file.")


def test_files_of_a_folder_are_bounded_in_number_and_size(tmp_path):
    folder = unpacked(pictures(), tmp_path)
    assert "More than 5 files" in folder_refusal(folder, limits=Limits(n_images=5))[1]
    assert "at most 20 a file" in folder_refusal(folder, limits=Limits(file_bytes=20))[1]


@pytest.mark.parametrize("n", [0, 5, 12, 20])
def test_a_folder_is_no_longer_read_when_nobody_wants_it(tmp_path, n):
    folder, wanted = unpacked(pictures(), tmp_path), iter([True] * n)
    refused = folder_refusal(folder, tick=lambda: next(wanted, False))
    assert refused == ("folder", "Reading was stopped.")


def test_names_that_no_database_takes_are_shown_without_their_bytes(tmp_path):
    folder = unpacked(pictures(), tmp_path)
    os.mkdir(os.fsencode(folder) + b"/\xff")
    with open(os.fsencode(folder) + b"/\xff/0.png", "wb") as file:
        file.write(png()[:50])
    assert folder_refusal(folder)[0] == "\ufffd/0.png"


def test_damaged_archives_never_crash():
    rng = np.random.default_rng(1)
    content = archive(pictures()).getvalue()
    for _ in range(200):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 3):
            damaged[position] = rng.integers(0, 256)
        with suppress(DataRefused):
            image_folder.read_zip(io.BytesIO(bytes(damaged)), seed=0)
