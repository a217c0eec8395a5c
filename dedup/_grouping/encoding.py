"""How coarsely a file was encoded, now and before, and which of two was made from the other."""

import os
import struct
from contextlib import suppress
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from dedup._catalogue.record import Record
from dedup._grouping.jpeg_blocks import Blocks, blocks_of
from dedup._grouping.jpeg_origins import can_tell, origin
from dedup._grouping.jpeg_traces import tables_in_pixels
from dedup._grouping.palettes import (
    PALETTE,
    colours_of,
    is_in_a_palette,
    is_photo_in_a_palette,
    is_smooth_where_flat,
)
from dedup.errors import DecodeError
from dedup.pipelines.images.archives import open_file
from dedup.pipelines.images.camera_raw import RAW_SUFFIXES
from dedup.pipelines.images.readers import open_image

__all__ = [
    "is_coarser",
    "is_coarser_jpeg",
    "is_lossless",
    "is_made_from",
    "is_palette_unsure",
    "is_rounded_more",
    "is_surely_coarser",
    "made_how_late",
    "smooths",
]

_COARSE: Final = 45.0
"""Mean quantisation step, of about quality 60, from which a JPEG file is visibly the worse."""
_TELLS: Final = 20.0
"""The same, of about quality 80, from which it tells that a WebP, AVIF or HEIC file was there
before a JPEG file. Of 8 or 12 photos in 4 qualities each and JPEG of quality 50 and 70, all of 212
that were, and 3 of 212 that were made from it."""
_TWICE: Final = 2.0
_MORE: Final = 1.1
"""Steps in units of another file's, from which one is the coarser file; and was rounded more."""
_BROKEN: Final = suppress(DecodeError, OSError, SyntaxError, ValueError, struct.error)

_LOSSY: Final = frozenset({"JPEG", "MPO"})
_RATHER_LOSSY: Final = frozenset({"AVIF", "HEIF", "JPEG2000", "JXL", "WEBP"})
_OF_PHONES: Final = "HEIF"
_SMOOTHED, _LOSSLESS = 1, 2


def _losslessness(record: Record) -> int:
    """0 of a JPEG file, 1 of formats that are rather lossy, 2 of all others."""
    if record.format in _LOSSY:
        return 0
    return _SMOOTHED if record.format in _RATHER_LOSSY else _LOSSLESS


def made_how_late(record: Record) -> int:
    """How late a file was made, by its format, least first.

    Phones write HEIC, of which apps make JPEG; a WebP file was a JPEG file, more likely.
    """
    return -1 if record.format == _OF_PHONES else _losslessness(record)


def smooths(record: Record) -> bool:
    """Whether what wrote a file takes fine noise away first of all, unless it loses nothing."""
    return _losslessness(record) == _SMOOTHED


def is_lossless(record: Record) -> bool:
    """Whether a file's format loses nothing; WebP and others may, and are taken for lossy ones."""
    return _losslessness(record) == _LOSSLESS and not is_photo_in_a_palette(record)


def is_coarser(one: Record, other: Record) -> bool:
    """Whether one file is in a palette that was made of the other's colours, or a coarse JPEG.

    What was made from a JPEG file is as coarse as that one was.
    """
    return _is_reduced_more(one, other) or (_may_be_coarser(one, other) and _origin(one, other) < 1)


def is_surely_coarser(one: Record, other: Record) -> bool:
    """The same, where it shows that the other one was there before, or tells more anyway."""
    least = 1 if smooths(other) else 0  # what was there before it can't be told of such
    may_be = _may_be_coarser(one, other)
    return _is_reduced_more(one, other) or (may_be and _origin(one, other) < least)


def is_palette_unsure(one: Record, other: Record) -> bool:
    """Whether one of two is a drawing in a palette, and nothing tells if the other was before it.

    It may be what an encoder made of that.
    """
    if _has_fewer_colours(other, one):
        one, other = other, one
    return _has_fewer_colours(one, other) and not is_smooth_where_flat(one, other)


def is_made_from(one: Record, other: Record) -> bool:
    """Whether it shows in pixels, by the steps of the coarser JPEG file, that one was made so."""
    return _origin(other, one) > 0 or _origin(one, other) < 0


def is_rounded_more(one: Record, other: Record) -> bool:
    """Whether one was encoded with larger steps, now or before: what is finer in it are these."""
    return _coarsest_of(one) > _MORE * _coarsest_of(other)


def is_coarser_jpeg(one: Record, other: Record) -> bool:
    """Whether a JPEG file has larger steps than another one, and so had what each was made from.

    Of what was turned the steps before can't be told: then these may seem to be smaller.
    """
    return _step(one) > _MORE * _step(other) > 0 and is_rounded_more(one, other)


def _is_reduced_more(one: Record, other: Record) -> bool:
    if not is_in_a_palette(one) or is_photo_in_a_palette(other):
        return False
    if is_photo_in_a_palette(one):
        return not (_losslessness(other) == _LOSSLESS and colours_of(other) <= PALETTE)
    return _has_fewer_colours(one, other) and is_smooth_where_flat(one, other)


def _has_fewer_colours(one: Record, other: Record) -> bool:
    """Whether a drawing is in a palette, and a file without loss that is as large has more."""
    if not is_in_a_palette(one) or is_photo_in_a_palette(one):
        return False
    is_as_large = (one.width, one.height) == (other.width, other.height)
    return is_as_large and is_lossless(other) and colours_of(one) < colours_of(other)


def _may_be_coarser(one: Record, other: Record) -> bool:
    step = _step_of(one)
    if is_photo_in_a_palette(one) != is_photo_in_a_palette(other):
        return False
    return step > _COARSE and step > _TWICE * _coarsest_of(other)


def _step_of(record: Record) -> float:
    """Mean quantisation step of a JPEG file, or of the one that another file shows, else 0."""
    return _step(record) or (0.0 if record.format in _LOSSY else _step_before(record))


def _coarsest_of(record: Record) -> float:
    """The same, also if a JPEG file was made from a coarser one."""
    return max(_step(record), _step_before(record))


def _step(record: Record) -> float:
    """Mean quantisation step, as a file says."""
    return float(_tables(record).mean())


def _step_before(record: Record) -> float:
    """Mean quantisation step of the JPEG file from which a file was made, as its pixels show."""
    return float(_tables_before(record).mean())


@lru_cache(maxsize=10_000)
def _origin(coarse: Record, other: Record) -> int:
    """1 if a file was made from a JPEG file, -1 if it was there before, 0 if nothing tells."""
    if (coarse.width, coarse.height) != (other.width, other.height):
        return 0
    tables = _tables(coarse) if coarse.format in _LOSSY else _tables_before(coarse)
    steps, others = tables[0], _tables(other)[0]
    if not steps.all() or not can_tell(steps, others):
        return 0
    a, b = _blocks(coarse), _blocks(other)
    said = 0 if a is None or b is None else origin(a, steps, b, others)
    # What smooths moves fine coefficients off the steps of a finer JPEG file, too.
    return said if steps.mean() > _TELLS or not smooths(other) else max(said, 0)


@lru_cache(maxsize=10_000)  # each file of a group is asked about for many others
def _tables(record: Record) -> npt.NDArray[np.float32]:
    """The quantisation tables of a JPEG file, that for light first; of others one of zeros."""
    if record.is_file:
        with _BROKEN, open_file(record.path) as file, Image.open(file) as image:
            tables = getattr(image, "quantization", None) or {}
            if tables:
                return np.array([*tables.values()], np.float32).reshape(-1, 8, 8)
    return np.zeros((1, 8, 8), np.float32)


@lru_cache(maxsize=10_000)
def _tables_before(record: Record) -> npt.NDArray[np.float32]:
    blocks = _blocks(record)
    return np.zeros((1, 8, 8), np.float32) if blocks is None else tables_in_pixels(blocks)


@lru_cache(maxsize=32)  # of half a megabyte
def _blocks(record: Record) -> Blocks | None:
    if record.is_file and os.path.splitext(record.path)[1].lower() not in RAW_SUFFIXES:
        with _BROKEN, open_image(record.path) as image:
            if image.mode in ("L", "RGB", "YCbCr"):
                return blocks_of(np.asarray(image.convert("L")))
    return None
