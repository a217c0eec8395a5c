"""What one of two pictures left transparent, though the other shows something there: no ground.

A cut-out that was laid over a ground shows nothing but this where the cut-out is transparent.
Where colours of a picture were made transparent, all dark ones perhaps, the other has them still.
"""

from typing import Final

import numpy as np

from dedup._base.arrays import Matrix
from dedup._base.opencv import cv2
from dedup._verification.reading.homography import laid_over
from dedup.pipelines.images.colours import BLACK, WHITE
from dedup.pipelines.images.decoding import Decoded

__all__ = ["erased_share"]

_CLEAR: Final = 8
"""Opacity, of 255, up to which nothing is seen of a pixel."""
_OTHER: Final = 12
_MOST: Final = 0.25
"""Grey values by which a pixel differs from a ground, and part of the transparent ones that may:
of cut-outs of four photos, laid over white and black as JPEG of quality 20 to 95, at most 0.11 do;
of eight photos whose dark colours were made transparent at least 0.5."""
_CORE: Final = 0.5
"""Part of the transparent pixels, at least, that have only such beside them: a colour of a palette
lies scattered."""


def erased_share(opaque: Decoded, clear: Decoded, to_clear: Matrix) -> float:
    """Part of an opaque picture that another one leaves transparent, and that is no ground.

    Parameters
    ----------
    opaque, clear : Decoded
        `clear` is transparent somewhere.
    to_clear : ndarray, shape (3, 3)
        From a place in `opaque` to the same place in `clear`, in parts of the width and height.
    """
    if clear.alpha is None:
        return 0.0
    (height, width), (rows, columns) = clear.alpha.shape, opaque.image.shape[:2]
    from_unit, to_unit = np.diag([columns, rows, 1.0]), np.diag([1 / width, 1 / height, 1.0])
    matrix, size = from_unit @ np.linalg.inv(to_clear) @ to_unit, (width, height)
    there = laid_over(opaque.image, matrix, size)
    whole = np.ones((rows, columns), np.uint8)
    seen = laid_over(whole, matrix, size, border=cv2.BORDER_CONSTANT) > 0
    hidden = (clear.alpha <= _CLEAR) & seen
    count = np.count_nonzero(hidden)
    if count == 0:
        return 0.0
    core = cv2.erode(hidden.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1)
    colours = there[hidden].astype(np.int16)
    other = min(float((abs(colours - x).max(axis=1) > _OTHER).mean()) for x in (WHITE, BLACK))
    is_ground = other <= _MOST and np.count_nonzero(core) >= _CORE * count
    return 0.0 if is_ground else count / max(int(np.count_nonzero(seen)), 1)
