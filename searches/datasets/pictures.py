"""Decoding single pictures safely: known formats, bounded size, one frame."""

import warnings
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from searches.datasets.base import DAMAGED, Limits, refuse

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "PPM", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff")


def open_picture(stream: BinaryIO, place: str, limits: Limits) -> Image.Image:
    """A decoded picture in mode L or RGB.

    Raises:
        DataRefused: it is no picture, damaged, animated or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(stream, formats=FORMATS)
            _check(picture, place, limits)
            return picture.convert("L" if picture.mode in ("1", "L", "I;16", "I") else "RGB")
    except UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise refuse(place, f"This file is no image that can be read. Known: {known}.") from None
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise refuse(place, f"This image is damaged: {error}.") from None
    except Image.DecompressionBombWarning:
        raise refuse(place, "This image has too many pixels.") from None


def _check(picture: Image.Image, place: str, limits: Limits) -> None:
    width, height = picture.size
    if width * height > limits.pixels:
        raise refuse(place, f"{width}×{height} pixels; at most {limits.pixels:,} in all.")
    if width < 4 or height < 4:
        raise refuse(place, f"{width}×{height} pixels; at least 4×4.")
    if getattr(picture, "n_frames", 1) > 1:
        raise refuse(place, "This image is animated; one frame is needed.")


def to_array(picture: Image.Image, size: tuple[int, int], channels: int) -> npt.NDArray[np.uint8]:
    """[height, width, channels] bytes of the picture, scaled to `size` (width, height)."""
    converted = picture.convert("L" if channels == 1 else "RGB")
    if converted.size != size:
        converted = converted.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    array = np.asarray(converted, dtype=np.uint8)
    return array.reshape(size[1], size[0], channels)
