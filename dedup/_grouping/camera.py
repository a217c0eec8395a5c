"""What the header of a file says: its camera, when and how that took the photo, and how much."""

import os
import re
import struct
from contextlib import suppress
from functools import lru_cache
from typing import Final

from PIL import ExifTags

from dedup._catalogue.headers import metadata_of
from dedup._catalogue.record import Record
from dedup.errors import DecodeError
from dedup.pipelines.images.camera_raw import RAW_SUFFIXES
from dedup.pipelines.images.readers import open_image

__all__ = [
    "are_two_shots",
    "date_taken",
    "has_camera",
    "is_raw",
    "is_turned_by_header",
    "knowledge",
]

_BROKEN: Final = suppress(
    ArithmeticError, DecodeError, OSError, SyntaxError, ValueError, struct.error
)
_ON_ITS_SIDE: Final = 5
"""EXIF orientations from which width and height change places."""
_DATE: Final = re.compile(r"[12]\d{3}:[01]\d:[0-3]\d [0-2]\d:[0-5]\d:[0-6]\d")

_EXPOSURE: Final = (
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.SubsecTimeOriginal,
    ExifTags.Base.ExposureTime,
    ExifTags.Base.FNumber,
    ExifTags.Base.ISOSpeedRatings,
)
"""What differs between the shots of a burst or a bracket; editors leave it as it is."""


def is_raw(record: Record) -> bool:
    """Whether a file is a camera's RAW file, by its name."""
    return os.path.splitext(record.path)[1].lower() in RAW_SUFFIXES


@lru_cache(maxsize=10_000)  # each file of a group is asked about for many others
def has_camera(record: Record) -> bool:
    """Whether a camera wrote its name into a file."""
    if is_raw(record):
        return True
    if record.is_file:
        with _BROKEN, open_image(record.path) as image:
            exif = image.getexif()
            return bool(exif.get(ExifTags.Base.Make) or exif.get(ExifTags.Base.Model))
    return False


@lru_cache(maxsize=10_000)
def is_turned_by_header(record: Record) -> bool:
    """Whether a header turns or mirrors a file's pixels, which are as it says that they were.

    What was turned in its pixels, and has the header of before, is turned twice.
    """
    if record.is_file and not is_raw(record):
        with _BROKEN, open_image(record.path) as image:
            exif = image.getexif()
            turn = int(exif.get(ExifTags.Base.Orientation) or 1)
            its = exif.get_ifd(ExifTags.IFD.Exif)
            was = its.get(ExifTags.Base.ExifImageWidth), its.get(ExifTags.Base.ExifImageHeight)
            is_twice = turn >= _ON_ITS_SIDE and was == image.size[::-1] != image.size
            return turn > 1 and not is_twice
    return False


@lru_cache(maxsize=10_000)  # what was sorted is asked why
def knowledge(record: Record) -> int:
    """How much a file says of its picture: of a date, a place, a rating and keywords."""
    if not record.is_file:
        return 0
    known = metadata_of(record.path, ())
    return sum(map(bool, (known.date, known.place, known.rating, known.keywords)))


def date_taken(record: Record) -> str:
    """When a file says that it was taken, as EXIF writes it, which sorts by time; "" if it doesn't.

    Clocks have no zone there: they are compared as the cameras showed them.
    """
    if record.is_file:
        with _BROKEN, open_image(record.path) as image:
            camera = image.getexif().get_ifd(ExifTags.IFD.Exif)
            said = _DATE.match(str(camera.get(ExifTags.Base.DateTimeOriginal, "")))
            return said[0] if said else ""
    return ""


def are_two_shots(one: Record, other: Record) -> bool:
    """Whether both headers say when, or how, they were exposed, and say something else."""
    told = zip(_exposure(one), _exposure(other), strict=True)
    return any(a and b and a != b for a, b in told)


@lru_cache(maxsize=10_000)
def _exposure(record: Record) -> tuple[str, ...]:
    """When and how a photo was taken, as its header says; "" of what it does not say."""
    if record.is_file and not is_raw(record):
        with _BROKEN, open_image(record.path) as image:
            camera = image.getexif().get_ifd(ExifTags.IFD.Exif)
            return tuple(_told(camera.get(tag, "")) for tag in _EXPOSURE)
    return ("",) * len(_EXPOSURE)


def _told(value: object) -> str:
    """What a header says, as text; a number by its first digits, in whatever fraction it is."""
    text = str(value).strip("\0 ")
    with suppress(ValueError, ZeroDivisionError):
        return f"{float(text):.2g}"
    return text
