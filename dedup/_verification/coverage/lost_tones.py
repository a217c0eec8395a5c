"""What an edit of light and colours leaves behind: tones that are lost at an end, and gaps."""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.common_part import Mask
from dedup._verification.registration import Floats
from dedup.pipelines.images.decoding import Decoded

__all__ = ["gaps_of", "lost_steps", "lost_tones", "more_gaps"]

_ENDS: Final = (2, 253)
_APART: Final = 8.0
"""Grey values beyond which tones are lost; and by which the other picture tells them apart: a gamma
curve tells the darkest ones apart by less."""
_FLAT: Final = 4
_MOST: Final = 0.5
"""Values, and the part of what is lost that they hold, of a drawing's flat colours."""
_EVEN: Final = np.ones((5, 5), np.uint8)
_BESIDE: Final = 3
_FLAT_PART: Final = 0.01
_OFF: Final = 6.0
"""Places around which a step of a posterised picture is seen; how far from each other two are that
share tones and no noise; the part of the picture, at least, that lies in steps; and grey values
from a step that count, at most, as a watermark differs by more."""
_DRAWN: Final = 0.5
_NO_TONES: Final = 2.0
"""Gaps, of both pictures, of what was drawn in few values; and of what has none but the ends."""


def lost_tones(picture: Pixels, other: Pixels, alike: Mask) -> float:
    """Part of the values of all channels at an end, though the other picture tells them apart.

    Parameters
    ----------
    picture, other : ndarray, shape (height, width, 3), uint8
        Laid over each other.
    alike : ndarray of bool, shape (height, width)
        Where they show the same, but for light and colours.

    Examples
    --------
    >>> ramp = np.linspace(60, 220, 64 * 64 * 3).reshape(64, 64, 3)
    >>> light, pale = (np.clip(x, 0, 255).astype(np.uint8) for x in (1.8 * ramp, 100 + ramp / 2))
    >>> where = np.ones((64, 64), np.bool_)
    >>> lost_tones(light, pale, where) > 0.2, lost_tones(pale, light, where)
    (True, 0.0)
    """
    lost = 0
    for own, its in zip(cv2.split(picture), cv2.split(other), strict=True):
        values, others = np.asarray(own), np.asarray(its)
        for end in (values < _ENDS[0], values > _ENDS[1]):
            x = others[end & alike].astype(np.float32)
            apart = x[abs(x - median(x)) > _APART] if len(x) else x
            lost += 0 if _are_flat(apart) else len(apart)
    return lost / max(3 * int(alike.sum()), 1)


def _are_flat(values: Floats) -> bool:
    """Whether few values hold most of some: flat colours of a drawing are no tones."""
    counts = np.bincount(values.astype(np.intp), minlength=_FLAT)
    return int(np.sort(counts)[-_FLAT:].sum()) > _MOST * len(values)


def lost_steps(picture: Pixels, other: Pixels, alike: Mask) -> float:
    """Grey values by which the other picture's tones differ where one has one tone, as in steps.

    What differs from one place to the next is noise, and none of these.

    Examples
    --------
    >>> ramp = np.linspace(60, 220, 64 * 64).reshape(64, 64).astype(np.uint8)
    >>> ramp = np.dstack([ramp] * 3)
    >>> where = np.ones((64, 64), np.bool_)
    >>> steps = ramp // 32 * 32
    >>> lost_steps(steps, ramp, where) > 3, lost_steps(ramp, steps, where)
    (True, 0.0)
    """
    lost = 0.0
    for own, its in zip(cv2.split(picture), cv2.split(other), strict=True):
        values = np.asarray(own, np.uint8)
        flat = alike & (np.asarray(cv2.dilate(own, _EVEN)) == np.asarray(cv2.erode(own, _EVEN)))
        flat &= (values >= _ENDS[0]) & (values <= _ENDS[1])
        if np.count_nonzero(flat) < _FLAT_PART * max(int(alike.sum()), 1):
            continue
        tones = np.asarray(cv2.blur(its.astype(np.float32), (3, 3)))
        counts = np.bincount(values[flat], minlength=256)
        usual = np.bincount(values[flat], tones[flat], 256) / np.maximum(counts, 1)
        off = (tones - usual[values]).clip(-_OFF, _OFF)
        lost = max(lost, _shared(off, flat, values), _shared(off.T, flat.T, values.T))
    return lost


def _shared(off: Floats, flat: Mask, values: Pixels) -> float:
    """What places of one step that are beside each other are off by, both of them."""
    both = flat[:, _BESIDE:] & flat[:, :-_BESIDE]
    both &= values[:, _BESIDE:] == values[:, :-_BESIDE]
    shared = (off[:, _BESIDE:] * off[:, :-_BESIDE])[both]
    return float(max(shared.mean(), 0.0)) ** 0.5 if len(shared) else 0.0


def more_gaps(a: Decoded, b: Decoded) -> float:
    """By how much more b has gaps in its tones than a; 0 of two that both have, as drawings do."""
    of_a, of_b = gaps_of(a), gaps_of(b)
    return 0.0 if min(of_a, of_b) > _DRAWN else of_b - of_a


def gaps_of(picture: Decoded) -> float:
    """How far a picture's values leave out some and pile up on others, as a table of tones does.

    About 0.05 of a photo, 0.3 and more of one that was made brighter, darker or paler in steps of
    one grey value, unless an encoder smoothed that; 0 of what was read at less than its size.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> photo = random.normal(120, 40, (400, 400, 3)).clip(0, 255).astype(np.uint8)
    >>> lighter = (1.3 * photo).clip(0, 255).astype(np.uint8)
    >>> from dedup.pipelines.images.decoding import decode
    >>> gaps_of(decode(photo)) < 0.1 < 0.5 < gaps_of(decode(lighter))
    True
    """
    if picture.image.shape[1::-1] != (picture.width, picture.height):
        return 0.0
    apart = []
    for channel in range(3):
        values = cv2.calcHist([picture.image], [channel], None, [256], [0, 256])
        counts = np.asarray(values, np.int64).ravel()[1:-1]  # of so few pixels none is rounded
        beside = (counts[:-2] + counts[2:]) / 2
        total = int(counts.sum())
        apart.append(float(abs(counts[1:-1] - beside).sum()) / total if total else _NO_TONES)
    return float(np.median(apart))
