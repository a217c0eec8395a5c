"""How much memory it takes to read a picture, and that all who read at once find it.

Threads decode side by side: small pictures share what is set aside, a larger one is read alone,
and one that would take more than the limit is not read.
"""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final, cast

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from dedup.errors import DecodeError
from dedup.pipelines.images import limits

__all__ = ["JXL", "RAW", "SHARED", "needed", "needed_to_open", "room"]

SHARED: Final = 2 << 30
"""Bytes for all pictures that are read at once; one that takes more is read alone."""

JXL: Final = 25
RAW: Final = 8
"""Bytes for each pixel, at the most, as all these numbers: measured, up to the finished array."""
_OF_FORMAT = {"WEBP": 28, "JPEG2000": 26, "HEIF": 21}
_OF_MODE = {"1": 14, "L": 14, "RGB": 14, "CMYK": 14, "LAB": 14, "F": 30, "I": 30}
_ONE_LAYER_OF_16_BITS, _WITH_ALPHA, _OF_ICON = 30, 20, 24
_COEFFICIENTS = 6  # of a progressive JPEG, however small it is decoded
_LIMIT = 16  # for each pixel that a picture may have
# The size of a picture in an icon, whatever the icon says of it.
_SIZE = re.compile(rb"(?:IHDR|ihdr)(.{4})(.{4})", re.DOTALL)
_ICON = b"\0\0\1\0"
_LARGEST_ICON = 1 << 26


def needed(image: Image.Image, size: tuple[int, int]) -> int:
    """Bytes that it takes at the most to read an opened image, a JPEG at this size."""
    width, height = image.size
    if isinstance(image, JpegImageFile):
        coefficients = _COEFFICIENTS if "progressive" in image.info else 0
        return size[0] * size[1] * _OF_MODE["RGB"] + width * height * coefficients
    pixels = width * height
    if image.format == "ICNS" and isinstance(image, ImageFile.ImageFile):
        pixels = max(pixels, _pixels_of_icon(cast(IO[bytes], image.fp)))
    wide = _ONE_LAYER_OF_16_BITS if image.mode.startswith("I;16") else _WITH_ALPHA
    return pixels * max(_OF_MODE.get(image.mode, wide), _OF_FORMAT.get(image.format or "", 0))


def needed_to_open(file: IO[bytes], head: bytes) -> int:
    """Bytes that it takes to open a file: none, but for an icon, which Pillow then reads."""
    return _pixels_of_icon(file) * _OF_ICON if head.startswith(_ICON) else 0


@contextmanager
def room(size: int) -> Iterator[None]:
    """Bytes to read a picture in, waited for until others have given theirs back.

    Raises
    ------
    DecodeError
        If it is more than the limit.
    """
    if size == 0:
        yield
        return
    pixels = limits.max_pixels()
    limit = None if pixels is None else max(SHARED, _LIMIT * pixels)
    if limit is not None and size > limit:
        raise DecodeError(limits.too_much_memory(size, limit))
    _shared.take(size)
    try:
        yield
    finally:
        _shared.give_back(size)


class _Shared:
    """What is in use of the memory that is set aside."""

    def __init__(self) -> None:
        self._used = 0
        self._changed = threading.Condition()

    def take(self, size: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._used == 0 or self._used + size <= SHARED)
            self._used += size

    def give_back(self, size: int) -> None:
        with self._changed:
            self._used -= size
            self._changed.notify_all()


_shared = _Shared()
if hasattr(os, "register_at_fork"):  # a process that is forked has none of the threads
    os.register_at_fork(after_in_child=_shared.__init__)  # type: ignore[misc]


def _pixels_of_icon(file: IO[bytes]) -> int:
    place = file.tell()
    file.seek(0)
    data = file.read(_LARGEST_ICON)
    file.seek(place)
    sizes = [(int.from_bytes(a, "big"), int.from_bytes(b, "big")) for a, b in _SIZE.findall(data)]
    for size in sizes:
        limits.require_within(size)
    return max((width * height for width, height in sizes), default=0)
