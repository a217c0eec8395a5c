"""Letters of another hue that lie over one of two aligned pictures, as light as what is below.

A date in orange is hardly lighter or darker than a photo: all that tells it is its colour.
"""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import Mask
from dedup._verification.registration import Floats
from dedup._verification.tints import CHROMA

__all__ = ["coloured_ink"]

_BESIDE: Final = np.ones((5, 5), np.uint8)
"""Places of the canvas at which a colour may lie, as encoders blur it."""
_EDGE: Final = np.ones((11, 11), np.uint8)
"""The same along the edge of what both show, which is not known to the pixel."""
_OTHER: Final = 50.0
"""Distance from all colours there, in grey values. Of 25 photos in twelve edits, the eighth
farthest place of a copy is at most 37 away; under dates in orange, red and blue mostly 65 to 140.
"""
_LEAST: Final = 8
"""Places side by side."""
_GROWN: Final = np.ones((7, 7), np.uint8)
_SAMPLED: Final = 5
_FEW: Final = 200
_LEAST_TOLD: Final = 1e-8
"""Each fifth place is asked how the colours of one become the other's, if there are so many; and
the variance that a mixture of them has, at least, in units of the largest one."""


def coloured_ink(picture: Pixels, other: Pixels, alike: Mask) -> float:
    """Part of what is alike in which a picture has a colour that the other has nowhere near.

    Parameters
    ----------
    picture, other : ndarray, shape (height, width, 3), uint8
        Laid over each other.
    alike : ndarray of bool, shape (height, width)
        Where they show the same, but for colours.

    Examples
    --------
    >>> grey = np.full((64, 64, 3), 150, np.uint8)
    >>> dated = grey.copy()
    >>> dated[40:43, 20:40] = 240, 130, 20
    >>> where = np.ones((64, 64), np.bool_)
    >>> coloured_ink(dated, grey, where) > 0, coloured_ink(grey, dated, where) > 0
    (True, False)
    """
    where = np.asarray(cv2.erode(alike.astype(np.uint8), _EDGE, borderValue=0), np.bool_)
    if where.sum() < _FEW:
        return 0.0
    own = picture.astype(np.float32) @ CHROMA
    its = _as_own(own, other, where)
    apart = np.asarray(cv2.absdiff(own, its))
    if (where & (np.maximum(apart[..., 0], apart[..., 1]) > _OTHER)).sum() < _LEAST:
        return 0.0  # nor are they farther from all that is near
    beyond = np.maximum(own - cv2.dilate(its, _BESIDE), cv2.erode(its, _BESIDE) - own)
    inked = where & (np.maximum(beyond[..., 0], beyond[..., 1]) > _OTHER)
    if inked.sum() < _LEAST:
        return 0.0
    grown = np.asarray(cv2.dilate(inked.astype(np.uint8), _GROWN), np.uint8)
    _, labels = cv2.connectedComponents(grown)
    sizes = np.bincount(np.asarray(labels)[inked])
    return float(sizes[sizes >= _LEAST].sum() / where.sum())


def _as_own(own: Floats, other: Pixels, where: Mask) -> Floats:
    """The other's colours as edits of all of it turned them into a picture's own."""
    terms = np.ones((*where.shape, 7), np.float32)
    for channel, values in enumerate(cv2.split(other)):
        scaled = np.asarray(values, np.float32) / 128
        terms[..., channel] = scaled
        np.multiply(scaled, scaled, out=terms[..., 3 + channel])
    places = np.flatnonzero(where)[::_SAMPLED]
    known, wanted = (x.reshape(where.size, -1).take(places, axis=0) for x in (terms, own))
    known = known.astype(np.float64)
    # Terms that tell nothing of their own, as those of a grey picture, are left out.
    square = np.linalg.pinv(known.T @ known, rcond=_LEAST_TOLD, hermitian=True)
    fit = (square @ (known.T @ wanted)).astype(np.float32)
    return np.asarray(terms @ fit, np.float32)
