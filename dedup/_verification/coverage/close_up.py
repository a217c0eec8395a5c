"""Two aligned pictures, laid over each other at the resolution that both have, in one tone.

The canvas of `common_part` is too small for letters, and for what is in focus.
"""

from typing import Final, NamedTuple

import numpy as np

from dedup._base.arrays import Grey, Matrix, Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import CommonPart, Mask, changed, tones
from dedup._verification.features import grey_of
from dedup._verification.reading.frame import Frame, frame_of
from dedup._verification.reading.homography import laid_over, registered
from dedup._verification.registration import Floats, on_whole_pixels

__all__ = ["CLIPPED", "CloseUp", "close_up"]

_LONG, _SHORT = 1000, 750
"""Pixels of the longer, or the shorter, side at which they are compared: print on a long strip is
as small as on a page of its width."""
CLIPPED: Final = (4, 251)
"""Grey values beyond which tones are lost."""
_COARSER: Final = 0.999
"""Growth of a picture below which the other one has fewer pixels."""


class CloseUp(NamedTuple):
    """What two pictures have in common, in the pixels of the one that has fewer.

    Attributes
    ----------
    base, other : ndarray, shape (height, width)
        The one with fewer pixels, and the other one laid over it.
    inside : ndarray of bool, shape (height, width)
        Where both are seen.
    to_canvas : ndarray, shape (3, 3)
        From pixels to those of the common part's canvas.
    is_swapped : bool
        Whether the second picture is the one with fewer pixels.
    """

    base: Floats
    other: Floats
    inside: Mask
    to_canvas: Matrix
    is_swapped: bool

    def laid(self, mask: Mask) -> Mask:
        """A part of the canvas."""
        if not mask.any():
            return np.zeros_like(self.inside)
        height, width = self.inside.shape
        return _laid(mask, self.to_canvas, (width, height))

    def in_order(self, of_base: float, of_other: float) -> tuple[float, float]:
        """What was measured of these, of the first and the second picture."""
        return (of_other, of_base) if self.is_swapped else (of_base, of_other)


def close_up(a: Pixels, b: Pixels, common: CommonPart) -> CloseUp | None:
    """Lay two pictures over each other; None where too little is left.

    Parameters
    ----------
    a, b : ndarray, shape (height, width, 3), uint8
    common : CommonPart
    """
    canvas_a, canvas_b = (
        np.diag([picture.shape[1], picture.shape[0], 1.0]) @ to
        for picture, to in ((a, common.to_a), (b, common.to_b))
    )
    to_b = np.asarray(canvas_b @ np.linalg.inv(canvas_a), np.float64)
    if abs(np.linalg.det(to_b[:2, :2])) < _COARSER:
        seen = close_up(b, a, common.swapped())
        return None if seen is None else seen._replace(is_swapped=True)
    short, long = sorted(a.shape[:2])
    frame = frame_of(grey_of(a), grey_of(b), to_b, most=max(_LONG, _SHORT * long // short))
    if frame is None:
        return None
    size = frame.base.shape[1], frame.base.shape[0]
    to_other, how = _registered(frame, size)
    other = laid_over(frame.other, to_other, size, how=how)
    to_canvas = np.asarray(np.linalg.inv(canvas_a) @ frame.to_base, np.float64)
    inside = _laid(common.inside, to_canvas, size)
    return CloseUp(*_in_one_tone(frame.base, other, inside), inside, to_canvas, is_swapped=False)


def _laid(mask: Mask, to_canvas: Matrix, size: tuple[int, int]) -> Mask:
    laid = laid_over(mask.astype(np.uint8), to_canvas, size, border=cv2.BORDER_CONSTANT)
    return np.asarray(laid > 0, np.bool_)


def _registered(frame: Frame, size: tuple[int, int]) -> tuple[Matrix, int]:
    """The map to the other picture, to a part of a pixel: of whole ones, if none was cut away.

    And how pixels are interpolated for that: not at all, of whole ones.
    """
    centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    index = np.linalg.inv(centre) @ frame.to_other @ centre
    whole = on_whole_pixels(index, size=size)
    if whole is not index and sorted(frame.base.shape) == sorted(frame.other.shape):
        to_other = np.asarray(centre @ whole @ np.linalg.inv(centre), np.float64)
        return to_other, cv2.INTER_NEAREST
    return registered(frame.base, frame.other, frame.to_other, nearly=True), cv2.INTER_CUBIC


def _in_one_tone(a: Grey, b: Grey, inside: Mask) -> tuple[Floats, Floats]:
    """Both in the tones of the one of which more was clipped: the other's can be clipped, too."""
    clipped_a, clipped_b = (
        np.count_nonzero(inside & ((grey < CLIPPED[0]) | (grey > CLIPPED[1]))) for grey in (a, b)
    )
    one, two = a.astype(np.float32), b.astype(np.float32)
    if clipped_a > clipped_b:
        return one, changed(b, tones(two, one, inside))
    return changed(a, tones(one, two, inside)), two
