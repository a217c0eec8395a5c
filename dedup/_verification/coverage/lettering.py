"""Small letters, and other fine ink, that lie over one of two aligned pictures.

They are lost on the canvas of `common_part`. As in the second reading, pictures are compared here
in windows of a letter's size, at the resolution that both have: what has changed is an outlier
among the pair's own windows.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from dedup._base.opencv import cv2
from dedup._verification.common_part import Mask
from dedup._verification.coverage.close_up import CLIPPED, CloseUp
from dedup._verification.coverage.faint import faint_marks
from dedup._verification.coverage.overlays import INK, is_stamped
from dedup._verification.reading.filters import fine_energy, matched
from dedup._verification.reading.residual import STRIDE, WINDOW, Residual, residual, smoothed
from dedup._verification.registration import Floats

__all__ = ["hidden_places", "lettering"]

_EDGE: Final = 4
"""Pixels along the edge of what both show that are blends with what is around it."""
_LEAST: Final = 0.25 * WINDOW**2 / STRIDE**2
"""Windows that a letter changes, at least, side by side."""
_LOUD: Final = 10.0
"""Variance of noise at which it takes twice as many."""
_AGREE: Final = 0.18
"""Cut at most, of two pictures that agree so well that pale letters can be told: so do all of 40
photos with copies of half the size or quality 80, 35 with those of quality 60, and none with those
of quality 20."""
_PALE_INK: Final = 16.0
"""Grey values by which pale letters differ, smoothed, at least: at 12 there are some in 4 of 50
darker copies, at this in one."""
_GROWN: Final = np.ones((5, 5), np.uint8)
"""Windows by which those of one text may be apart."""
_BESIDE: Final = np.ones((17, 17), np.uint8)
"""Pixels of the canvas beside what hides, which its edge takes."""
_MOSTLY: Final = 0.5
_ONE_WAY: Final = 0.15
"""Ink that darkens, at most, for ink that lightens, or the other way."""
_BETWEEN: Final = 0.6
"""Part of a line of letters that is left free, at least."""
_LINE: Final = 3.0
"""Length of a line of letters with outlines, at least, in units of its height."""


def lettering(seen: CloseUp, *, hidden: Mask) -> tuple[float, float]:
    """Parts of the common part over which only the first, and only the second, has fine ink.

    Parameters
    ----------
    seen : CloseUp
    hidden : ndarray of bool
        Places of the canvas, as `hidden_places` says, where the one only hides or stamps the other.
    """
    greys = seen.base, seen.other
    compared = _compared(*greys, seen.inside)
    known = seen.laid(hidden)
    letters = _shares(compared, greys, known) if compared.changed.any() else (0.0, 0.0)
    marks = faint_marks(*greys, seen.inside & ~known)
    total = max(int(seen.inside.sum()), 1)
    return seen.in_order(letters[0] + marks[0] / total, letters[1] + marks[1] / total)


def hidden_places(known: Mask) -> Mask:
    """What is known to hide, with its edge; a rectangle of which most was seen, as a whole."""
    hidden = np.asarray(cv2.dilate(known.astype(np.uint8), _BESIDE), np.uint8)
    number, _, found, _ = cv2.connectedComponentsWithStats(hidden)
    for left, top, width, height, area in np.asarray(found)[1:number].tolist():
        if area > _MOSTLY * width * height:
            hidden[top : top + height, left : left + width] = 1
    return hidden.astype(np.bool_)


def _compared(a: Floats, b: Floats, inside: Mask) -> Residual:
    """Windows as they are, and with one picture filtered to be like the other."""
    edge = np.ones((WINDOW + 2 * _EDGE, WINDOW + 2 * _EDGE), np.uint8)
    inner = cv2.erode(inside.astype(np.uint8), edge, borderValue=0)
    whole = np.asarray(inner)[::STRIDE, ::STRIDE] > 0
    a, b = smoothed(a), smoothed(b)
    first = residual(a, b, whole)
    if first.changed.sum() < _LEAST:
        return _pale(a, b, whole) or first
    a, b = matched(a, b, inside)
    fine = np.maximum(*(fine_energy(x, window=WINDOW, stride=STRIDE) for x in (a, b)))
    second = residual(a, b, whole, fine=fine, noise=first.noise)
    ratio, cut = np.minimum(first.ratio, second.ratio), min(first.cut, second.cut)
    return replace(first, ratio=ratio, valid=second.valid, cut=cut)


def _pale(a: Floats, b: Floats, whole: Mask) -> Residual | None:
    """Windows of pale letters, if pictures agree but for these; not what black or white hid."""
    differs = (cv2.absdiff(a, b) > _PALE_INK).astype(np.uint8)
    inked = np.asarray(cv2.dilate(differs, np.ones((WINDOW, WINDOW), np.uint8)), np.bool_)
    inked = inked[::STRIDE, ::STRIDE] & whole
    if not inked.any():
        return None
    seen = residual(a, b, whole, is_pale=True)
    if seen.cut > _AGREE:
        return None
    lost = [
        cv2.blur(((grey < CLIPPED[0]) | (grey > CLIPPED[1])).astype(np.float32), (WINDOW, WINDOW))
        for grey in (a, b)
    ]
    told = np.maximum(*map(np.asarray, lost))[::STRIDE, ::STRIDE] < _MOSTLY
    return replace(seen, valid=seen.valid & inked & told)


def _shares(seen: Residual, greys: tuple[Floats, Floats], known: Mask) -> tuple[float, float]:
    """Parts of what both cover where only one of them has ink."""
    number, labels = cv2.connectedComponents(
        np.asarray(cv2.dilate(seen.changed.astype(np.uint8), _GROWN))
    )
    more_in_a = seen.contrast_a > seen.contrast_b
    known_windows = known[::STRIDE, ::STRIDE]
    inked = np.zeros((2, *seen.changed.shape), np.bool_)
    new = np.zeros_like(seen.changed)
    for label in range(1, number):
        mine = seen.changed & (np.asarray(labels) == label)
        if mine.sum() >= _LEAST * (1 + seen.noise / _LOUD):
            inked[int(more_in_a[mine].mean() < _MOSTLY)] |= mine
            if known_windows[mine].mean() < _MOSTLY or _is_written(greys, mine):
                new |= mine
    if not new.any():
        return 0.0, 0.0
    place = _place(inked.any(axis=0), known.shape)
    if any(is_stamped(*both, place, is_fine=True) for both in (greys, greys[::-1])):
        return 0.0, 0.0
    a, b = (inked & new).sum(axis=(1, 2)) / max(int(seen.covered.sum()), 1)
    return float(a), float(b)


def _is_written(greys: tuple[Floats, Floats], windows: Mask) -> bool:
    """Whether what changed is lighter, or darker, in strokes, between which nothing changed.

    What hides changes all of a place: a blur and a mosaic in both ways, as letters with an outline
    do, which stand in a line.
    """
    place = _place(windows, greys[0].shape)
    change = (greys[1] - greys[0])[place]
    less, more = sorted(((change > INK).mean(), (change < -INK).mean()))
    still = (np.abs(change) < INK / 2).mean()
    if less < _ONE_WAY * more:
        return bool(still > _BETWEEN)
    return bool(still > _MOSTLY) and _is_line(windows)


def _is_line(windows: Mask) -> bool:
    """Whether windows lie along a line, turned as it may be."""
    _, sides, _ = cv2.minAreaRect(np.argwhere(windows).astype(np.float32))
    return max(sides) + 1 > _LINE * (min(sides) + 1)


def _place(windows: Mask, shape: tuple[int, ...]) -> Mask:
    """The pixels of windows."""
    place = np.zeros(shape, np.uint8)
    place[::STRIDE, ::STRIDE] = windows
    return np.asarray(cv2.dilate(place, np.ones((WINDOW, WINDOW), np.uint8)), np.bool_)
