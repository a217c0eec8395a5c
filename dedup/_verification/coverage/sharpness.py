"""Places that only one of two aligned pictures shows sharply: a subject in focus, a legible sign.

Detail as a whole says which picture resolves more. Here places stand against the pair's others, as
encoders, filters and noise change all of a picture.
"""

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.common_part import Mask
from dedup._verification.coverage.close_up import CloseUp
from dedup._verification.registration import Floats

__all__ = ["sharper_places"]

_WINDOW: Final = 21
"""Side of a window, in pixels: two lines of small print."""
_STRIDE: Final = 4
_EDGE: Final = 4
"""Pixels along the edge of what both show that are blends with what is around it."""
_BLURS: Final = (1.0, 2.0)
"""Standard deviations of the blurs that part the finest band from the next."""
_CONTRAST: Final = 4.0
"""Variance of the finest band, in grey values, from which a window shows something fine."""
_QUIET: Final = 0.1, 1.2
"""Part of the windows that show noise only, and usual noise in units of theirs."""
_SHARPER: Final = 3.0
_CRISPER: Final = 1.75
"""How much more of the finest band a sharper place has, as a variance, beside what is usual; and
the same in units of the next band, which tells it from a place of more contrast."""
_LEAST: Final = 2 * _WINDOW**2 / _STRIDE**2
"""Windows side by side, at least: two that share nothing. With these figures all of 10 pairs of
photos are told in which something else is in focus (blurred by 1.2 to 3 pixels), all of 10 signs
with blurred letters, and 8 of 9 photos with a blurred place. Of 264 copies of 8 photos that show
no more, and have no noise, three seem to."""
_FEW: Final = 10


class _Bands(NamedTuple):
    """Variances of the two finest bands, in windows."""

    fine: Floats
    next: Floats


def sharper_places(seen: CloseUp, *, hidden: Mask) -> tuple[float, float]:
    """Parts of the common part that only the first, and only the second, shows sharply.

    Parameters
    ----------
    seen : CloseUp
    hidden : ndarray of bool
        Places of the canvas where the one hides the other, or shows something else.
    """
    edge = np.ones((_WINDOW + 2 * _EDGE, _WINDOW + 2 * _EDGE), np.uint8)
    told = (seen.inside & ~seen.laid(hidden)).astype(np.uint8)
    inner = np.asarray(cv2.erode(told, edge, borderValue=0))[::_STRIDE, ::_STRIDE] > 0
    if np.count_nonzero(inner) < _FEW:
        return 0.0, 0.0
    base, other = _bands(seen.base, inner), _bands(seen.other, inner)
    return seen.in_order(_share(base, other, inner), _share(other, base, inner))


def _bands(picture: Floats, inner: Mask) -> _Bands:
    blurs = [picture, *(np.asarray(cv2.GaussianBlur(picture, (0, 0), x)) for x in _BLURS)]
    fine, after = (
        np.asarray(cv2.sqrBoxFilter(cv2.subtract(x, y), cv2.CV_32F, (_WINDOW, _WINDOW)), np.float32)
        for x, y in pairwise(blurs)
    )
    fine, after = fine[::_STRIDE, ::_STRIDE], after[::_STRIDE, ::_STRIDE]
    part, usual = _QUIET
    noise = np.float32(usual * np.quantile(fine[inner], part))
    return _Bands(np.asarray(np.maximum(fine - noise, 0), np.float32), np.asarray(after))


def _share(one: _Bands, other: _Bands, inner: Mask) -> float:
    """Part of the windows that the one shows sharply, beside what filters made of all."""
    some = _CONTRAST / 4  # so that what is hardly there is not many times as much
    more = (one.fine + some) / (other.fine + some)
    crisper = more * (other.next + some) / (one.next + some)
    shown = inner & (np.maximum(one.fine, other.fine) > _CONTRAST)
    if np.count_nonzero(shown) < _FEW:
        return 0.0
    sharp = inner & (one.fine > _CONTRAST) & (more > _SHARPER) & (crisper > _CRISPER)
    if np.count_nonzero(sharp) < _LEAST:  # whatever is usual
        return 0.0
    usual, crisp = (max(1.0, median(x[shown])) for x in (more, crisper))
    sharp &= (more > _SHARPER * usual) & (crisper > _CRISPER * crisp)
    if np.count_nonzero(sharp) < _LEAST:
        return 0.0
    _, _, found, _ = cv2.connectedComponentsWithStats(sharp.astype(np.uint8))
    areas = np.asarray(found)[1:, cv2.CC_STAT_AREA]
    return float(areas[areas >= _LEAST].sum() / np.count_nonzero(inner))
