"""A pale watermark over one of two aligned pictures, which hides little but lies over much.

It lightens, or darkens, the picture below by one part, in pieces with edges of their own. Elsewhere
the pictures agree. Light that was changed does so in both ways, or along the picture's own edges.
"""

from typing import Final, NamedTuple

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.common_part import Mask
from dedup._verification.coverage.close_up import CloseUp
from dedup._verification.coverage.overlays import holds_more
from dedup._verification.registration import Floats

__all__ = ["Veil", "veil"]

_SMOOTH: Final = 1.5
_SIGMAS: Final = 3.5
_CHANGED: Final = 3.0
"""Standard deviation of the blur in which pictures are compared; what differs, in units of the
pair's own noise, and in grey values."""
_NOISE: Final = 3.0
"""Noise, in grey values, of pictures that agree too little to tell."""
_SHARE: Final = 0.01
_ONE_WAY: Final = 0.1
"""Part of the picture that is lighter, or darker, at least; and of what differs the other way, in
units of it, at most: 0 to 0.06 of 23 pale tiled watermarks."""
_OWN_EDGES: Final = 0.15
"""Part of its edge at which it changes more than the picture, at least: 0.17 to 0.84 of these, at
most 0.1 of 30 copies in other light, if not their opacity, too, varies more."""
_EVEN: Final = 0.9
"""Spread of its opacity, from a tenth to nine tenths, in units of the usual one, at most: 0.34 to
0.89 of these, 0.9 and above of copies in other light or hue."""
_MOST: Final = 0.97
"""Part of it that has no more than what is taken for its highest opacity."""
_PALE: Final = 0.4
"""Opacity up to which what else lies over the picture stands out."""
_THROUGH: Final = 0.85
"""Correlation with the picture below, at least."""
_VARIED: Final = 1.0
"""And its contrast, in grey values: of a flat one it can't be told."""
_ROOM: Final = 40.0
_ENOUGH: Final = 30
"""Grey values by which it could change the picture, and pixels that suffice to say by what part."""
_SPARSE: Final = 7
_TO_SIGMA: Final = 1.4826
"""Pixels of which one is asked for what is usual; a standard deviation in units of the median
absolute one."""
_NEAR: Final = np.ones((3, 3), np.uint8)
_EDGE: Final = np.ones((9, 9), np.uint8)


class Veil(NamedTuple):
    """A pale watermark.

    Attributes
    ----------
    share : float
        Part of the common part over which it lies.
    over_b : bool
        Whether it lies over the second picture.
    is_all : bool
        Whether it is surely all that differs.
    """

    share: float
    over_b: bool
    is_all: bool


def veil(seen: CloseUp) -> Veil | None:
    """The pale watermark that only one of two pictures is under; None if there is none.

    Examples
    --------
    >>> below = np.random.default_rng(0).normal(90, 2, (200, 200)).astype(np.float32)
    >>> below += np.arange(200, dtype=np.float32) / 4
    >>> above = below.copy()
    >>> for top in range(20, 180, 40):
    ...     above[top : top + 9, 30:170] += 0.1 * (255 - below[top : top + 9, 30:170])
    >>> both = CloseUp(below, above, np.ones((200, 200), bool), np.eye(3), is_swapped=False)
    >>> found = veil(both)
    >>> found.over_b, found.share > 0.1
    (True, True)
    """
    inner = np.asarray(cv2.erode(seen.inside.astype(np.uint8), _EDGE, borderValue=0), np.bool_)
    total = np.count_nonzero(inner)
    if not total:
        return None
    change = _smooth(cv2.subtract(seen.other, seen.base))
    change -= np.float32(median(change[inner][::_SPARSE]))
    noise = _TO_SIGMA * median(np.abs(change[inner][::_SPARSE]))
    least = max(_CHANGED, _SIGMAS * noise)
    lighter, darker = inner & (change > least), inner & (change < -least)
    less, more = sorted((np.count_nonzero(lighter), np.count_nonzero(darker)))
    if noise > _NOISE or more < _SHARE * total or less > _ONE_WAY * more:
        return None
    is_light = np.count_nonzero(lighter) == more
    found = (lighter if is_light else darker).astype(np.uint8)
    pieces = np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, _NEAR), np.uint8)
    share = float(np.count_nonzero(pieces) / total)
    if share < _SHARE or not _has_own_edges(seen, change, pieces, inner):
        return None
    # What is lighter is under white in the other one, or was under black in the base.
    rooms = (seen.other, 255 - seen.base) if is_light else (255 - seen.other, seen.base)
    core = _core(pieces)
    if not _shines_through(seen.base[core], seen.other[core]):
        return None
    spreads = [_spread(np.abs(change[core]), room[core]) for room in rooms]
    if min(spreads) > _EVEN:
        return None
    over_base = spreads[0] < spreads[1]
    room = rooms[not over_base]
    sharp = seen.other - seen.base if is_light else seen.base - seen.other
    there = core & (room > _ROOM)
    most = float(np.quantile(sharp[there] / room[there], _MOST))
    is_all = most < _PALE and not holds_more(sharp, room, inner, most=most)
    return Veil(share, over_base == seen.is_swapped, is_all)


def _smooth(picture: cv2.typing.MatLike) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _SMOOTH), np.float32)


def _slope(picture: Floats) -> Floats:
    dx, dy = (cv2.Sobel(picture, cv2.CV_32F, *d, scale=1 / 8) for d in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(dx, dy), np.float32)


def _has_own_edges(seen: CloseUp, change: Floats, pieces: Pixels, inner: Mask) -> bool:
    """Whether what changed ends where the picture goes on."""
    ring = (np.asarray(cv2.dilate(pieces, _NEAR)) > pieces) & inner
    if not ring.any():
        return False
    own, base, other = (_slope(x)[ring] for x in (change, _smooth(seen.base), _smooth(seen.other)))
    return bool((np.minimum(base, other) < own).mean() > _OWN_EDGES)


def _core(pieces: Pixels) -> Mask:
    """Pieces without their edges, if that leaves enough."""
    core = np.asarray(cv2.erode(pieces, _NEAR), np.bool_)
    return core if np.count_nonzero(core) >= _ENOUGH else pieces.astype(np.bool_)


def _shines_through(base: Floats, other: Floats) -> bool:
    is_varied = min(float(base.std()), float(other.std())) > _VARIED
    return is_varied and float(np.corrcoef(base, other)[0, 1]) > _THROUGH


def _spread(change: Floats, room: Floats) -> float:
    """How much opacity varies, in units of the usual one."""
    there = room > _ROOM
    if np.count_nonzero(there) < _ENOUGH:
        return np.inf
    low, usual, high = np.quantile(change[there] / room[there], [0.1, 0.5, 0.9]).tolist()
    return float((high - low) / usual)
