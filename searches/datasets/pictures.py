"""Decoding single pictures safely: known formats, bounded size, one frame, as a viewer shows them.

The readers of Pillow are called directly. `Image.open` warns of large pictures before their size
can be asked, and warnings can be caught in one thread only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from searches.datasets.archives import reason
from searches.datasets.base import DAMAGED, Limits, refuse

# How files begin. A JPEG with several pictures (of a telephone, say) gives its first.
READERS: tuple[tuple[tuple[bytes, ...], Callable[[BinaryIO], ImageFile]], ...] = (
    ((b"\x89PNG\r\n\x1a\n",), PngImageFile),
    ((b"\xff\xd8\xff",), JpegImageFile),
    ((b"RIFF",), WebPImageFile),
    ((b"BM",), BmpImageFile),
    ((b"GIF87a", b"GIF89a"), GifImageFile),
    (tuple(b"P%d" % kind for kind in range(1, 7)), PpmImageFile),
    ((b"II*\0", b"MM\0*"), TiffImageFile),
)
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "PPM", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff")

DEEP_MODES = ("I;16", "I;16B", "I;16L")  # grey in 16 bits
GREY_MODES = ("1", "L", "LA", *DEEP_MODES)
COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
BITS = {1, 2, 4, 8, 16}
BITS_TAG = 258  # BitsPerSample of TIFF

# How a camera was held, and what sets its picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Header:
    """What a file tells before anything is decoded; a palette counts as colour."""

    n_pixels: int
    is_grey: bool


def header(stream: BinaryIO, place: str, limits: Limits) -> Header:
    """The header of a picture that can be taken.

    Raises:
        DataRefused: it is no picture, animated, too large or of a kind that is not read.
    """
    with _refusals(place):
        picture = _opened(stream, place, limits)
        width, height = picture.size
        return Header(width * height, _is_grey(picture))


def decoded(stream: BinaryIO, place: str, limits: Limits, *, least: int = 0) -> Image.Image:
    """The picture in mode L or RGB: upright, on white where it is transparent.

    Of 16 bits the high byte is kept.

    Args:
        stream: the file.
        place: its name, for messages.
        limits: says how many pixels are decoded at most.
        least: a JPEG may be decoded at a half, a quarter or an eighth of its size, as long as
            both sides keep this many pixels; 0 for its full size.

    Raises:
        DataRefused: as in `header`, or the picture is damaged.
    """
    with _refusals(place):
        picture = _opened(stream, place, limits)
        if least:
            picture.draft(None, (least, least))
        picture.load()
        turn = TURNS.get(_orientation(picture))
        plain = _plain(picture)
        return plain if turn is None else plain.transpose(turn)


def to_array(picture: Image.Image, size: tuple[int, int], channels: int) -> npt.NDArray[np.uint8]:
    """[height, width, channels] bytes of the picture, scaled to `size` (width, height)."""
    converted = picture.convert("L" if channels == 1 else "RGB")
    if converted.size != size:
        converted = converted.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    array = np.asarray(converted, dtype=np.uint8)
    return array.reshape(size[1], size[0], channels)


@contextmanager
def _refusals(place: str) -> Iterator[None]:
    try:
        yield
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise refuse(place, f"This image is damaged: {reason(error)}.") from None


def _opened(stream: BinaryIO, place: str, limits: Limits) -> ImageFile:
    """The picture whose header was read and found good; no pixel is decoded yet."""
    head = stream.read(8)
    stream.seek(0)
    for signatures, reader in READERS:
        if head.startswith(signatures):
            picture = reader(stream)
            _check_size(picture, place, limits)
            _check_kind(picture, place)
            return picture
    known = ", ".join(FORMATS)
    raise refuse(place, f"This file is no image that can be read. Known: {known}.")


def _check_size(picture: ImageFile, place: str, limits: Limits) -> None:
    width, height = picture.size
    if width * height > limits.pixels:
        raise refuse(place, f"{width}×{height} pixels; at most {limits.pixels:,} in all.")
    if width < 4 or height < 4:
        raise refuse(place, f"{width}×{height} pixels; at least 4×4.")


def _check_kind(picture: ImageFile, place: str) -> None:
    if getattr(picture, "is_animated", False):
        raise refuse(place, "This image is animated or has several pages; one frame is needed.")
    is_known = picture.mode in GREY_MODES + COLOUR_MODES or _is_deep_ppm(picture)
    bits = set(picture.tag_v2.get(BITS_TAG, ())) if isinstance(picture, TiffImageFile) else set()
    if not is_known or bits - BITS:
        kind = f"{picture.mode}, {sorted(bits)} bits" if bits else picture.mode
        message = f"Its pixels are of kind {kind}; whole numbers of 8 or 16 bits are needed."
        raise refuse(place, message)


def _is_grey(picture: ImageFile) -> bool:
    return picture.mode in GREY_MODES or _is_deep_ppm(picture)


def _is_deep_ppm(picture: ImageFile) -> bool:
    """Elsewhere, mode I is of 32 bits, and nobody says which of them are used."""
    return picture.mode == "I" and isinstance(picture, PpmImageFile)


def _orientation(picture: ImageFile) -> int:
    """As the camera noted it; upright when its notes cannot be read, as viewers do."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGED:
        return 1


def _plain(picture: ImageFile) -> Image.Image:
    """Mode L or RGB, on white."""
    if picture.mode in ("I", *DEEP_MODES):
        return _high_bytes(picture)
    mode = "L" if _is_grey(picture) else "RGB"
    if not picture.has_transparency_data:
        return picture.convert(mode)
    layer = picture.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    paper.alpha_composite(layer)
    return paper.convert(mode)


def _high_bytes(picture: ImageFile) -> Image.Image:
    values = np.asarray(picture)  # [H, W], 0 to 65,535
    grey = (values >> 8).astype(np.uint8)
    transparent = picture.info.get("transparency")
    if transparent is not None:
        grey[values == transparent] = 255
    return Image.fromarray(grey)
