"""Damage that readers do not notice, though the file tells it."""

import zlib
from typing import IO, cast

from PIL import Image, ImageFile

from dedup.errors import DecodeError

__all__ = ["check"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks that the picture is made of; damaged metadata do not matter.
_PICTURE = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"fcTL", b"fdAT")
_PIECE = 1 << 20


def check(image: Image.Image) -> None:
    """Raise a `DecodeError` if the file of an image that is opened, but not loaded, is damaged."""
    if image.format not in ("PNG", "ICO") or not isinstance(image, ImageFile.ImageFile):
        return
    file = cast(IO[bytes], image.fp)
    place = file.tell()
    for start in [0] if image.format == "PNG" else _pictures(file):
        _check_png(file, start)
    file.seek(place)


def _check_png(file: IO[bytes], start: int) -> None:
    """Compare the checksums of a PNG, which Pillow does not of the pixels."""
    file.seek(start + len(_SIGNATURE))
    while len(header := file.read(8)) == 8 and header[4:] != b"IEND":
        left, kind = int.from_bytes(header[:4], "big"), header[4:]
        if kind not in _PICTURE:
            file.seek(left + 4, 1)
            continue
        checksum = zlib.crc32(kind)
        while left and (piece := file.read(min(left, _PIECE))):
            checksum = zlib.crc32(piece, checksum)
            left -= len(piece)
        if left == 0 and file.read(4) != checksum.to_bytes(4, "big"):
            raise DecodeError(f"damaged image: the checksum of {kind.decode()} is wrong")


def _pictures(file: IO[bytes]) -> list[int]:
    """Where the PNG files in an icon start."""
    file.seek(0)
    data = file.read()
    starts, start = [], data.find(_SIGNATURE)
    while start >= 0:
        starts.append(start)
        start = data.find(_SIGNATURE, start + 1)
    return starts
