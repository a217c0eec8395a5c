"""What one of two aligned pictures lost in white or black, where the other still shows it."""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import CommonPart, Mask
from dedup._verification.registration import Floats

__all__ = ["clipped"]

_WHITE: Final = 250
_BLACK: Final = 5
"""Values of all channels from which nothing is told apart."""
_SMOOTH: Final = 2.0
_AROUND: Final = np.ones((9, 9), np.uint8)
_FLAT: Final = 2.0
_SHOWN: Final = 8.0
"""Contrast, in grey values, at large: of what was lost at most, and of what is shown at least."""
_DARKER: Final = 2.0
"""What the darker one's contrast is taken for, in units of it, at most: it shows all with less."""


def clipped(common: CommonPart) -> Mask:
    """Where on the canvas a is white or black, and b shows something: it was exposed otherwise."""
    ends = ((_WHITE, 255), (0, _BLACK))
    white, black = (cv2.inRange(common.a, (low,) * 3, (high,) * 3) for low, high in ends)
    lost = (np.asarray(cv2.bitwise_or(white, black)) > 0) & common.inside & ~common.only_b
    if not lost.any():
        return lost
    lost &= _contrast(common.a) < _FLAT
    if not lost.any():
        return lost
    shown = _contrast(common.b)
    lost &= shown * _DARKER > _SHOWN
    if lost.any():  # else no gain would make it enough
        lost &= shown * _gain(common) > _SHOWN
    return lost


def _gain(common: CommonPart) -> float:
    """Contrast of what both show, in a in units of that in b; not less than 1."""
    if not common.alike.any():
        return 1.0
    a, b = (float(picture[common.alike].std()) + 1 for picture in (common.a, common.b))
    return min(max(a / b, 1.0), _DARKER)


def _contrast(picture: Pixels) -> Floats:
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), _SMOOTH)
    return np.asarray(
        cv2.subtract(cv2.dilate(smooth, _AROUND), cv2.erode(smooth, _AROUND)), np.float32
    )
