"""Whether the coarser of two pictures has enough pixels to show what the finer one does."""

from typing import Final

import numpy as np

from dedup._base.arrays import Grey
from dedup._base.opencv import cv2
from dedup._verification.reading.frame import Frame
from dedup._verification.reading.residual import WINDOW

__all__ = ["is_legible"]


_FINER: Final = 1.8
"""Pixels of the finer picture, for one of the coarser, from which it may show more: of 28 pages of
print of 8 and 12 pixels with another digit 20 passed for copies at half the size."""
_INK: Final = 100.0
_LOST: Final = 0.4
"""Part of a window's variance without which letters are not legible."""
_ILLEGIBLE: Final = 0.5
"""Part of the ink that is lost like that, from which nothing can be told."""


def is_legible(frame: Frame, finer: Grey) -> bool:
    """Whether the coarser picture can show what the finer one does: a thumbnail of a page can't."""
    if frame.ratio < _FINER:
        return True
    height, width = finer.shape
    small = max(1, round(width / frame.ratio)), max(1, round(height / frame.ratio))
    coarse = cv2.resize(finer, small, interpolation=cv2.INTER_AREA)
    back = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    side = round(WINDOW * frame.ratio) | 1
    exact = finer.astype(np.float32)
    lost = cv2.boxFilter((exact - back) ** 2, -1, (side, side))
    shown = cv2.boxFilter(exact**2, -1, (side, side)) - cv2.boxFilter(exact, -1, (side, side)) ** 2
    ink = shown > _INK
    return not ink.any() or float((lost[ink] > _LOST * shown[ink]).mean()) < _ILLEGIBLE
