"""What of one picture the other does not explain, window by window, each about a letter wide."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Floats, Grey, Mask
from dedup._base.median import median
from dedup._base.opencv import cv2

__all__ = ["LEAST_CUT", "MOST_CUT", "STRIDE", "WINDOW", "Residual", "residual", "smoothed"]

_Picture = TypeVar("_Picture", Grey, Floats)

WINDOW: Final = 11
"""Side of a window: 7 trips over the aliasing of thin lines, 15 dilutes a digit."""
STRIDE: Final = 2
"""Distance of the windows' centres."""
_SMOOTH: Final = 0.8
_CONTRAST: Final = 100.0
_NOISE: Final = 6.0
"""Variance below which a window shows nothing, and what noise adds to that, in units of its own."""
_PALE: Final = (25.0, 4.0)
"""The same where all print is pale: there JPEG leaves less around it."""
_DARK: Final = (500.0, 2000.0)
"""Variance of the darkest tenth of the ink: where it is pale, and from where on it is not."""
_GAIN: Final = 1.4
"""Most by which a window's own contrast may differ from that of its surroundings."""
_SPARSE: Final = 3
"""Distance, in windows, of those that say so: it changes slowly."""
LEAST_CUT: Final = 0.12
MOST_CUT: Final = 0.25
"""The ratio from which a window has changed: less where all others agree."""
_LOUDEST: Final = 400.0
"""Variance of noise at most, which smoothing leaves of a standard deviation of 58: what differs
more in most windows, as two bar codes, is no noise."""
_OUTLIER: Final = 3.0
"""A window has changed if it differs so many times as much as 98 % of the pair's windows."""


@dataclass(frozen=True, slots=True)
class Residual:
    """Two pictures of one size, compared in windows; arrays of shape (rows, columns).

    Attributes
    ----------
    ratio : ndarray
        Part of a window's variance that the other does not explain: 0 where equal up to light
        and contrast, 1 where only one shows something, 2 where they are unlike.
    valid : ndarray of bool
        Whether both cover the window, and one shows something there.
    covered : ndarray of bool
        Whether both cover the window.
    contrast_a, contrast_b : ndarray
        Variances.
    least : float
        Variance from which a window shows something.
    pale : bool
        All print is pale: what differs by little may be another digit.
    likeness : ndarray
        Correlation, -1 to 1.
    noise : float
        What the least that differs is, as a variance.
    cut : float
        From this ratio on a window has changed.
    """

    ratio: Floats
    valid: Mask
    covered: Mask
    contrast_a: Floats
    contrast_b: Floats
    least: float
    pale: bool
    likeness: Floats
    noise: float
    cut: float

    @property
    def changed(self) -> Mask:
        """Windows that have changed."""
        changed: Mask = self.valid & (self.ratio > self.cut)
        return changed


def smoothed(picture: _Picture) -> _Picture:
    """A picture as it is compared: half a pixel of misregistration then matters less."""
    return cast(_Picture, cv2.GaussianBlur(picture, (0, 0), _SMOOTH))


def residual(
    a: Grey | Floats,
    b: Grey | Floats,
    covered: Mask,
    *,
    fine: Floats | None = None,
    noise: float = 0.0,
    may_be_pale: bool = False,
    is_pale: bool = False,
) -> Residual:
    """Compare two smoothed pictures; `fine`, of the windows, is energy that aliasing explains.

    `may_be_pale` says that where all print is pale, what is as pale counts; `is_pale`, that it
    counts whatever else is there.
    """
    means, squares = _in_windows(cv2.boxFilter, a.shape), _in_windows(cv2.sqrBoxFilter, a.shape)
    mean_a, mean_b = means(a), means(b)
    contrast_a, contrast_b = squares(a) - mean_a**2, squares(b) - mean_b**2
    difference = squares(cv2.absdiff(a, b)) - (mean_a - mean_b) ** 2
    shared = (contrast_a + contrast_b - difference) / 2
    contrast_a, contrast_b = np.maximum(contrast_a, 0), np.maximum(contrast_b, 0)
    likeness = shared / np.sqrt(contrast_a * contrast_b + 1)
    gain = _gain(contrast_a, contrast_b, likeness, covered)
    own = np.sqrt((contrast_a + 1) / (gain**2 * contrast_b + 1)).clip(1 / _GAIN, _GAIN)
    gain = gain * own
    scaled = gain**2 * contrast_b
    left = np.maximum(contrast_a + scaled - 2 * gain * shared, 0)
    usual = median(left[covered]) if covered.any() else 0.0
    noise = max(noise, min(usual, _LOUDEST))
    stronger = np.maximum(contrast_a, scaled)
    strongest = _strongest(stronger[covered], noise) if may_be_pale else np.inf
    faint, of_noise = (
        ends[0] if is_pale else float(np.interp(strongest, _DARK, ends))
        for ends in zip(_PALE, (_CONTRAST, _NOISE), strict=True)
    )
    least = faint + of_noise * noise
    ratio = left / (stronger + faint / 4 + 3 * noise + (0 if fine is None else 2 * fine))
    valid = covered & (stronger > least)
    usual = float(np.percentile(ratio[valid], 98)) if valid.any() else 0.0
    cut = min(MOST_CUT, max(LEAST_CUT, _OUTLIER * usual))
    pale = faint < _CONTRAST
    return Residual(
        ratio, valid, covered, contrast_a, contrast_b, least, pale, likeness, noise, cut
    )


def _strongest(variances: Floats, noise: float) -> float:
    """Variance of the darkest tenth of the ink."""
    ink = variances[variances > _PALE[0] + _NOISE * noise]
    return float(np.percentile(ink, 90)) if len(ink) else np.inf


def _in_windows(
    mean: Callable[..., npt.NDArray[Any]], shape: tuple[int, ...]
) -> Callable[[npt.NDArray[Any]], Floats]:
    """What takes means over the windows; all in one memory, as fresh one takes longer than they."""
    everywhere = np.empty(shape, np.float32)

    def of(picture: npt.NDArray[Any]) -> Floats:
        mean(picture, cv2.CV_32F, (WINDOW, WINDOW), dst=everywhere)
        return np.ascontiguousarray(everywhere[::STRIDE, ::STRIDE])

    return of


def _gain(a: Floats, b: Floats, likeness: Floats, covered: Mask) -> Floats:
    """Contrast of a in units of that of b, around each window: of windows that agree."""
    rows, columns = a.shape
    a, b, likeness = (x[::_SPARSE, ::_SPARSE] for x in (a, b, likeness))
    covered = covered[::_SPARSE, ::_SPARSE]
    agree = (covered & (likeness > 0.75) & (np.minimum(a, b) > _CONTRAST)).astype(np.float32)
    log = 0.5 * np.log((a + 1) / (b + 1)) * agree
    side = max(5, max(a.shape) // 6) | 1
    total = cv2.boxFilter(agree, -1, (side, side), borderType=cv2.BORDER_CONSTANT)
    around = cv2.boxFilter(log, -1, (side, side), borderType=cv2.BORDER_CONSTANT)
    whole = float(log.sum() / max(float(agree.sum()), 1.0))
    few = 20 / (_SPARSE * side) ** 2
    gain = np.exp((around + few * whole) / (total + few)).astype(np.float32)
    return np.asarray(cv2.resize(gain, (columns, rows), interpolation=cv2.INTER_LINEAR))
