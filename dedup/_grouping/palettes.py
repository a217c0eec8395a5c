"""Files in a palette: whether these are photos or drawings whose colours were reduced."""

import struct
from contextlib import suppress
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from dedup._catalogue.record import Record
from dedup.errors import DecodeError
from dedup.pipelines.images.archives import open_file
from dedup.pipelines.images.readers import open_image

__all__ = [
    "PALETTE",
    "colours_of",
    "is_in_a_palette",
    "is_photo_in_a_palette",
    "is_smooth_where_flat",
]

_BROKEN: Final = suppress(DecodeError, OSError, SyntaxError, ValueError, struct.error)
PALETTE: Final = 256
"""Colours of a full palette."""
_COLOURS: Final = 32
_GROUND: Final = 0.2
"""Colours of a palette above which it may be a photo's, and the part of a picture that one of them
takes at most: so of 300 photos in 256 and in 64 colours 566 of 600.
Drawings have a ground."""
_MANY: Final = 2**24
_SIDE: Final = 2_000
"""Pixels of each side that are looked at, in the middle."""
_BLOCK: Final = 8
_RIPPLE: Final = 0.5
_RIPPLED: Final = 0.2
"""Second difference, in grey values, that encoders leave beside lines and gradients do not; and the
part of what is flat in a palette, beside lines, that has so much, at most, of what was there
before: of 72 drawings in 32 to 256 colours all but one; of 336 files that JPEG, WebP and AVIF made
of such palettes about 15."""


@lru_cache(maxsize=10_000)
def is_in_a_palette(record: Record) -> bool:
    """Whether a file is written as a palette and places in it, as a GIF file is."""
    if record.is_file:
        with _BROKEN, open_file(record.path) as file, Image.open(file) as image:
            return image.mode == "P"
    return False


@lru_cache(maxsize=10_000)
def is_photo_in_a_palette(record: Record) -> bool:
    """Whether a file is a photo whose colours were reduced to a palette."""
    if is_in_a_palette(record):
        with _BROKEN, open_file(record.path) as file, Image.open(file) as image:
            counts = sorted(image.histogram())
            return counts[-_COLOURS] > 0 and counts[-1] < _GROUND * sum(counts)
    return False


@lru_cache(maxsize=10_000)
def colours_of(record: Record) -> int:
    """How many colours a file has, if a palette holds them, else very many."""
    if record.is_file:
        with _BROKEN, open_image(record.path) as image:
            return len(image.getcolors(PALETTE) or ()) or _MANY
    return _MANY


@lru_cache(maxsize=10_000)
def is_smooth_where_flat(drawing: Record, other: Record) -> bool:
    """Whether a file has no ripples where a drawing in a palette is flat, beside its lines.

    An encoder leaves some there: what has none was there before its colours were reduced.
    """
    if (drawing.width, drawing.height) == (other.width, other.height):
        with _BROKEN:
            return _rippled(_middle(drawing), _middle(other)) <= _RIPPLED
    return False


def _middle(record: Record) -> npt.NDArray[np.int16]:
    with open_image(record.path) as image:
        left, top = (max(0, (side - _SIDE) // 2) for side in image.size)
        box = left, top, min(image.width, left + _SIDE), min(image.height, top + _SIDE)
        return np.asarray(image.crop(box).convert("RGB"), np.int16)


def _rippled(flat: npt.NDArray[np.int16], picture: npt.NDArray[np.int16]) -> float:
    """Part of the places where one is flat, beside lines, at which the other one has ripples."""
    inner = slice(1, -1)
    places = np.ones((len(flat) - 2, flat.shape[1] - 2), np.bool_)
    for dy in range(3):
        for dx in range(3):
            beside = flat[dy : dy + len(places), dx : dx + places.shape[1]]
            places &= (beside == flat[inner, inner]).all(axis=2)
    height, width = (side // _BLOCK * _BLOCK for side in places.shape)
    blocks = places[:height, :width].reshape(height // _BLOCK, _BLOCK, -1, _BLOCK)
    has_lines = ~blocks.all(axis=(1, 3), keepdims=True)
    ringed = (blocks & has_lines).reshape(height, width)
    middle = 4 * picture[inner, inner]
    second = middle - picture[:-2, inner] - picture[2:, inner]
    second = second - picture[inner, :-2] - picture[inner, 2:]
    ripples = abs(second).max(axis=2)[:height, :width][ringed] >= 4 * _RIPPLE
    return float(ripples.mean()) if len(ripples) else 0.0
