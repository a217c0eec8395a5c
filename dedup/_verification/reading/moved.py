"""Something that moved between two shots of a scene: what one shows here, the other shows there."""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._base.opencv import cv2
from dedup._verification.reading.regions import Region
from dedup._verification.reading.residual import WINDOW

__all__ = ["has_moved"]

Grey: TypeAlias = npt.NDArray[np.uint8]

_LEAST_AREA: Final = 4 * WINDOW**2
_INNER: Final = 0.25
"""Part of a region's box at each side that may be ground."""
_FOUND: Final = 0.8
"""Correlation of a piece with where it went."""
_CONTRAST: Final = 6.0
"""Standard deviation, in grey values, below which a piece is found anywhere."""


def has_moved(region: Region, others: Sequence[Region], a: Grey, b: Grey) -> bool:
    """Whether what either picture shows in a changed region is in another one of the other.

    What was laid over a picture is in one of them only.
    """
    if region.figures["area"] < _LEAST_AREA:
        return False
    left, top, right, bottom = region.box
    dx, dy = round(_INNER * (right - left)), round(_INNER * (bottom - top))
    inner = slice(top + dy, bottom - dy), slice(left + dx, right - dx)
    corner = left + dx, top + dy
    return any(
        _is_there(one[inner], corner, other, place.box)
        for one, other in ((a, b), (b, a))
        for place in others
        if place is not region and place.figures["area"] >= _LEAST_AREA
    )


def _fine(picture: Grey) -> npt.NDArray[np.float32]:
    """Without what changes slowly, which is alike in many places."""
    exact = picture.astype(np.float32)
    return np.asarray(exact - cv2.GaussianBlur(exact, (0, 0), 4.0), np.float32)


def _is_there(
    piece: Grey, corner: tuple[int, int], other: Grey, box: tuple[int, int, int, int]
) -> bool:
    """Whether a piece, which was at that corner, is in a box of the other, elsewhere."""
    left, top, right, bottom = box
    place = other[top:bottom, left:right]
    if min(piece.shape) < WINDOW:
        return False
    sought, around = _fine(piece), _fine(place)
    if sought.std() < _CONTRAST:
        return False
    if any(small > large for small, large in zip(sought.shape, around.shape, strict=True)):
        return False
    _, likeness, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(around, sought, cv2.TM_CCOEFF_NORMED))
    height, width = piece.shape
    went = abs(left + x - corner[0]) > width / 2 or abs(top + y - corner[1]) > height / 2
    return went and likeness > _FOUND
