"""How far the colours of one picture are from those of another that shows the same."""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.common_part import Mask
from dedup._verification.registration import Floats

__all__ = ["CHROMA", "contrast_of", "has_other_hues", "has_own", "is_toned", "tint_of"]

_STIFF: Final = 50.0
"""Variance, in grey values, of colours that say little about how they were changed."""
CHROMA: Final = np.array([[1, 0.5], [-1, 0.5], [0, -1]], np.float32)
"""From red, green and blue to red against green, and both against blue."""
_COLOURFUL: Final = 30.0
"""Chroma, in grey values, of what has a colour; and the part of it that a pale copy has left."""
_PALE: Final = 0.1
_HUE: Final = float(np.cos(np.radians(40)))
"""Brightness, contrast and gamma turn hues by less than this; another colour is farther away."""
_BESIDE: Final = 2
"""Pixels of the canvas by which a colour may lie beside its place."""
_RECOLOURED: Final = 0.004
"""Part of a picture that has other hues, from which it has colours of its own."""
_TONES: Final = (4, 251)
_TOLD: Final = 4.0
_CLIPPED: Final = 0.01
"""Grey values beyond which tones are lost; by which these are told apart; and the part of a picture
that was clipped, if so many were."""
_OWN_COLOURS: Final = 6.0
"""Standard deviation of colour, in grey values, that can be seen."""
_FEW_SQUARES: Final = 16
"""Squares of which colours are not compared."""
_TONED: Final = 0.12
"""Part of its chroma that light and dark do not tell, of a picture in one tone, at most."""


def tint_of(a: Floats, b: Floats) -> float:
    """Root mean square change of some colours, in grey values, shape (n, 3) each.

    By an affine map of colours, so that noise is no tint: least squares, drawn to no change where
    the colours do not say.

    Examples
    --------
    >>> grey = np.linspace(0, 255, 30)[:, None] * np.ones(3)
    >>> round(tint_of(grey, grey + 8))
    8
    """
    if len(a) == 0:
        return 0.0
    shift = (b - a).mean(axis=0)
    own, change = a - a.mean(axis=0), b - a - shift
    square = own.T @ own / len(a) + _STIFF * np.eye(3)
    matrix = np.linalg.solve(square, own.T @ change / len(a))
    return float(np.sqrt(((own @ matrix + shift) ** 2).mean()))


def has_other_hues(picture: Pixels, other: Pixels, alike: Mask) -> bool:
    """Whether a picture has colours where another has none, or those of another hue.

    Parameters
    ----------
    picture, other : ndarray, shape (height, width, 3), uint8
        Laid over each other.
    alike : ndarray of bool, shape (height, width)
        Where they show the same, but for colours.

    Examples
    --------
    >>> red = np.full((64, 64, 3), (200, 40, 40), np.uint8)
    >>> blue, dark_red = red[..., ::-1], red // 2
    >>> where = np.ones((64, 64), np.bool_)
    >>> has_other_hues(blue, red, where), has_other_hues(dark_red, red, where)
    (True, False)
    """
    side = 2 * _BESIDE + 1
    where = np.asarray(cv2.erode(alike.astype(np.uint8), np.ones((side, side), np.uint8)), np.bool_)
    own = picture.astype(np.float32) @ CHROMA
    places = np.flatnonzero(where & (_squared(own) > _COLOURFUL**2))
    height, width = where.shape
    own = own.reshape(-1, 2).take(places, axis=0)  # three times as fast as an index of rows
    few = _RECOLOURED * where.sum()
    steps = range(-_BESIDE, _BESIDE + 1)
    # Most pictures are told at the first place.
    for dy, dx in sorted(((y, x) for y in steps for x in steps), key=lambda yx: max(map(abs, yx))):
        if len(places) <= few:
            return False
        beside = places
        if dy or dx:
            y, x = np.divmod(places, width)
            beside = (y - dy) % height * width + (x - dx) % width
        its = other.reshape(-1, 3).take(beside, axis=0).astype(np.float32) @ CHROMA
        strength, its_strength = np.sqrt(_squared(own)), np.sqrt(_squared(its))
        along = own[:, 0] * its[:, 0] + own[:, 1] * its[:, 1]
        left = (its_strength < _PALE * strength) | (along < _HUE * strength * its_strength)
        places, own = places[left], own[left]
    return bool(len(places) > few)


def _squared(chroma: Floats) -> Floats:
    one, two = chroma[..., 0], chroma[..., 1]
    squared: Floats = one * one + two * two
    return squared


def is_toned(colours: Floats) -> bool:
    """Whether light and dark tell some colours, shape (n, 3), as in sepia, or there are none."""
    if len(colours) == 0:
        return True
    light = colours.mean(axis=1) / 128
    terms = np.stack([np.ones_like(light), light, light**2], axis=1)
    chroma = colours @ CHROMA
    fit, *_ = np.linalg.lstsq(terms, chroma, rcond=1e-4)
    beside, whole = (float((x**2).sum()) for x in (chroma - terms @ fit, chroma))
    return beside <= _TONED**2 * whole


def contrast_of(a: Floats, b: Floats) -> float:
    """Contrast of b in units of that of a, of small squares, unless it was clipped for that."""
    if len(a) < _FEW_SQUARES:
        return 1.0
    ratio = (float(b.std()) + 1) / (float(a.std()) + 1)
    lost = _lost(b, a) if ratio > 1 else _lost(a, b)
    return 1.0 if lost > _CLIPPED else ratio


def _lost(light: Floats, other: Floats) -> float:
    """Part of a picture's squares that are black or white, though the other tells them apart."""
    ends = [other[end] for end in (light < _TONES[0], light > _TONES[1]) if end.any()]
    apart = sum(int((abs(x - median(x)) > _TOLD).sum()) for x in ends)
    return apart / len(light)


def has_own(picture: Floats, other: Floats) -> bool:
    """Whether the differences between the channels are no smooth function of the other's colours.

    Grey and sepia give up what no function of them brings back; other tints do not.
    """
    if len(picture) < _FEW_SQUARES:
        return False
    chroma = picture @ np.array([[1, 0.5], [-1, 0.5], [0, -1]], np.float32)
    chroma = chroma - chroma.mean(axis=0)
    terms = np.column_stack([other, other**2 / 255, np.ones(len(other))]).astype(np.float64)
    fit, *_ = np.linalg.lstsq(terms, chroma, rcond=1e-6)
    left, own = (float(np.sqrt((x**2).sum(axis=1).mean())) for x in (chroma - terms @ fit, chroma))
    return left > max(_OWN_COLOURS, 0.6 * own)
