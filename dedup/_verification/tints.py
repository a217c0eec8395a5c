"""How far the colours of one picture are from those of another that shows the same."""

from typing import Final

import numpy as np

from dedup._base.median import median
from dedup._verification.registration import Floats

__all__ = ["CHROMA", "FEW_SQUARES", "contrast_of", "is_toned", "tint_of", "vividness_of"]

_STIFF: Final = 50.0
"""Variance, in grey values, of colours that say little about how they were changed."""
CHROMA: Final = np.array([[1, 0.5], [-1, 0.5], [0, -1]], np.float32)
"""From red, green and blue to red against green, and both against blue."""
_TONES: Final = (4, 251)
_TOLD: Final = 4.0
_CLIPPED: Final = 0.01
"""Grey values beyond which tones are lost; by which these are told apart; and the part of a picture
that was clipped, if so many were."""
FEW_SQUARES: Final = 16
"""Squares of which colours are not compared."""
_COLOURED: Final = 6.0
"""Chroma, in grey values, of a picture whose colours are to be seen."""
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


def vividness_of(a: Floats, b: Floats) -> float:
    """How colourful b is in units of a, of small squares, shape (n, 3); 1 if neither has colours.

    A few vivid things on a grey ground are hardly any tint of the whole.

    Examples
    --------
    >>> red = np.tile([200.0, 80.0, 80.0], (20, 1))
    >>> pale = 0.4 * red + 0.6 * red.mean()
    >>> round(vividness_of(red, pale), 3), vividness_of(red * 0 + 9, red * 0 + 200)
    (0.404, 1.0)
    """
    if len(a) < FEW_SQUARES:
        return 1.0
    own, other = (float(np.sqrt(((x @ CHROMA) ** 2).sum(axis=1).mean())) for x in (a, b))
    return (other + 1) / (own + 1) if max(own, other) > _COLOURED else 1.0


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
    if len(a) < FEW_SQUARES:
        return 1.0
    ratio = (float(b.std()) + 1) / (float(a.std()) + 1)
    lost = _lost(b, a) if ratio > 1 else _lost(a, b)
    return 1.0 if lost > _CLIPPED else ratio


def _lost(light: Floats, other: Floats) -> float:
    """Part of a picture's squares that are black or white, though the other tells them apart."""
    ends = [other[end] for end in (light < _TONES[0], light > _TONES[1]) if end.any()]
    apart = sum(int((abs(x - median(x)) > _TOLD).sum()) for x in ends)
    return apart / len(light)
