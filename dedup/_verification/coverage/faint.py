"""Small things that stand out little from soft ground: a bird in the sky, a star, a pencil mark.

Elsewhere what stands out so little may be compression. On ground that one of the pictures shows as
soft it is told by what the ground around it differs by.
"""

from typing import Final

import numpy as np

from dedup._base.opencv import cv2
from dedup._verification.common_part import Mask
from dedup._verification.registration import Floats

__all__ = ["faint_marks"]

_SMOOTH: Final = 1.2
_AT_LARGE: Final = 12.0
"""Standard deviations of the blurs between which a mark is seen: neither grain nor a shade."""
_COARSER: Final = 4
"""A shade is blurred in pixels of this side: it has nothing finer."""
_AROUND: Final = (31, 31)
_SOFT: Final = 4.0
"""Contrast of soft ground, in grey values, in squares of this side."""
_FARTHER: Final = (61, 61)
_STANDS_OUT: Final = 6.0
"""Difference of a mark in units of the mean one in squares of this side."""
_FAINT: Final = 5.0
_LEAST: Final = 12
"""Grey values by which it differs, and pixels that it takes, at least."""


def faint_marks(a: Floats, b: Floats, inside: Mask) -> tuple[int, int]:
    """How many pixels of soft ground marks take that only a, and only b, shows.

    Parameters
    ----------
    a, b : ndarray, shape (height, width)
        Laid over each other, in one tone.
    inside : ndarray of bool
        Where both are seen.

    Examples
    --------
    >>> sky = np.linspace(100, 140, 200 * 200, dtype=np.float32).reshape(200, 200)
    >>> bird = sky.copy()
    >>> bird[90:96, 100:106] -= 14
    >>> marks = faint_marks(bird, sky, np.ones((200, 200), np.bool_))
    >>> marks[0] > 20, marks[1]
    (True, 0)
    """
    differs = _band(a - b)
    change = np.abs(differs)
    marks = change > _FAINT
    if np.count_nonzero(marks) < _LEAST:
        return 0, 0
    edge = np.ones((9, 9), np.uint8)
    marks &= np.asarray(cv2.erode(inside.astype(np.uint8), edge, borderValue=0), np.bool_)
    marks &= change > np.asarray(cv2.blur(change, _FARTHER)) * np.float32(_STANDS_OUT)
    if not _large(marks).any():  # whether the ground is soft need not be known
        return 0, 0
    band_a = _band(a)
    banded = band_a, band_a - differs
    calm = [np.asarray(cv2.blur(band * band, _AROUND)) < _SOFT**2 for band in banded]
    marks = _large(marks & (calm[0] | calm[1]))
    in_a = marks & (np.abs(banded[0]) > np.abs(banded[1]))
    return int(in_a.sum()), int((marks & ~in_a).sum())


def _large(marks: Mask) -> Mask:
    """Those of enough pixels side by side."""
    if np.count_nonzero(marks) < _LEAST:
        return np.zeros_like(marks)
    _, labels = cv2.connectedComponents(marks.astype(np.uint8))
    labels = np.asarray(labels, np.intp)[marks]
    large = marks.copy()
    large[marks] = np.bincount(labels)[labels] >= _LEAST
    return large


def _band(picture: Floats) -> Floats:
    """What is neither grain nor a shade."""
    fine = np.asarray(cv2.GaussianBlur(picture, (0, 0), _SMOOTH), np.float32)
    height, width = fine.shape
    size = max(1, width // _COARSER), max(1, height // _COARSER)
    small = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    shade = cv2.GaussianBlur(small, (0, 0), _AT_LARGE / _COARSER)
    return np.asarray(cv2.subtract(fine, cv2.resize(shade, (width, height))), np.float32)
