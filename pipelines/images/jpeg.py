"""JPEG files, decoded so that damage is seen.

libjpeg goes on after damage, and only warns of it; Pillow drops the warnings. simplejpeg holds
the same library, can take warnings for errors, and gives the same pixels, sooner.
"""

import re
from typing import IO, Final, cast

import numpy as np
import simplejpeg
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dedup._base.arrays import Pixels
from dedup.errors import DecodeError

__all__ = ["MOST_SCANS", "load", "read"]

MOST_SCANS: Final = 100
"""Encoders write 1 to some 20. Each costs the time of decoding all blocks once more."""

_END = b"\xff\xd9"
_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
_LARGEST = 1 << 29  # bytes
_COLOURS = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
# What says nothing of the picture: odd metadata, and what this library does not read.
_NO_DAMAGE = re.compile(
    "unknown JFIF|Adobe color|subsampling|not implemented|Unsupported JPEG|data precision"
)


def load(image: JpegImageFile) -> Image.Image:
    """The picture of a JPEG that is opened, and drafted or not; errors as of `read`."""
    pixels = read(image)
    if pixels is None:
        return image
    loaded = Image.fromarray(np.squeeze(pixels, 2) if image.mode == "L" else pixels, image.mode)
    loaded.format, loaded.info = image.format, image.info
    return loaded


def read(image: JpegImageFile) -> Pixels | None:
    """The pixels of a JPEG that is opened, and drafted or not; None if Pillow is to read them.

    Raises
    ------
    DecodeError
        If the decoder notices damage, or there are too many scans. A JPEG that lacks no more
        than its end marker is whole, unless it is progressive: then scans may be missing.
    """
    data = _data(image)
    if data.count(b"\xff\xda") > MOST_SCANS and _scans(data) > MOST_SCANS:
        raise DecodeError(f"a JPEG of more than {MOST_SCANS} scans, which is not read")
    if "progressive" not in image.info:
        data += _END
    width, height = image.size
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(
            data, _COLOURS[image.mode], min_height=height, min_width=width
        )
    except ValueError as error:
        if not _NO_DAMAGE.search(str(error)):
            raise DecodeError(f"damaged image: {error}") from error
        return None
    if pixels.shape[:2] != (height, width):
        return None
    # As Adobe's programs write it, and Pillow reads it.
    return 255 - pixels if image.mode == "CMYK" else pixels


def _data(image: JpegImageFile) -> bytes:
    file = cast(IO[bytes], image.fp)
    file.seek(getattr(image, "offset", 0))  # of a picture among several
    return file.read(_LARGEST)


def _scans(data: bytes) -> int:
    """How many scans a JPEG has; a thumbnail and what follows the picture do not count."""
    scans, place = 0, 2
    while found := _MARKER.search(data, place):
        marker, place = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            break
        scans += marker == _SCAN
        place += int.from_bytes(data[place : place + 2], "big")
    return scans
