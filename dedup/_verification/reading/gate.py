"""Drawn or photographed: how many tones the windows of a picture have, and where its ink is.

A page has few tones, and a ground that most of each window shows, also where paper is grey and
noisy: tones are counted in steps that grow with the noise of the flattest places.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Floats, Grey
from dedup._base.opencv import cv2

__all__ = ["PHOTOGRAPHIC", "Tones", "is_paper", "is_photo", "photographic", "tones"]


PHOTOGRAPHIC: Final = 1.5
"""From here on a picture is a photo: no drawn, printed or scanned page of the fitting half
reaches it, and nine of ten photos do."""

_STROKE: Final = 9
"""Pixels of about 67,000 within which print leaves some paper bare."""
_SHEET: Final = 0.09
_FAINTEST: Final = 5.0
"""Within which paper is of one tone with what is around it: a part of what the picture spans, and
grey values at least."""
_LIGHT: Final = 96
_AROUND: Final = 1 / 12
_COARSER: Final = 4
"""Part of the longer side across which a ground is smoothed; in pixels of this side, as a blur
that wide shows nothing finer."""
_BARE: Final = 0.98
"""Part of paper that is of that tone, once all print is taken off it: pages of small print have
0.99, whatever the noise, and of 300 photos the flattest has 0.93."""
_STEP: Final = 8.0
"""Grey values of one tone where there is no noise."""
_NOISE_STEPS: Final = 5.0
"""A tone in standard deviations of the noise."""
_MOST_NOISE: Final = 6.0
_STILL: Final = 1.5
"""Grey values a pixel, the least slope that counts where there is no noise."""
_GENTLE: Final = (0.05, 0.35)
"""Slopes, in parts of the steepest around, between which one is gentle: no edge that was drawn."""
_INK: Final = 4
"""Tones that a window spans, but for its extreme 3 %, if something is drawn in it."""
_COEFFICIENTS: Final = {
    "ink": -6.02,
    "entropy": 6.07,
    "ground": -12.10,
    "many_tones": 11.64,
    "edges": 5.44,
    "noise": 0.64,
    "flat": 0.21,
}
_INTERCEPT: Final = -0.5


@dataclass(frozen=True)
class Tones:
    """The tones of overlapping square windows, two cells a side.

    Attributes
    ----------
    cell : int
        Distance of neighbouring windows, in pixels.
    span : ndarray of int, shape (rows, columns)
        Tones between the darkest and the lightest.
    entropy : ndarray, shape (rows, columns)
        Of the tones, as a part of what it could be in that span: 0.3 where drawn, 0.9 in photos.
    ground : ndarray, shape (rows, columns)
        Part of a window that shows its two commonest neighbouring tones.
    noise : float
        Standard deviation of the flattest places.
    grey : ndarray, uint8
        The picture, denoised.
    """

    cell: int
    span: npt.NDArray[np.int64]
    entropy: Floats
    ground: Floats
    noise: float
    grey: Grey = field(repr=False)

    @property
    def ink(self) -> npt.NDArray[np.bool_]:
        """Windows that show something."""
        ink: npt.NDArray[np.bool_] = self.span >= _INK
        return ink

    @cached_property
    def still(self) -> Floats:
        """Part of a window where the tone hardly changes: large where drawn on flat ground."""
        still = self._slope < max(_STILL, self.noise)
        return _windows(still.astype(np.float32), self.cell)

    @cached_property
    def soft(self) -> Floats:
        """Part of a window's slopes that is gentle: small where drawn, also on a dark ground."""
        slope = np.maximum(self._slope - max(1.0, self.noise), 0)
        side = 2 * self.cell + 1
        steepest = np.asarray(cv2.dilate(slope, np.ones((side, side), np.uint8)), np.float32)
        least, most = _GENTLE
        sloping = slope > least * steepest
        gentle = sloping & (slope < most * steepest)
        part = (_windows(x.astype(np.float32), self.cell) for x in (gentle, sloping))
        soft: Floats = next(part) / (next(part) + np.float32(1e-3))
        return soft

    @cached_property
    def _slope(self) -> Floats:
        dx = cv2.Sobel(self.grey, cv2.CV_32F, 1, 0, scale=1 / 8)
        dy = cv2.Sobel(self.grey, cv2.CV_32F, 0, 1, scale=1 / 8)
        return np.asarray(cv2.magnitude(dx, dy), np.float32)


def tones(grey: Grey, *, cell: int, denoised: bool = False) -> Tones | None:
    """Count the tones of a picture; None where it is smaller than a window.

    `denoised` says that it went through a median of 3 x 3.
    """
    rows, columns = (side // cell for side in grey.shape)
    if min(rows, columns) < 2:
        return None
    clean = grey if denoised else np.asarray(cv2.medianBlur(grey, 3), np.uint8)
    clean = np.ascontiguousarray(clean[: rows * cell, : columns * cell])
    cells = clean.reshape(rows, cell, columns, cell).transpose(0, 2, 1, 3).reshape(-1, cell**2)
    noise = min(_MOST_NOISE, float(np.percentile(cells.std(axis=1, dtype=np.float32), 15)))
    step = max(_STEP, _NOISE_STEPS * noise)
    count = int(255 / step) + 1
    table = (np.arange(256) / step).astype(np.int64)
    places = np.arange(len(cells))[:, None] * count + table.take(cells)
    flat = np.bincount(places.ravel(), minlength=len(cells) * count)
    counts = flat.reshape(rows, columns, count)
    windows = counts[:-1, :-1] + counts[1:, :-1] + counts[:-1, 1:] + counts[1:, 1:]
    shares = (windows / (4 * cell**2)).astype(np.float32)
    below = shares.cumsum(axis=2, dtype=np.float64)
    span = (below < 0.97).sum(axis=2) - (below < 0.03).sum(axis=2)
    entropy = -(shares * np.log2(shares + 1e-9)).sum(axis=2) / np.log2(np.maximum(span, 1) + 1)
    ground = (shares[..., :-1] + shares[..., 1:]).max(axis=2)
    return Tones(cell, span, entropy.astype(np.float32), ground, noise, clean)


def _windows(values: Floats, cell: int) -> Floats:
    """Means over the windows."""
    height, width = values.shape
    size = width // cell, height // cell
    cells = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
    means: Floats = cells[:-1, :-1] + cells[1:, :-1] + cells[:-1, 1:] + cells[1:, 1:]
    return means * np.float32(0.25)


def photographic(grey: Grey) -> float:
    """How surely a picture is a photo, all over; denoised, in about 67,000 pixels.

    Examples
    --------
    >>> page = np.full((300, 240), 255, np.uint8)
    >>> page[40:44, 20:200] = 0
    >>> photographic(page) < PHOTOGRAPHIC
    True
    """
    seen = tones(grey, cell=8, denoised=True)
    if seen is None or not seen.ink.any():
        return -np.inf
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    slopes = (dx * dx + dy * dy).ravel()
    tenth = len(slopes) // 10
    steepest = np.partition(slopes, -tenth)[-tenth:]
    ink = seen.ink
    figures = {
        "ink": ink.mean(),
        "entropy": seen.entropy[ink].mean(),
        "ground": seen.ground[ink].mean(),
        "many_tones": (ink & (seen.entropy > 0.7) & (seen.ground < 0.6)).mean(),
        "edges": steepest.sum() / (slopes.sum() + 1),
        "noise": seen.noise,
        "flat": (seen.span <= 1).mean(),
    }
    return float(_INTERCEPT + sum(_COEFFICIENTS[name] * x for name, x in figures.items()))


def is_paper(grey: Grey) -> bool:
    """Whether all is print on one even ground, of light paper; given as to `photographic`.

    At that size small print has as many tones as a photo, but what is between its letters is even.

    Examples
    --------
    >>> page = np.full((300, 240), 255, np.uint8)
    >>> page[40:200:5, 20:200:3] = 90
    >>> is_paper(page)
    True
    """
    counts = np.asarray(cv2.calcHist([grey], [0], None, [256], [0, 256]), np.float32)
    ranks = np.array([0.005, 0.5, 0.995]) * grey.size
    least, middle, most = np.searchsorted(counts.ravel().cumsum(), ranks).tolist()
    if middle <= _LIGHT:
        return False
    tone = max(_FAINTEST, _SHEET * (most - least))
    bare = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((_STROKE, _STROKE), np.uint8))
    bare = np.asarray(bare, np.float32)
    height, width = bare.shape
    size = max(1, width // _COARSER), max(1, height // _COARSER)
    small = cv2.resize(bare, size, interpolation=cv2.INTER_AREA)
    even = cv2.GaussianBlur(small, (0, 0), _AROUND * max(size))
    apart = cv2.absdiff(bare, cv2.resize(even, (width, height)))
    return float((np.asarray(apart) < tone).mean()) > _BARE


def is_photo(grey: Grey) -> bool:
    """Whether a picture, given as to `photographic`, is surely a photo.

    No noisy scan of small print, be it light or dark.
    """
    return photographic(grey) >= PHOTOGRAPHIC and not (is_paper(grey) or is_paper(255 - grey))
