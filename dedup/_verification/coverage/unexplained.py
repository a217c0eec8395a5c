"""What of a picture's finest detail no filter of a smaller copy gives.

An upscale has nothing there but what filters made of the smaller picture, however much it was
sharpened; a picture that was reduced has what the smaller one lost. Upscalers and beauty filters
smooth texture and keep edges: so a median filter is among these.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.opencv import cv2
from dedup._verification.registration import Floats

__all__ = ["Tile", "share_beside", "share_unexplained"]

_BLURS: Final = (0.8, 1.5, 2.5)
"""Standard deviations of the blurs of which filters are made: any gain in each band between."""
_MEDIAN: Final = 5
_KEPT: Final = 1.5
"""Side of a median filter; and the standard deviation of the blur by which what it keeps is cut
off. Of 12 photos that were smoothed so, enlarged 1.5 to 3 times and sharpened, it explains a half
to nine tenths of what blurs do not; beside their copies at 25 to 66 % a twentieth. A bilateral
filter explains more, but also the sharp edges of what is drawn."""
_EDGE: Final = 8
"""Pixels along the edge that are not known from all sides."""

Tile = tuple[Floats, Floats, npt.NDArray[np.bool_]]
"""The same place of a picture and of another, the coarser one interpolated, and where they show the
same; all of shape (height, width)."""


def share_unexplained(tiles: Iterable[Tile]) -> float:
    """Part of the finest octave that no filter of the other gives, for the gain of what one gives.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(128, 20, (64, 64)).astype(np.float32)
    >>> small = np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.0))
    >>> sharpened = 3 * small - 2 * np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8))
    >>> where = np.ones((64, 64), np.bool_)
    >>> few, much = (share_unexplained([(x, small, where)]) for x in (sharpened, noise))
    >>> few < 0.1 * much
    True
    """
    left, given, other = _energies_of(tiles)
    return float(left / max(left + given, 1e-6) * (other / max(given, 1e-6)) ** 0.5)


def share_beside(tiles: Iterable[Tile]) -> float:
    """Part of the finest octave that no filter of the other gives, at any gain: 0 to 1."""
    left, given, _ = _energies_of(tiles)
    return float(left / max(left + given, 1e-6))


def _energies_of(tiles: Iterable[Tile]) -> list[float]:
    found: list[float] = np.sum([_energies(*tile) for tile in tiles], axis=0).tolist()
    return found


def _energies(picture: Floats, other: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    """Energies of the finest octave: what no filter gives, what a filter gives, and the other's."""
    inner = where.copy()
    inner[:_EDGE] = inner[-_EDGE:] = inner[:, :_EDGE] = inner[:, -_EDGE:] = False
    blurs = [other, *(np.asarray(cv2.GaussianBlur(other, (0, 0), sigma)) for sigma in _BLURS)]
    bands = np.stack([(one - two)[inner] for one, two in [*pairwise(blurs), *_smoothed(other)]])
    own, its = (_finest(x)[inner] for x in (picture, other))
    gains = np.linalg.solve(bands @ bands.T + 1e-3 * np.eye(len(bands)), bands @ own)
    given = gains @ bands
    return np.array([((own - given) ** 2).sum(), (given**2).sum(), (its**2).sum()], np.float32)


def _smoothed(picture: Floats) -> list[tuple[Floats, Floats]]:
    """Bands of what smooths texture and keeps edges, by their upper and lower end."""
    kept = np.asarray(cv2.medianBlur(picture, _MEDIAN), np.float32)
    return [(picture, kept), (kept, np.asarray(cv2.GaussianBlur(kept, (0, 0), _KEPT), np.float32))]


def _finest(picture: Floats) -> Floats:
    coarse = cv2.pyrUp(cv2.pyrDown(picture), dstsize=picture.shape[1::-1])
    return np.asarray(picture - coarse, np.float32)
