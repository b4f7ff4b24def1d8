"""Pictures arrive as a viewer would show them, whatever their file is like."""

import io
import warnings
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from searches.datasets import pictures
from searches.datasets.base import DataRefused, Limits

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
ORIENTATION = 0x0112


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def read(content, **options):
    return pictures.decoded(io.BytesIO(content), "a", Limits(), **options)


def is_grey(content):
    return pictures.header(io.BytesIO(content), "a", Limits()).is_grey


def refusal(content, **limits):
    with pytest.raises(DataRefused) as error:
        pictures.decoded(io.BytesIO(content), "a", Limits(**limits))
    return error.value.problems["a"][0]


LOSSLESS = {"PNG": {}, "BMP": {}, "PPM": {}, "TIFF": {}, "WEBP": {"lossless": True}}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_every_kind_of_file_gives_its_pixels(kind):
    content = saved(Image.fromarray(NOISE), kind, **LOSSLESS[kind])
    assert np.array_equal(read(content), NOISE)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_of_16_bits_the_high_byte_is_kept(kind):
    deep = (NOISE[..., 0].astype(np.uint16) << 8) + 77
    content = saved(Image.fromarray(deep), kind)
    assert is_grey(content)
    assert np.array_equal(read(content), NOISE[..., 0])


def test_transparent_parts_become_white_whatever_colour_they_hide():
    picture = Image.new("RGBA", (8, 8), (200, 0, 0, 255))
    picture.putpixel((1, 1), (0, 90, 0, 0))
    picture.putpixel((2, 2), (0, 0, 0, 127))
    found = read(saved(picture))
    assert found.mode == "RGB"
    points = [found.getpixel((i, i)) for i in range(3)]
    assert points == [(200, 0, 0), (255, 255, 255), (128, 128, 128)]


def test_grey_pictures_stay_grey_without_their_transparency():
    picture = Image.new("LA", (8, 8), (30, 255))
    picture.putpixel((1, 1), (30, 0))
    content = saved(picture)
    found = read(content)
    assert is_grey(content)
    assert (found.mode, found.getpixel((0, 0)), found.getpixel((1, 1))) == ("L", 30, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16"])
def test_a_transparent_colour_becomes_white(mode):
    picture = Image.new("L", (8, 8), 255).convert(mode if mode != "I;16" else "L")
    if mode == "I;16":
        picture = Image.fromarray(np.full((8, 8), 700, np.uint16))
        picture.putpixel((0, 0), 300)
    else:
        picture.putpixel((0, 0), 0)
    colour = {"P": 0, "RGB": (0, 0, 0), "I;16": 300}.get(mode, 0)
    found = read(saved(picture, transparency=colour)).convert("L")
    assert found.getpixel((0, 0)) == 255


def turned(orientation, kind, picture):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return saved(picture, kind, exif=exif)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_the_camera_noted(orientation, kind):
    upright = np.zeros((16, 32), np.uint8)
    upright[:8, :8] = 255  # a corner tells all eight ways apart
    upright[:8, 8:16] = 128
    undone = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    way = undone.get(orientation, pictures.TURNS.get(orientation))
    lying = Image.fromarray(upright)
    lying = lying if way is None else lying.transpose(way)
    found = np.asarray(read(turned(orientation, kind, lying)))
    np.testing.assert_allclose(found.astype(int), upright, atol=3)


def test_notes_of_a_camera_that_cannot_be_read_are_passed_over():
    content = saved(Image.fromarray(NOISE), exif=b"Exif\0\0nonsense")
    assert np.array_equal(read(content), NOISE)


def test_large_photographs_are_decoded_at_less_than_their_size():
    content = saved(Image.new("RGB", (640, 480), "red"), "JPEG")
    assert read(content).size == (640, 480)
    assert read(content, least=100).size == (160, 120)


def test_of_several_pictures_in_a_photograph_the_first_is_taken():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("black", "white")]
    content = saved(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert read(content).getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"RIFFnothing", "damaged"),
        (saved(Image.fromarray(NOISE.astype(np.float32)[..., 0]), "TIFF"), "of kind F"),
        (saved(Image.fromarray(NOISE.astype(np.int32)[..., 0]), "TIFF"), "of kind I"),
        (saved(Image.new("L", (8, 3))), "8×3 pixels; at least 4×4"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_reason(content, message):
    assert message in refusal(content)


def test_pixels_are_counted_without_a_warning_that_only_one_thread_could_catch():
    head = saved(Image.new("L", (8, 8)), "BMP")
    huge = head[:18] + (12_000).to_bytes(4, "little") * 2 + head[26:]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert refusal(huge) == "12000×12000 pixels; at most 16,777,216 in all."
    assert not caught


@pytest.mark.parametrize("kind", [*LOSSLESS, "JPEG", "GIF"])
def test_damaged_files_are_refused_or_read_but_never_crash(kind):
    rng = np.random.default_rng(2)
    content = saved(Image.fromarray(NOISE), kind)
    for _ in range(60):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 2):
            damaged[position] = rng.integers(0, 256)
        with suppress(DataRefused):
            assert read(bytes(damaged)).mode in ("L", "RGB")
