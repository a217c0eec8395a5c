"""Which of two files has a colour profile that tells more colours than it would without."""

import struct
from contextlib import suppress
from functools import lru_cache
from typing import Final

from dedup._catalogue.record import Record
from dedup._grouping.camera import has_camera, is_raw
from dedup.errors import DecodeError
from dedup.pipelines.images.colours import is_managed
from dedup.pipelines.images.readers import open_image

__all__ = ["has_profile", "lacks_profile", "which_has_profile"]

_BROKEN: Final = suppress(DecodeError, OSError, SyntaxError, ValueError, struct.error)


def lacks_profile(keep: Record, other: Record) -> bool:
    """Whether only the other file has a profile of its own: pixels alone don't tell its colours.

    A copy from which it was stripped is duller; one that was converted lost what sRGB has not.
    """
    if keep.digest == other.digest:
        return False
    return has_profile(other) and not has_profile(keep)


def which_has_profile(keep: Record, other: Record) -> int:
    """1 if the other file (b) alone has one, -1 of the reverse; 0 also if it may be converted.

    So it may be if only the one without names a camera.
    """
    if lacks_profile(keep, other):
        return int(has_camera(other) or not has_camera(keep))
    return -which_has_profile(other, keep) if lacks_profile(other, keep) else 0


@lru_cache(maxsize=10_000)  # each file of a group is asked about for many others
def has_profile(record: Record) -> bool:
    """Whether a file's colours are others than sRGB's; of a printer's inks nobody knows."""
    if is_raw(record):
        return True  # as a sensor sees them
    if record.is_file:
        with _BROKEN, open_image(record.path) as image:
            mode = "RGB" if image.mode in ("P", "RGB", "RGBA", "RGBX") else image.mode
            return mode == "RGB" and is_managed(image.info.get("icc_profile"), mode)
    return False
