"""What makes one picture of the other: blur, sharpening and exposure are no changes of content."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Floats, Grey, Mask
from dedup._base.median import median
from dedup._base.opencv import cv2

__all__ = ["equally_exposed", "fine_energy", "matched"]


_BLURS: Final = (0.8, 1.6, 2.6, 4.0)
_GROUND: Final = 31
"""Side of the box whose mean is taken away: light and paper say nothing of a filter."""
_SAMPLES: Final = 6000
_ROUNDS: Final = 3
_MOST_GAIN: Final = 3.0
_WHITE: Final = 250.0
"""Grey value from which nothing is told apart."""
_INK: Final = np.linspace(0.5, 5, 10)
"""Percentiles of the darkest tones, which say how much lighter one picture is."""
_PALE: Final = 200.0
"""Grey value above which folds, stains and shadows are."""
_LIGHT: Final = 128.0
"""The same of what is burnt out in a picture."""


def equally_exposed(a: Grey, b: Grey, inside: Mask, *, paper: bool) -> tuple[Grey, Grey]:
    """Both pictures, without the tones that the lighter one lost in white: folds, stains, clouds.

    Parameters
    ----------
    a, b : ndarray, shape (height, width), uint8
    inside : ndarray of bool, shape (height, width)
        Where both show something.
    paper : bool
        Whether they are pages: how much lighter the one is, its ink says, as where only the other
        has something pale, that is as white as all of it. Elsewhere most places of a tone say it.
    """
    lost = _lost_by_ink if paper else _lost_by_tone
    tones = lost(a[inside], b[inside]), lost(b[inside], a[inside])
    return _without(a, tones[0], b), _without(b, tones[1], a)


def _without(picture: Grey, lost: float, lighter: Grey) -> Grey:
    if lost >= _WHITE:
        return picture
    return np.where(lighter >= _WHITE, np.minimum(picture, np.uint8(lost)), picture)


def _lost_by_ink(picture: Grey, lighter: Grey) -> float:
    """The tone from which a page is white in the lighter one."""
    tones, there = (np.percentile(x[::7], _INK) for x in (picture, lighter))
    if np.ptp(tones) < 1 or there[-1] >= _WHITE:
        return _WHITE
    gain, start = np.polyfit(tones, there, 1).tolist()
    return max(float(_WHITE - start) / max(float(gain), 1e-3), _PALE)


def _lost_by_tone(picture: Grey, lighter: Grey) -> float:
    """The tone from which most of a picture is white in the lighter one."""
    tones, white = (
        np.bincount(some, minlength=256) for some in (picture, picture[lighter >= _WHITE])
    )
    kept = np.flatnonzero(white < 0.5 * tones)
    return max(float(kept[-1]) + 1 if len(kept) else 0.0, _LIGHT)


def matched(a: Grey | Floats, b: Grey | Floats, ink: Mask) -> tuple[Floats, Floats]:
    """Both pictures, the sharper one filtered to be like the other.

    `ink` says where something is to be seen, pixel by pixel.
    """
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    places = np.flatnonzero(ink)
    if len(places) < 200:
        return a, b
    some = places[:: max(1, len(places) // _SAMPLES)]
    blurs_a, blurs_b = _blurred(a), _blurred(b)
    from_a, left_a = _fitted(blurs_a, blurs_b, some)
    from_b, left_b = _fitted(blurs_b, blurs_a, some)
    if left_a > left_b:
        return a, _filtered(blurs_b, from_b)
    # In the contrast of the first, however pale the other is: what is too faint to count is said in
    # grey values.
    gain = np.float32(np.clip(1 / max(float(from_a.sum()), 0.1), 1, _MOST_GAIN))
    return gain * _filtered(blurs_a, from_a), gain * b


def fine_energy(picture: Floats, *, window: int, stride: int) -> Floats:
    """Variance, in windows, of what is finer than a pixel: resampling makes anything of it."""
    rest = picture - cv2.GaussianBlur(picture, (0, 0), 1.0)
    energy = cv2.sqrBoxFilter(rest, cv2.CV_32F, (window, window))
    return np.ascontiguousarray(energy[::stride, ::stride])


class _Blurs(NamedTuple):
    """A picture and its blurs, and its ground."""

    sheets: list[Floats]
    ground: Floats


def _blurred(picture: Floats) -> _Blurs:
    blurs = [np.asarray(cv2.GaussianBlur(picture, (0, 0), s), np.float32) for s in _BLURS]
    ground = np.asarray(cv2.boxFilter(picture, -1, (_GROUND, _GROUND)), np.float32)
    return _Blurs([picture, *blurs], ground)


def _fitted(source: _Blurs, target: _Blurs, places: npt.NDArray[np.intp]) -> tuple[Floats, float]:
    """Weights of a picture and its blurs, and the mean residual that they leave."""
    ground = source.ground.ravel()[places]
    columns = np.stack([x.ravel()[places] - ground for x in source.sheets], axis=1)
    columns = columns.astype(np.float64)
    wanted = target.sheets[0].ravel()[places] - target.ground.ravel()[places]
    wanted = wanted.astype(np.float64)
    weight = np.ones(len(wanted))
    for _ in range(_ROUNDS):
        weighted = (columns * weight[:, None]).T
        fit = np.linalg.solve(
            weighted @ columns + 1e-3 * len(wanted) * np.eye(columns.shape[1]), weighted @ wanted
        )
        error = np.abs(wanted - columns @ fit)
        scale = 1.5 * median(error) + 1
        weight = 1 / (1 + (error / scale) ** 2)
    spread = float(wanted @ wanted) / len(wanted) + 1
    return fit.astype(np.float32), float((np.minimum(error, 3 * scale) ** 2).mean()) / spread


def _filtered(blurs: _Blurs, weights: Floats) -> Floats:
    """The same combination of the whole picture; its mean tone, which does not count, may move."""
    result = np.float32(1 - float(weights.sum())) * blurs.ground
    for weight, blurred in zip(weights.tolist(), blurs.sheets, strict=True):
        result += np.float32(weight) * blurred
    return result
