"""Which of two pictures was stretched, or lies on its side."""

from dataclasses import replace
from typing import Final

from dedup._catalogue.record import Record
from dedup._grouping.camera import has_camera, is_turned_by_header
from dedup._verification.coverage.coverage import Coverage
from dedup._verification.coverage.detail import Detail

__all__ = [
    "grown_both_ways",
    "is_stretch_unsure",
    "is_stretched",
    "which_is_of_a_camera",
    "which_is_upright",
]

STRETCHED: Final = 1.03
"""Scale along one axis in units of that along the other, from which it is to be seen; the rounding
of sides to whole pixels adds up to a pixel of the shortest one."""
_SHAPES: Final = (1.0, 4 / 3, 3 / 2, 16 / 9)
_NEARER: Final = 0.02
"""Shapes of photos, as cameras have them; and the part of one by which a file is nearer to any."""
_TURNED: Final = 45.0
"""Degrees from which a picture lies on its side or head."""


def is_stretched(keep: Record, other: Record, seen: Coverage) -> bool:
    """Whether two pictures are not of one shape."""
    shortest = min(keep.width, keep.height, other.width, other.height)
    return seen.stretch > STRETCHED + 1 / max(shortest, 1)


def is_stretch_unsure(keep: Record, other: Record, seen: Coverage) -> bool:
    """Whether one of two is stretched, and no camera says that it is the other one (b).

    Further pictures of one shape don't tell: they may all be copies of a stretched one.
    """
    return is_stretched(keep, other, seen) and not (has_camera(keep) and not has_camera(other))


def which_is_of_a_camera(keep: Record, other: Record) -> int:
    """1 if the other file's sides are nearer to those of cameras, -1 of the reverse, else 0."""
    off_keep, off_other = _off_cameras(keep), _off_cameras(other)
    return int(off_keep - off_other > _NEARER) - int(off_other - off_keep > _NEARER)


def _off_cameras(record: Record) -> float:
    short, long = sorted((record.width, record.height))
    return min(abs(long / max(short, 1) / shape - 1) for shape in _SHAPES)


def grown_both_ways(seen: Coverage) -> Detail:
    """The detail of two pictures, of which a stretched one has no more pixels for that.

    It has as many more as along the axis where it has the fewest more.

    Examples
    --------
    >>> def pixels(width, height):
    ...     growth = Detail(pixels=(width * height) ** 0.5)
    ...     stretch = max(width, height) / min(width, height)
    ...     return round(grown_both_ways(Coverage(detail=growth, stretch=stretch)).pixels, 2)
    >>> pixels(1.3, 1), pixels(1.2, 0.95), pixels(2, 1.5), pixels(0.5, 0.75)
    (1.0, 1.0, 1.5, 0.75)
    """
    if seen.stretch <= STRETCHED:
        return seen.detail
    half = seen.stretch**0.5
    low, high = seen.detail.pixels / half, seen.detail.pixels * half
    return replace(seen.detail, pixels=max(low, min(high, 1.0)))


def which_is_upright(keep: Record, other: Record, seen: Coverage) -> int:
    """1 if the other file (b) is upright, as its header turns it, -1 of the reverse, else 0."""
    if abs(seen.rotation) < _TURNED:
        return 0
    return int(is_turned_by_header(other)) - int(is_turned_by_header(keep))
