"""What two registered pictures both show, cut out of each."""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2
from dedup._verification.registration import Matrix

__all__ = ["overlap_of"]

_LEAST: Final = 16
"""Pixels of a side, below which an overlap shows nothing."""


def overlap_of(a: Pixels, b: Pixels, transform: Matrix) -> tuple[Pixels, Pixels] | None:
    """The overlap as each of two pictures shows it, of one size; None if it is too small.

    It is cut out of the picture that it covers more of, and the other one is laid over that.

    Parameters
    ----------
    a, b : ndarray, shape (height, width, 3), uint8
    transform : ndarray, shape (2, 3)
        From a place in a, in parts of its width and height, to the same place in b.

    Examples
    --------
    >>> ramp = np.arange(64, dtype=np.uint8)[:, None] * np.ones((48, 1, 3), np.uint8)
    >>> right_half = np.array([[2.0, 0, -1], [0, 1, 0]])
    >>> one, other = overlap_of(ramp, ramp[:, 32:], right_half)
    >>> one.shape, int(np.abs(one.astype(int) - other).max())
    ((48, 32, 3), 0)
    """
    to_b = np.vstack([transform, [0, 0, 1]])
    if abs(np.linalg.det(to_b)) <= 1:
        return _cut(a, b, to_b)
    both = _cut(b, a, np.linalg.inv(to_b))
    return None if both is None else both[::-1]


def _cut(frame: Pixels, other: Pixels, to_other: Matrix) -> tuple[Pixels, Pixels] | None:
    (height, width), (h, w) = frame.shape[:2], other.shape[:2]
    square = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]])
    there = (square @ np.linalg.inv(to_other).T)[:, :2].clip(0, 1) * (width, height)
    left, top = np.floor(there.min(axis=0) + 1e-6).astype(int)
    right, bottom = np.ceil(there.max(axis=0) - 1e-6).astype(int)
    if min(right - left, bottom - top) < _LEAST:
        return None
    # Pixel i is centred at i + 0.5; of a finer picture, means of pixels are laid over the frame.
    pixels = np.diag([w, h, 1.0]) @ to_other @ np.diag([1 / width, 1 / height, 1.0])
    finer = max(1.0, float(np.abs(np.linalg.det(pixels[:2, :2]))) ** 0.5)
    small = max(1, round(w / finer)), max(1, round(h / finer))
    if finer > 1:
        other = np.asarray(cv2.resize(other, small, interpolation=cv2.INTER_AREA), np.uint8)
    pixels = np.diag([small[0] / w, small[1] / h, 1.0]) @ pixels
    corner = np.array([left + 0.5, top + 0.5, 1.0])
    to_index = pixels[:2].copy()
    to_index[:, 2] = pixels[:2] @ corner - 0.5
    laid = cv2.warpAffine(
        other,
        to_index,
        (int(right - left), int(bottom - top)),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return frame[top:bottom, left:right], np.asarray(laid, np.uint8)
