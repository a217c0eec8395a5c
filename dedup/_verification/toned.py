"""A picture in the tones of another one, laid over it: a darker copy has no more or less detail."""

from functools import cached_property

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import changed
from dedup._verification.registration import Floats, Matrix

__all__ = ["Toned"]


class Toned:
    """A grey picture in the tones of another one, seen from that one's pixels.

    Parameters
    ----------
    picture : ndarray, uint8
    tones : ndarray, shape (256,)
        What each grey value becomes.
    pixels : ndarray, shape (3, 3)
        From the other one's pixels to those of this one.

    Attributes
    ----------
    is_exact : bool
        Whether pixel lies on pixel.
    """

    def __init__(self, picture: Pixels, tones: Floats, pixels: Matrix) -> None:
        self._picture = picture
        self._tones = tones
        self._pixels = pixels
        self.is_exact = bool((pixels == np.rint(pixels)).all())
        self._is_upright = self.is_exact and bool((pixels[:2, :2] == np.eye(2)).all())

    def tile(self, box: tuple[int, int, int, int]) -> Floats:
        """What lies in a box of the other picture: left, top, width and height.

        Interpolated, unless pixel lies on pixel; a part of the picture itself, if it is upright.
        """
        x, y, w, h = box
        left, top = x + int(self._pixels[0, 2]), y + int(self._pixels[1, 2])
        height, width = self._picture.shape
        if self._is_upright and min(left, top) >= 0 and left + w <= width and top + h <= height:
            return changed(self._picture[top : top + h, left : left + w], self._tones)
        matrix = self._pixels @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
        how = cv2.INTER_NEAREST if self.is_exact else cv2.INTER_LANCZOS4
        flags, border = how | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT
        there = cv2.warpAffine(self._whole, matrix[:2], (w, h), flags=flags, borderMode=border)
        return np.asarray(there, np.float32).clip(0, 255)

    @cached_property
    def _whole(self) -> Floats:
        return changed(self._picture, self._tones)
