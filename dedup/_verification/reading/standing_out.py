"""Whether one place differs little, but far more than all others of a pair: a digit in small print.

JPEG, blur, scaling and noise change all print by about as much. Where a page was reduced, an 8 for
a 3 changes its window by less than what is surely other content, and yet by several times of that.
"""

from typing import Final, TypeAlias

import numpy as np

from dedup._base.opencv import cv2
from dedup._verification.reading.residual import Residual

__all__ = ["Place", "standing_out"]

Place: TypeAlias = tuple[slice, slice]
"""Rows and columns of windows."""

_LEAST: Final = 0.03
"""Part of the variance that differs there."""
_TIMES: Final = 2.2
"""The same, in units of what differs elsewhere: of 222 pairs of copies of pages none reaches 2;
digits in print of 10 pixels reach 5, of 8 pixels mostly 2."""
_STILL: Final = 0.012
"""What differs elsewhere at least."""
_PLAIN: Final = 100.0
"""Variance of a window in which print is not pale."""
_PLACES: Final = 3
"""Places in which a copy differs most, of which the last says what differs elsewhere: a number may
be on a page twice."""
_AROUND: Final = (12, 20)
"""Windows above and below, left and right of a place that belong to it: a word."""


def standing_out(seen: Residual) -> Place | None:
    """Where most differs, if few places differ far more than all the others.

    Of all print, or of what is not pale; of places that both show: what only one does is told from
    how much that is.
    """
    found = (_standing_out(seen, least) for least in {seen.least, max(seen.least, _PLAIN)})
    return next((place for place in found if place is not None), None)


def _standing_out(seen: Residual, least: float) -> Place | None:
    both = seen.valid & (np.minimum(seen.contrast_a, seen.contrast_b) > least)
    differs = cv2.boxFilter(np.where(both, seen.ratio, 0).astype(np.float32), -1, (3, 3))
    peaks, places = [], []
    for _ in range(_PLACES):
        row, column = np.unravel_index(int(differs.argmax()), differs.shape)
        peaks.append(float(differs[row, column]))
        places.append((slice(int(row), int(row) + 1), slice(int(column), int(column) + 1)))
        if peaks[0] < _LEAST:
            return None
        high, wide = _AROUND
        rows = slice(max(0, int(row) - high), int(row) + high + 1)
        columns = slice(max(0, int(column) - wide), int(column) + wide + 1)
        differs[rows, columns] = 0
    return places[0] if peaks[0] > _TIMES * max(peaks[-1], _STILL) else None
