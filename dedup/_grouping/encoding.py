"""How coarsely a JPEG file was encoded, and what its header tells of its origin."""

import struct
from contextlib import suppress
from typing import Final

from PIL import Image

from dedup._catalogue.record import Record
from dedup.errors import DecodeError
from dedup.pipelines.images.archives import open_file

__all__ = ["has_camera", "is_coarser"]

_COARSE: Final = 45.0
"""Mean quantisation step, of about quality 60, from which a JPEG file is visibly the worse."""
_TWICE: Final = 2.0
_MAKE, _MODEL = 0x010F, 0x0110


def is_coarser(one: Record, other: Record) -> bool:
    """Whether one file is a JPEG that was encoded coarsely, and the other was not."""
    steps = _read(one)[0]
    return steps > _COARSE and steps > _TWICE * _read(other)[0]


def has_camera(record: Record) -> bool:
    """Whether a camera wrote its name into a file."""
    return _read(record)[1]


def _read(record: Record) -> tuple[float, bool]:
    """Mean quantisation step of a JPEG file, else 0; and whether a camera's name is in it."""
    broken = suppress(DecodeError, OSError, SyntaxError, ValueError, struct.error)
    if record.is_file:
        with broken, open_file(record.path) as file, Image.open(file) as image:
            tables = getattr(image, "quantization", None) or {}
            steps = [step for table in tables.values() for step in table]
            exif = image.getexif()
            named = bool(exif.get(_MAKE) or exif.get(_MODEL))
            return (sum(steps) / len(steps) if steps else 0.0), named
    return 0.0, False
