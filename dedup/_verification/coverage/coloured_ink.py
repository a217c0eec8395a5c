"""What has another hue in one of two aligned pictures, and is as light as what is in the other.

A date in orange is hardly lighter or darker than a photo, nor a red lamp than a green one: all that
tells them is their colour. Edits change colours, too, but those of the whole picture in one way.
"""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.median import median
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
"""Distance from all colours there, in grey values. Of 30 photos in 31 edits each 16 copies, most
of them clipped or in a palette, have places that are so far; of twelve in few colours none. Of 90
photos with a lamp of 12 to 40 pixels in two colours these and `has_own_colours` tell all.
"""
_HUE: Final = float(np.cos(np.radians(40)))
_PALE: Final = 0.35
"""A colour is another one if its hue is farther away, or so much of it, at most, is there."""
_LEAST: Final = 8
"""Places side by side."""
_GROWN: Final = np.ones((7, 7), np.uint8)
_SAMPLED: Final = 11
_FEW: Final = 200
_LEAST_TOLD: Final = 1e-8
"""Each eleventh place is asked how the colours of one become the other's, if there are so many; and
the variance that a mixture of them has, at least, in units of the largest one."""
_ROUNDS: Final = 3
_APART: Final = 6.0
"""Times that they are asked again, those that stand out less; and by how many grey values, or by
twice the usual, a place does."""
_STIFF: Final = 1e-4
"""Variance of colours, in units of 128 grey values, that say little about how they were changed."""


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
    terms = _terms(other)
    places = np.flatnonzero(where)[::_SAMPLED]
    known, wanted = (x.reshape(where.size, -1).take(places, axis=0) for x in (terms, own))
    inked = where & _is_apart(own, terms @ _as_most(known, wanted))
    if inked.sum() < _LEAST:
        return 0.0
    # What stands out may be all that has a colour: then an edit of that has to turn its hue.
    its = terms @ _as_all(known, wanted)
    inked &= _is_apart(own, its) | _is_other(own, other.astype(np.float32) @ CHROMA)
    grown = np.asarray(cv2.dilate(inked.astype(np.uint8), _GROWN), np.uint8)
    _, labels = cv2.connectedComponents(grown)
    sizes = np.bincount(np.asarray(labels, np.int32)[inked])
    return float(sizes[sizes >= _LEAST].sum() / where.sum())


def _is_apart(own: Floats, its: Floats) -> Mask:
    """Where colours are far from all that are near in the other."""
    apart = np.asarray(cv2.absdiff(own, its))
    if (np.maximum(apart[..., 0], apart[..., 1]) > _OTHER).sum() < _LEAST:
        return np.zeros(own.shape[:2], np.bool_)
    beyond = np.maximum(own - cv2.dilate(its, _BESIDE), cv2.erode(its, _BESIDE) - own)
    return np.asarray(np.maximum(beyond[..., 0], beyond[..., 1]) > _OTHER)


def _is_other(own: Floats, its: Floats) -> Mask:
    """Where colours have another hue, or the other has hardly any."""
    strength, its_strength = (np.hypot(x[..., 0], x[..., 1]) for x in (own, its))
    along = own[..., 0] * its[..., 0] + own[..., 1] * its[..., 1]
    is_other = along < _HUE * strength * its_strength
    return np.asarray(is_other | (its_strength < _PALE * strength), np.bool_)


def _terms(colours: Pixels) -> Floats:
    """What is mixed to turn colours into others, shape (height, width, 7)."""
    terms = np.ones((*colours.shape[:2], 7), np.float32)
    for channel, values in enumerate(cv2.split(colours)):
        scaled = np.asarray(values, np.float32) / 128
        terms[..., channel] = scaled
        np.multiply(scaled, scaled, out=terms[..., 3 + channel])
    return terms


def _as_most(known: Floats, wanted: Floats) -> Floats:
    """How an edit of all of it made colours of the other's terms, as most places say.

    For a lamp may be all that is green, and red in the other. Where they say nothing, not at all.
    """
    kept = np.zeros((known.shape[1], 2), np.float32)
    kept[: len(CHROMA)] = 128 * CHROMA
    fit, change = kept, wanted - known @ kept
    for _ in range(_ROUNDS):
        left = wanted - known @ fit
        squared = left[:, 0] * left[:, 0] + left[:, 1] * left[:, 1]
        usual = max(_APART**2, 4 * median(squared))
        weight = 1 / (1 + squared / usual)
        weighted = known * (weight * weight)[:, None]
        square = weighted.T @ known + _STIFF * len(known) * np.eye(len(kept), dtype=np.float32)
        fit = kept + np.linalg.solve(square, weighted.T @ change).astype(np.float32)
    return fit


def _as_all(known: Floats, wanted: Floats) -> Floats:
    """The same, as all places say."""
    known = known.astype(np.float64)
    # Terms that tell nothing of their own, as those of a grey picture, are left out.
    square = np.linalg.pinv(known.T @ known, rcond=_LEAST_TOLD, hermitian=True)
    return np.asarray(square @ (known.T @ wanted), np.float32)
