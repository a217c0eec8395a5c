"""Decode one image: upright, 8-bit sRGB, near the size that the model needs.

`readers` opens the file and `colours` converts what is in it. Every failure is a `DecodeError`
whose message is the reason that a person reads in `found.skipped`.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from dedup.pipelines.colours import over_white, resizable, to_srgb
from dedup.pipelines.errors import DecodeError
from dedup.pipelines.readers import (
    ImageSource,
    Pixels,
    check_before_decoding,
    check_header,
    open_image,
)

__all__ = [
    "SHORT_SIDE",
    "Decoded",
    "ImageSource",
    "Pixels",
    "check_before_decoding",
    "check_header",
    "decode",
    "pixel_digest",
]

SHORT_SIDE: Final = 240
"""Pixels on the short side that an image should still have to be embedded and aligned."""

# No side is kept twice as long as this many times the short side that is asked for, so that
# a 20,000 x 10 strip stays small.
_MAX_ASPECT = 4
_EXIF_ORIENTATION = 0x0112
_LYING = 5  # from this orientation on, width and height change places
# The turn that makes a picture upright, by EXIF orientation (CIPA DC-008, section 4.6.4).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded image.

    Attributes
    ----------
    image : ndarray, shape (height, width, 3), uint8
        sRGB, upright, alpha laid over white; reduced if a short side was asked for.
    width, height : int
        Size of the upright picture before it was reduced, in pixels. Of a camera's RAW file
        that of the sensor's picture, though a smaller preview may have been read.
    format : str
        Pillow's name of the file's format ("JPEG", "PNG", ...), "RAW", or "" for an image in
        memory.
    """

    image: Pixels
    width: int
    height: int
    format: str


def decode(source: ImageSource, *, short_side: int | None = None) -> Decoded:
    """Decode an image to upright 8-bit sRGB.

    EXIF orientation and ICC profiles are applied, alpha is laid over white, 16-bit and float
    pictures are scaled to 8 bits, CMYK and palettes are converted, and of an animation or a
    document the first frame or page is taken.

    Parameters
    ----------
    source : str, Path, bytes, PIL.Image.Image or ndarray
        A file's path, its bytes, or an image in memory: shape (height, width), or
        (height, width, 3 or 4), uint8.
    short_side : int, optional
        Reduce the picture to a half, a quarter, ... while its short side keeps as many pixels.
        JPEG files are then decoded at that fraction of their size, which is several times
        faster, and of other formats means are taken, which gives nearly the same.

    Raises
    ------
    DecodeError
        With the reason: no image, truncated, of size zero, too large, unreadable.

    Examples
    --------
    >>> from PIL import Image
    >>> decode(Image.new("RGBA", (640, 480)), short_side=240).image.shape
    (240, 320, 3)
    """
    with open_image(source) as image:
        return _decode(image, short_side)


def pixel_digest(source: ImageSource) -> str:
    """Digest of an image's upright full-size RGB pixels.

    It is the same for the same picture in any lossless container.

    Examples
    --------
    >>> from PIL import Image
    >>> grey = Image.new("L", (2, 2), 128)
    >>> pixel_digest(grey) == pixel_digest(grey.convert("RGB"))
    True
    """
    image = decode(source).image
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image))
    return digest.hexdigest()


def _decode(image: Image.Image, short_side: int | None) -> Decoded:
    file_format = image.format or ""
    if file_format == "TIFF":
        image.load()  # Pillow turns a TIFF upright while it loads it
    width, height = image.size
    if width == 0 or height == 0:
        raise DecodeError(f"an image of size {width} x {height}")
    orientation = _orientation(image)
    target = _reduced((width, height), short_side)
    box = None
    if file_format in ("JPEG", "MPO") and target != (width, height):
        # The last column and row of a drafted picture may lie partly outside: the box says where.
        _, box = image.draft(None, target) or (None, None)
    original, profile = image.info.get("original_size"), image.info.get("icc_profile")
    image = resizable(image)
    if target != image.size or box not in (None, (0, 0, *image.size)):
        image = image.resize(target, Image.Resampling.BILINEAR, box=box, reducing_gap=1.0)
    image = over_white(to_srgb(image, profile))
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
        if orientation >= _LYING:
            width, height = height, width
    if original is not None:
        (width, height), file_format = original, "RAW"
    return Decoded(np.array(image), width, height, file_format)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF data: the picture itself may be sound
        return 1


def _reduced(size: tuple[int, int], short_side: int | None) -> tuple[int, int]:
    if short_side is None:
        return size
    scale = max(1.0, min(size) / short_side, max(size) / (_MAX_ASPECT * short_side))
    by = 2 ** int(math.log2(scale))
    return max(1, round(size[0] / by)), max(1, round(size[1] / by))
